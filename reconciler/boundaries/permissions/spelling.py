"""A pattern in the languages of others: regular expressions, wildcards that cross `/`, directories."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from reconciler.boundaries.names import Atom, Wild
from reconciler.boundaries.pattern import Pattern
from reconciler.boundaries.reading import Any, Step, machine

_FIRST_BEYOND_ASCII = 0x80
_BEYOND_ASCII = r"\u0080-\uffff"


def regular_expressions(pattern: Pattern) -> tuple[str, ...]:
    r"""Write a pattern as regular expressions over a path in a JSON string, as JavaScript and Python read them.

    Without groups: those who fear that one takes too long refuse them. Beyond ASCII a `?` or a class takes one
    character, where git takes one byte of it; a wildcard takes no `"`, and a `?` no backslash.
    """
    return tuple("".join(choice) for choice in itertools.product(*_expressions(machine(pattern).steps)))


def _expressions(steps: Sequence[Step]) -> Iterator[tuple[str, ...]]:
    """For each step what may stand for it, with the `/` before it."""
    separator = ""
    for at, step in enumerate(steps):
        if step is not Any.DEPTH:
            yield (separator + _name(step),)
            separator = "/"
        elif at == len(steps) - 1:
            yield "", f"{separator}{_BELOW}"
        else:
            yield separator, f"{separator}{_BELOW}/"
            separator = ""


_CHARACTER = '[^"/]'
_BELOW = '[^"]+'


def _name(step: Step) -> str:
    if isinstance(step, bytes):
        return literally(step.decode())
    return "".join(_atoms(step)) if isinstance(step, Wild) else f"{_CHARACTER}+"


def literally(text: str) -> str:
    """Write a text as JSON does, so that it stands for itself in a regular expression."""
    return re.sub(r"([\\^$.|?*+()\[\]{}-])", r"\\\1", re.sub(r'(["\\])', r"\\\1", text))


def _atoms(wild: Wild) -> Iterator[str]:
    for piece in _pieces(wild):
        if isinstance(piece, str):
            yield literally(piece)
        else:
            yield f"{_CHARACTER}*" if piece is None else _members(piece)


def _members(atom: frozenset[int]) -> str:
    plain = sorted(byte for byte in atom if 0x20 <= byte < _FIRST_BEYOND_ASCII and byte not in b'"\\/')  # noqa: PLR2004
    members = "".join(rf"\u{byte:04x}" for byte in plain)
    return f"[{members}{_BEYOND_ASCII if max(atom) >= _FIRST_BEYOND_ASCII else ''}]"


def _pieces(wild: Wild) -> Iterator[str | Atom]:
    """The texts of a segment, and what stands between them."""
    for is_text, atoms in itertools.groupby(wild.atoms, lambda atom: atom is not None and len(atom) == 1):
        if is_text:
            yield bytes(byte for atom in atoms for byte in atom or ()).decode("utf-8", "surrogateescape")
        else:
            yield from atoms


class Wildcards(NamedTuple):
    """Patterns in which `*` takes any characters, `/` too.

    Attributes:
        is_exact: together they take the same paths; else they take more.
    """

    texts: tuple[str, ...]
    is_exact: bool


def wildcards(pattern: Pattern) -> Wildcards:
    """Write a pattern with `*` and `?` alone."""
    steps = machine(pattern).steps
    if pattern.literal:
        plain = pattern.text.rstrip("/")
        return Wildcards((plain, f"{plain}/*"), is_exact=True)
    is_below = steps[-2:] == (Any.DEPTH, Any.NAME)
    body = steps[:-2] if is_below else steps
    texts = ("".join(choice) for choice in itertools.product(*_choices(body, is_below=is_below)))
    return Wildcards(tuple(texts), all(map(_is_taken_literally, body)))


def _is_taken_literally(step: Step) -> bool:
    return step is Any.DEPTH or (isinstance(step, bytes) and not set(step) & set(b"*?"))


def _choices(body: Sequence[Step], *, is_below: bool) -> Iterator[tuple[str, ...]]:
    """For each step what may stand for it."""
    for at, step in enumerate(body):
        if step is Any.DEPTH:
            yield "", "*/"
        else:
            end = "/" if at < len(body) - 1 or is_below else ""
            yield (_loosely(step) + end,)
    if is_below:
        yield ("*",)


def _loosely(step: Step) -> str:
    if isinstance(step, bytes):
        return _without_wildcards(step.decode())
    return "".join(map(_loose, _pieces(step))) if isinstance(step, Wild) else "*"


def _loose(piece: str | Atom) -> str:
    """What takes bytes beyond ASCII takes one of them, and a wildcard a whole character."""
    if isinstance(piece, str):
        return _without_wildcards(piece)
    return "*" if piece is None or max(piece) >= _FIRST_BEYOND_ASCII else "?"


def _without_wildcards(text: str) -> str:
    return re.sub(r"[*?]", "?", text)


class Root(NamedTuple):
    """A file or directory that holds all paths of a pattern.

    Attributes:
        path: from the top; empty for the whole tree.
        is_exact: whether all below it is of the pattern.
    """

    path: str
    is_exact: bool


def root(pattern: Pattern) -> Root:
    """Find the deepest directory that a pattern cannot leave."""
    if pattern.literal:
        return Root(pattern.text.rstrip("/"), is_exact=True)
    steps = machine(pattern).steps
    plain = list(itertools.takewhile(lambda step: isinstance(step, bytes), steps))
    is_whole = len(plain) == len(steps)  # every character is escaped or none special: one file
    names = [step.decode() for step in plain if isinstance(step, bytes)]
    return Root("/".join(names), is_whole or steps[len(plain) :] == (Any.DEPTH, Any.NAME))


def toml_text(text: str) -> str:
    """Write a basic string of TOML: one of JSON in which nothing beyond ASCII is escaped."""
    return json.dumps(text, ensure_ascii=False)
