"""Patterns at random, and paths made from them: so near that half of them match; and all short paths."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator

from hypothesis import strategies as st

from reconciler.boundaries.pattern import Pattern, parse
from reconciler.boundaries.reading import Any, machine
from reconciler.boundaries.refusal import PatternError

PIECES = [
    *("a", "b", "ab", "*", "*", "?", ".", "x.md", "é", "-", " ", "$", "@", "[ab]", "[!a]", "[^b-z]", "[]a]", "[-a]"),
    *("[[:digit:]a]", "[a-c]", r"\*", r"\[", r"\?", r"[\]a]", "1", "A", "[!-a]", "[[:punct:]]", "[[:]"),
]
NAMES = [b"a", b"b", b"ab", b"x.md", b"\xc3\xa9", b"A", b"1", b".a", b"*", b"[ab]", b"-", b"]", b"?", b"\xff", b"a b"]


def pattern(source: random.Random) -> Pattern:
    """One pattern that is not refused."""
    while True:
        segments = [
            "**" if source.random() < 0.2 else "".join(source.choices(PIECES, k=source.choice([1, 1, 1, 2, 3])))
            for _ in range(source.choice([1, 1, 2, 2, 3, 4]))
        ]
        try:
            return parse("/".join(segments) + ("/" if source.random() < 0.1 else ""))
        except PatternError:
            continue


def path_near(chosen: Pattern, source: random.Random) -> bytes:
    """A path that a pattern matches, or once in a while misses by little; or its own text, which git could mistake."""
    luck = source.random()
    if luck < 0.08:
        return _valid(chosen.text.encode().rstrip(b"/") + source.choice([b"", b"/a"]), source)
    parts = list(_parts(chosen, source))
    if luck < 0.2:
        parts[source.randrange(len(parts))] = source.choice(NAMES)
    elif luck < 0.25:
        parts.append(source.choice(NAMES))
    return _valid(b"/".join(parts), source)


def path(source: random.Random) -> bytes:
    """Any short path."""
    return b"/".join(source.choices(NAMES, k=source.choice([1, 1, 2, 2, 3, 4])))


def _parts(chosen: Pattern, source: random.Random) -> Iterator[bytes]:
    steps = machine(chosen).steps
    for step in steps:
        if step is Any.DEPTH:
            yield from source.choices(NAMES, k=source.choice([0, 0, 1, 2]))
        elif step is Any.NAME:
            yield source.choice(NAMES)
        elif isinstance(step, bytes):
            yield step
        else:
            yield b"".join(_bytes(atom, source) for atom in step.atoms)


def _bytes(atom: frozenset[int] | None, source: random.Random) -> bytes:
    if atom is None:
        return source.choice([b"", b"", b"a", b".md", b"bb"])
    likely = sorted(atom & set(b"ab1A-]. *")) or sorted(atom)
    return bytes([source.choice(likely)])


def _valid(found: bytes, source: random.Random) -> bytes:
    parts = found.split(b"/")
    is_path = all(part and part.lower() not in {b".", b"..", b".git"} and b"\0" not in part for part in parts)
    return found if is_path else path(source)


SMALL = b"ab"
SHORT = tuple(name for length in (1, 2) for name in map(bytes, itertools.product(SMALL, repeat=length)))
SHORT_PATHS = tuple(
    b"/".join(names) for depth in (1, 2, 3) for names in itertools.product((*SHORT, b"c", b".x"), repeat=depth)
)
"""All paths of up to three names; few names, but each shape of one."""


def small_patterns() -> st.SearchStrategy[Pattern]:
    """Patterns that match many of the short paths, and few of the others."""
    piece = st.sampled_from(["a", "b", "*", "?", "[a-b]", "[!a]", "[b-c]"])
    segment = st.lists(piece, min_size=1, max_size=2).map("".join).filter(lambda text: "**" not in text)
    segments = st.lists(st.just("**") | segment | segment, min_size=1, max_size=3).map("/".join)
    return st.builds(lambda text, end: parse(text + end), segments, st.sampled_from(["", "", "/*", "/**"]))
