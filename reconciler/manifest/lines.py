"""Lines of a text, by offset. Line ends are kept as they are found, LF or CRLF."""

from __future__ import annotations


def line_stop(text: str, offset: int) -> int:
    """Find the end of the line that holds an offset, before its line end."""
    stop = text.find("\n", offset)
    if stop < 0:
        return len(text)
    return stop - 1 if stop > offset and text[stop - 1] == "\r" else stop


def next_line(text: str, stop: int) -> int:
    """Find the begin of the line below; the end of the text when there is none."""
    newline = text.find("\n", stop)
    return len(text) if newline < 0 else newline + 1


def insert_below(text: str, offset: int, lines: list[str], line_end: str) -> str:
    """Put lines below the line that holds an offset; a missing line end at the end of the text stays missing."""
    stop = line_stop(text, offset)
    return text[:stop] + "".join(line_end + line for line in lines) + text[stop:]


def without_blank(before: str, after: str) -> str:
    """Join two parts of a text; a line on which nothing, or only a comment, would stay goes with its line end."""
    start = before.rfind("\n") + 1
    stop = line_stop(after, 0)
    rest = after[:stop].strip()
    if start and not before[start:].strip() and (not rest or rest.startswith("#")) and next_line(after, stop) > stop:
        return before[:start] + after[next_line(after, stop) :]
    return before + after
