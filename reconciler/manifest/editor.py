"""Edits of a manifest's text: add a worktree or a helper, remove one, begin a new file.

The rule: every line that an edit does not mean stays byte for byte, with its comments, quotes and line ends. An edit
is read back before it is returned; when it does not say exactly what was asked, the text is left to a person.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from reconciler.errors import Location, ManifestError, Problem
from reconciler.manifest import lines, meaning, rendering, spans
from reconciler.manifest.problems import nearest, quote
from reconciler.manifest.rendering import Writable
from reconciler.manifest.spans import Span

LABEL = "orchestra.yaml"
_BY_HAND = "edit this place by hand"


def minimal(project: str, *, is_installing: bool = False) -> str:
    """Write the shortest useful manifest.

    Args:
        project: its name.
        is_installing: what lock files say is to be installed in each worktree.
    """
    defaults = "defaults:\n  dependencies: auto  # what the lock files say\n\n" if is_installing else ""
    return f"version: 1\nproject: {rendering.scalar(project)}\n\n{defaults}worktrees: {{}}\n"


def add_worktree(text: str, name: str, fields: Mapping[str, Writable], *, label: str = LABEL) -> str:
    """Declare a worktree behind the others.

    Args:
        text: the manifest.
        name: how it is called.
        fields: its keys; empty for a worktree with all defaults.
        label: how places of the text are called in errors.

    Raises:
        ManifestError: the text is not readable, has one of that name, or is written in a way that needs a person.
    """
    return _Edit.of(text, label).add(("worktrees", name), fields)


def add_helper(text: str, parent: str, name: str, fields: Mapping[str, Writable], *, label: str = LABEL) -> str:
    """Declare a helper behind the others of its parent, which is given by its full name.

    Raises:
        ManifestError: the text is not readable, has one of that name, has no such parent, or needs a person.
    """
    edit = _Edit.of(text, label)
    path = _path(parent)
    edit.require(path)
    return edit.add((*path, "helpers", name), fields)


def remove(text: str, full_name: str, *, label: str = LABEL, declared_at: Location | None = None) -> str:
    """Take out a worktree or helper with all below it; comments outside of it stay, also the ones above it.

    Args:
        text: the manifest.
        full_name: how it is called.
        label: how places of the text are called in errors.
        declared_at: where it is declared, be it in another file.

    Raises:
        ManifestError: the text is not readable, has no such name, or needs a person.
    """
    return _Edit.of(text, label).remove(_path(full_name), f"take it out at {declared_at}" if declared_at else "")


def _path(full_name: str) -> tuple[str, ...]:
    first, *others = full_name.split("--")
    return ("worktrees", first, *(step for name in others for step in ("helpers", name)))


def _anchor(text: str) -> str:
    """The anchor that a value begins with."""
    return text.split(maxsplit=1)[0] if text.startswith("&") else ""


@dataclass(frozen=True, slots=True)
class _Edit:
    """One text, its spans and what it says now."""

    text: str
    label: str
    root: Span | None
    value: dict[str, object]

    @classmethod
    def of(cls, text: str, label: str) -> _Edit:
        value = meaning.read(text, label)
        return cls(text, label, spans.parse(text.removeprefix("\N{BYTE ORDER MARK}")) if value else None, value)

    @property
    def _mark(self) -> str:
        return self.text[: len(self.text) - len(self._bare)]

    @property
    def _bare(self) -> str:
        return self.text.removeprefix("\N{BYTE ORDER MARK}")

    @property
    def _line_end(self) -> str:
        return "\r\n" if "\r\n" in self.text else "\n"

    @property
    def _step(self) -> int:
        below = self.root.entries if self.root else []
        columns = [value.column for _, value in below if value.kind == "map" and not value.flow]
        return min((column for column in columns if column), default=2)

    def require(self, path: tuple[str, ...], elsewhere: str = "") -> None:
        """Do nothing when the text itself declares this.

        Args:
            path: the keys that lead to it.
            elsewhere: the way out where it is known that another file does.

        Raises:
            ManifestError: it does not.
        """
        value: object = self.value
        for depth, key in enumerate(path):
            if not isinstance(value, dict) or key not in value:
                known = [str(name) for name in value] if isinstance(value, dict) else []
                near = nearest(key, known) if depth % 2 else ""
                hint = elsewhere or near or "it may stand in an included or local file; edit that one"
                raise self._failure(
                    f"there is no {quote('--'.join(path[1 : depth + 1 : 2]) or key)} in {self.label}", 0, hint
                )
            value = value[key]

    def add(self, path: tuple[str, ...], value: Mapping[str, Writable]) -> str:
        entry: Writable = value
        span, depth = self.root, 0
        while span is not None and span.kind == "map" and (found := span.find(path[depth])):
            if depth == len(path) - 1:
                raise self._failure(f"{quote(path[-1])} is declared already", found[0].start, "choose another name")
            if found[1].kind != "map" or (not found[1].entries and not span.flow):
                for key in reversed(path[depth + 1 :]):
                    entry = {key: entry}
                return self._checked(self._fill(span, found, entry), path, value)
            span, depth = found[1], depth + 1
        for key in reversed(path[depth + 1 :]):
            entry = {key: entry}
        return self._checked(self._append(span, path[depth], entry), path, value)

    def _fill(self, parent: Span, entry: tuple[Span, Span], value: Writable) -> str:
        """Give a value to an entry that has none."""
        key, old = entry
        if old.kind not in {"scalar", "map"} or (old.kind == "scalar" and old.text not in {"", "~", "null"}):
            raise self._failure(f"{quote(key.text)} is not written as a mapping", old.start, _BY_HAND)
        text = self._bare
        begin = old.start + len(_anchor(text[old.start : old.end]))
        if parent.flow:
            colon = "" if ":" in text[key.end : old.end] else ":"
            rest = text[old.end :]
            tail = rest.lstrip(" ") if rest.lstrip(" ")[:1] in {",", "}"} else rest
            return text[:begin].rstrip(" ") + f"{colon} {rendering.flow(value)}" + tail
        start = len(text[:begin].rstrip(" ")) if begin < old.end else old.end
        cut = text[:start] + text[old.end :]
        column = key.column + self._step
        assert isinstance(value, Mapping)  # noqa: S101 - what is put below a name is a mapping
        added = [line for name, item in value.items() for line in self._block(name, item, column)]
        return lines.insert_below(cut, start, added, self._line_end)

    def _append(self, span: Span | None, key: str, value: Writable) -> str:
        """Put an entry behind the last one of a mapping."""
        text = self._bare
        if span is None:
            added = self._block(key, value, 0)
            if not text.strip():
                return text + "".join(line + self._line_end for line in added)
            return lines.insert_below(text, len(text.rstrip()), added, self._line_end)
        if not span.flow:
            added = self._block(key, value, span.entries[0][0].column)
            return lines.insert_below(text, self._end_with_comments(span), added, self._line_end)
        inner = f"{rendering.scalar(key)}: {rendering.flow(value)}"
        if not span.entries:
            return text[: span.start] + "{" + inner + "}" + text[span.end :]
        last = span.entries[-1][1]
        if last.start == last.end:  # `{a:, b}` would be a key `a:`
            return f"{text[: last.end]} , {inner}{text[last.end :].lstrip(' ')}"
        return f"{text[: last.end]}, {inner}{text[last.end :]}"

    def _block(self, key: str, value: Writable, column: int) -> list[str]:
        return rendering.block(key, value, column, self._step)

    def _end_with_comments(self, span: Span, column: int | None = None) -> int:
        """The end of a block value, with the comments below it that are indented deeper than its siblings."""
        text, end = self._bare, lines.line_stop(self._bare, span.end)
        column = span.entries[0][0].column if column is None else column
        reach = end
        while end < len(text):
            start = lines.next_line(text, end)
            stop = lines.line_stop(text, start)
            line = text[start:stop]
            if line.strip() and not (line.lstrip().startswith("#") and len(line) - len(line.lstrip()) > column):
                break
            end = stop
            reach = stop if line.strip() else reach
        return reach

    def remove(self, path: tuple[str, ...], elsewhere: str) -> str:
        self.require(path, elsewhere)
        parents = self._parents(path)
        if len(parents) > 2 and len(parents[-1].entries) == 1:  # noqa: PLR2004 - the last helper takes `helpers:` along
            path, parents = path[:-1], parents[:-1]
        parent = parents[-1]
        entry = parent.find(path[-1])
        assert entry is not None  # noqa: S101 - required above
        text = self._without_flow(parent, entry) if parent.flow else self._without_block(entry)
        return self._checked(text, path, None)

    def _parents(self, path: tuple[str, ...]) -> list[Span]:
        """The mappings on the way to an entry."""
        found: list[Span] = []
        span = self.root
        for key in path:
            entry = span.find(key) if span is not None and span.kind == "map" else None
            if span is None or entry is None:
                raise self._failure(f"{quote(key)} is reached through an alias", span.start if span else 0, _BY_HAND)
            found.append(span)
            span = entry[1]
        return found

    def _without_block(self, entry: tuple[Span, Span]) -> str:
        text, key = self._bare, entry[0]
        start = text.rfind("\n", 0, key.start) + 1
        whole = Span("map", key.start, max(key.end, entry[1].end), key.column)
        stop = lines.next_line(text, self._end_with_comments(whole, key.column))
        if text[start : key.start].strip():
            raise self._failure(f"{quote(key.text)} shares its line with something else", key.start, _BY_HAND)
        return text[:start] + text[stop:]

    def _without_flow(self, parent: Span, entry: tuple[Span, Span]) -> str:
        text, place = self._bare, parent.entries.index(entry)
        start, stop = entry[0].start, entry[1].end
        behind = text[stop:].lstrip()
        if behind.startswith(","):
            stop = text.index(",", stop) + 1
            stop += len(text[stop:]) - len(text[stop:].lstrip(" "))
            return lines.without_blank(text[:start], text[stop:])
        previous = parent.entries[place - 1] if place else None
        if previous is None or "\n" in text[previous[1].end : start]:
            return lines.without_blank(text[:start], text[stop:])
        space = " " if previous[1].start == previous[1].end else ""
        return text[: previous[1].end] + space + text[stop:]

    def _checked(self, text: str, path: tuple[str, ...], value: Mapping[str, Writable] | None) -> str:
        """Read the new text back and compare it with what was asked."""
        wanted = meaning.changed(self.value, path, value)
        try:
            is_right = meaning.comparable(meaning.read(text, self.label)) == meaning.comparable(wanted)
        except ManifestError:
            is_right = False
        if not is_right:
            raise self._failure("this manifest is written in a way that cannot be edited safely", 0, _BY_HAND)
        return self._mark + text

    def _failure(self, message: str, offset: int, hint: str) -> ManifestError:
        before = self._bare[:offset]
        where = Location(self.label, before.count("\n") + 1, offset - before.rfind("\n"))
        return ManifestError(
            (Problem(message, where, hint, self._bare.splitlines()[where.line - 1] if self._bare else ""),)
        )
