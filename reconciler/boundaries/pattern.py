"""One pattern of git's language `:(top,glob)…`: parsed, or refused with the offset of what is wrong.

The rule: what git would silently match nothing or everything with is refused here, never passed on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from reconciler.boundaries import classes, names
from reconciler.boundaries.refusal import PatternError

MOST_DOUBLE_STARS = 4
"""git's own matcher takes seconds for a dozen `**` in one pattern, and doubles with each."""

MOST_CHARACTERS = 4096
"""Linux takes no longer path, and time to decide grows with the length."""

_SPECIAL = re.compile(r"[*?\[\\]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_ROUTE = re.compile(r"(?:\[\[?(?:\.\.\.)?[A-Za-z_]{2,}\]?\]|\[(?:\.\.\.)?[A-Za-z_]{3,}\]\.\w+)(?=/|\Z)")


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern that git understands.

    Attributes:
        text: as git takes it after `:(top,glob)`.
        literal: it names one path and covers all below it; with wildcards or escapes it covers just what it matches.
    """

    text: str
    literal: bool

    def __str__(self) -> str:
        """Write it as in the manifest."""
        return self.text

    @staticmethod
    def is_plain(text: str) -> bool:
        """Whether a text has neither wildcards nor escapes."""
        return _SPECIAL.search(text) is None

    @property
    def sparse_line(self) -> str:
        """The line that checks it out: gitignore's syntax, anchored at the top."""
        text = self.text.rstrip("/")
        bare = text.rstrip(" ")
        return "/" + bare + "\\ " * (len(text) - len(bare))


EVERYTHING = Pattern("**", literal=False)


def alone(text: str) -> str:
    """Write a path so that it means that file and nothing below it; empty when it cannot be written."""
    dot = text.rfind(".")
    if dot >= 0:
        return f"{text[:dot]}\\{text[dot:]}"
    last = next((at for at in reversed(range(len(text))) if text[at].isascii() and text[at].isalnum()), None)
    return "" if last is None else f"{text[:last]}[{text[last]}]{text[last + 1 :]}"


@lru_cache(1 << 14)
def parse(text: str) -> Pattern:
    """Read one pattern.

    Raises:
        PatternError: it is not of the language, or cannot match what it seems to.
    """
    try:
        return _parse(text)
    except PatternError as error:
        if error.better:
            error.better = _repaired(error.better)
            error.hint = f"{error.hint} `{error.better}`" if error.better else _SIMPLER
        raise


_SIMPLER = "write a path from the top of the repository, with `*` inside a segment and `**` as a whole one"
_MOST_REPAIRS = 8


def _repaired(text: str) -> str:
    """Follow what is better until nothing is wrong; empty when that leads nowhere."""
    for _ in range(_MOST_REPAIRS):
        try:
            return str(_parse(text))
        except PatternError as error:
            text = error.better
    return ""


def _parse(text: str) -> Pattern:
    _refuse_beginnings(text)
    _refuse_length(text)
    _refuse_characters(text)
    for offset, segment in _segments(text):
        _refuse_segment(text, offset, segment)
    _refuse_too_many_double_stars(text)
    literal = Pattern.is_plain(text)
    if text.endswith("/") and not literal:
        raise PatternError(
            "a pattern with wildcards that ends in `/` covers nothing", len(text) - 1, "write", better=f"{text}**"
        )
    return Pattern(text, literal)


def _refuse_beginnings(text: str) -> None:
    if not text:
        raise PatternError("an empty pattern", 0, "write `**` for every path")
    if text.startswith("/"):
        raise PatternError(
            "a pattern cannot be absolute",
            0,
            "write it from the top of the repository:",
            better=text.lstrip("/") or "**",
        )
    if text.startswith("!"):
        raise PatternError(
            "`!` does not negate here",
            0,
            f"{_denied(text[1:])} under `deny:`; for a name that starts with `!` write `\\!`",
        )
    if text.startswith(":"):
        raise PatternError(
            "git's `:` magic is not used here",
            0,
            "write the bare pattern; it is read as `:(top,glob)`; for a name write `\\:`",
        )


def _refuse_length(text: str) -> None:
    if len(text) > MOST_CHARACTERS:
        raise PatternError("a pattern that is longer than any path", MOST_CHARACTERS, "write a shorter one")


def _denied(text: str) -> str:
    better = _repaired(text)
    return f"put `{better}`" if better else "put the pattern"


def _refuse_characters(text: str) -> None:
    control = _CONTROL.search(text)
    if control:
        raise PatternError(
            "a control character (a line end, a tab) in a pattern", control.start(), "write one pattern per entry"
        )
    for offset, character in _outside_classes(text):
        if character in "{}":
            hint = "git has no braces: write one pattern for each alternative; for the character itself write `\\{`"
            raise PatternError(f"`{character}` has no meaning in git's patterns", offset, _brace_hint(text) or hint)


def _brace_hint(text: str) -> str:
    name = re.search(r"\$?\{(\w[\w.-]*)\}", text)
    return f"for the module write `${name[1]}`" if name and "," not in name[0] else ""


def _outside_classes(text: str) -> Iterator[tuple[int, str]]:
    """Walk the characters, checking escapes and classes on the way."""
    offset = 0
    while offset < len(text):
        if text[offset] == "\\":
            _refuse_escape(text, offset)
            offset += 2
        elif text[offset] == "[":
            offset = _class_end(text, offset)
        else:
            yield offset, text[offset]
            offset += 1


def _refuse_escape(text: str, offset: int) -> None:
    following = text[offset + 1 : offset + 2]
    if not following:
        raise PatternError("a backslash at the end escapes nothing", offset, "write `/` between directories")
    if following.isalnum():
        raise PatternError(
            f"`\\{following}` is an escape for nothing",
            offset,
            "write `/` between directories; a backslash escapes `*?[]{}`",
        )
    if following == "/":
        raise PatternError("a backslash cannot escape this", offset, "write `/` between directories")


def _class_end(text: str, start: int) -> int:
    """Return the offset after the class that opens at `start`."""
    route = _ROUTE.match(text, start)
    if route and text[start - 1 : start] in {"", "/"}:
        escaped = text[:start] + re.sub(r"([\[\]])", r"\\\1", route[0]) + text[route.end() :]
        message = f"`{route[0]}` is a character class: it matches one character"
        raise PatternError(message, start, "for the name itself write", better=escaped)
    return classes.read(text, start).end


def _segments(text: str) -> Iterator[tuple[int, str]]:
    offset = 0
    for segment in text.split("/"):
        yield offset, segment
        offset += len(segment) + 1


def _refuse_segment(text: str, offset: int, segment: str) -> None:
    if segment == "" and offset < len(text):
        raise PatternError("`//` matches nothing", offset, "write one `/`")
    if segment == ".":
        raise PatternError(
            "a `.` segment matches nothing", offset, "write it from the top:", better=_without_dots(text) or "**"
        )
    if segment == "..":
        raise PatternError("`..` leads nowhere in a pattern", offset, "write it from the top of the repository")
    if segment.lower() == ".git":
        raise PatternError("`.git` is git's own", offset, "leave it out; nothing there is ever committed")
    if "**" in segment and segment != "**":
        position = offset + segment.index("**")
        raise PatternError("`**` must be a whole segment", position, "write", better=_apart(text, offset, segment))
    if segment not in {"", "**"} and names.is_never_a_name(names.read(segment)):
        raise PatternError("no file can ever have this name", offset, "write names that git can record")


def _apart(text: str, offset: int, segment: str) -> str:
    """Make each `**` that is glued to something a segment: `a**` is `a*/**`, `**b` is `**/*b`."""
    pieces = list(re.split(r"\*{2,}", segment))
    glued = "*/**/*".join(pieces)
    return text[:offset] + re.sub(r"^\*/|/\*$", "", glued) + text[offset + len(segment) :]


def _without_dots(text: str) -> str:
    return "/".join(segment for segment in text.split("/") if segment not in {".", ""})


def _refuse_too_many_double_stars(text: str) -> None:
    stars = [offset for offset, segment in _segments(text) if segment == "**"]
    if len(stars) > MOST_DOUBLE_STARS:
        raise PatternError(
            f"more than {MOST_DOUBLE_STARS} `**` in one pattern",
            stars[MOST_DOUBLE_STARS],
            "git's matcher takes seconds for it; simplify it",
        )
