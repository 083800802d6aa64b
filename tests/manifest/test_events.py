"""Both parsers, one meaning."""

from __future__ import annotations

from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st
from ruamel.yaml.error import YAMLError

from reconciler.manifest import events

_PIECES = [
    *(
        "a",
        "b: ",
        "- ",
        "\n",
        "\n  ",
        "\n    ",
        ": ",
        ":",
        "{",
        "}",
        "[",
        "]",
        ", ",
        ",",
        "#",
        " #",
        "*",
        "&",
        "*x",
        "&x ",
    ),
    *(
        '"',
        "'",
        "|",
        ">",
        "|\n",
        "? ",
        "!",
        "!!str ",
        "%",
        "@",
        "`",
        "---",
        "...",
        "é",
        "$",
        "/**",
        "\\",
        "k: v",
        "null",
    ),
    *("|-", ">+\n", '""', " "),
]


def _shape(stream: Any) -> list[tuple[object, ...]]:
    return [
        (
            type(event).__name__,
            getattr(event, "value", None),
            getattr(event, "style", None) or None,
            (event.start_mark.line, event.start_mark.column) if getattr(event, "value", None) else None,
        )
        for event in stream
    ]


def _pure(text: str) -> list[tuple[object, ...]] | None:
    try:
        return _shape(events.parse_pure(text))
    except YAMLError:
        return None


@settings(max_examples=400)
@given(
    st.sampled_from(["", "k: ", "k:\n  ", "- a\n", "k: [", "a:\n  b: "]),
    st.lists(st.sampled_from(_PIECES), max_size=10).map("".join),
)
@example("k: ", "&x:y")
@example("k: [", "*x: , *b]")
@example("k: ", "|#")
@example("k: ", "|\n  \n    ")
@example("k: ", "a\tb")
def test_what_the_fast_parser_answers_the_pure_one_answers_too(start: str, rest: str) -> None:
    """Values, styles and places are the same; where they might not be, the fast parser is not believed."""
    fast = None if events.needs_pure(start + rest) else events.parse_fast(start + rest)

    assert fast is None or _shape(fast) == _pure(start + rest)


def test_the_fast_parser_reads_an_ordinary_manifest() -> None:
    """Patterns, comments, block texts and quotes do not lead to the slow path."""
    text = "worktrees:\n  a:  # c\n    modify: ['**/*.md', 'src/?.py']\n    task: |\n      do 80% of it\n"

    assert events.parse_fast(text) is not None
