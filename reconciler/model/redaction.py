"""Keep the values of `{env:NAME}` out of everything that is written. Rule: in every form they may take.

This is the second line. The first is that a value is put into the text of files and nowhere else, and that such a file
is never shown. What is left is what somebody else repeats, such as git or a traceback. There only values are looked for
that stand nowhere by chance: whoever replaces `create` where an action is told gives away that the value is `create`,
and breaks what a machine reads.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping

from reconciler.model.escaping import escape

SHORTEST = 7
"""Fewer characters stand by chance in any text, in every short name of a commit too."""
LONGEST_WORDS = 24
"""Longer ones are no name, no key and no address of ours; a whole sentence is no value by chance."""

_WORD = r"(?:[A-Z]?[a-z]+(?:[A-Z][a-z]{2,})*|[A-Z]+|[0-9]{1,8})"
_WORDS = re.compile(rf"{_WORD}(?:[-_./:=,' ]+{_WORD})*")


class Redactor:
    """Replaces secret values by the name they are known under."""

    def __init__(self, secrets: Mapping[str, str] | None = None) -> None:
        self._names: dict[str, str] = {}
        self._by_first: dict[str, list[str]] = {}
        self._pattern: re.Pattern[str] | None = None
        self.add(secrets or {})

    def add(self, secrets: Mapping[str, str]) -> None:
        """Hide these values, too, from now on."""
        for name, value in secrets.items():
            for form in forms(value):
                self._names.setdefault(form, f"{{env:{name}}}")
        longest_first = sorted(self._names, key=lambda form: (-len(form), form))
        self._pattern = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None
        self._by_first = {}
        for form in longest_first:
            self._by_first.setdefault(form[0], []).append(form)

    def __call__(self, text: str) -> str:
        """Replace every secret in a whole text."""
        return self._pattern.sub(lambda match: self._names[match[0]], text) if self._pattern else text

    def split(self, text: str) -> tuple[str, str]:
        """Redact as much as can be judged: the rest may be the beginning of a secret and must be kept back."""
        if self._pattern is None:
            return text, ""
        safe: list[str] = []
        position = 0
        while True:
            held = self._beginning_of_secret(text, position)
            match = self._pattern.search(text, position)
            if match is None or match.start() >= held:
                return "".join([*safe, text[position:held]]), text[held:]
            safe += [text[position : match.start()], self._names[match[0]]]
            position = match.end()

    def _beginning_of_secret(self, text: str, position: int) -> int:
        """Find where a secret may begin that the end of the text cuts off."""
        longest = max(map(len, self._names), default=1) - 1
        for start in range(max(position, len(text) - longest), len(text)):
            candidates = self._by_first.get(text[start], ())
            if any(form != text[start:] and form.startswith(text[start:]) for form in candidates):
                return start
        return len(text)


def forms(value: str) -> Iterable[str]:
    """List how a value may look in what we write, whole and line by line; nothing for what stands there by chance."""
    parts = [value, value.strip(), *value.splitlines(), *map(str.strip, value.splitlines())]
    written = (form for part in dict.fromkeys(parts) if not stands_by_chance(part) for form in _written(part))
    return dict.fromkeys(written)


def stands_by_chance(part: str) -> bool:
    """Whether a text could be a word, a name, a number or a key that stands in our output anyway."""
    return len(part) < SHORTEST or (len(part) <= LONGEST_WORDS and _WORDS.fullmatch(part) is not None)


def _written(part: str) -> Iterable[str]:
    """As it is, escaped for a terminal, in JSON, in a Markdown table, in a traceback."""
    quoted = _quoted(part, is_ascii=False)
    for shown in (part, escape(part), escape(part, keep="\t"), quoted, escape(quoted)):
        yield from (shown, _quoted(shown, is_ascii=True), _quoted(shown, is_ascii=False), shown.replace("|", "\\|"))
    yield repr(part)[1:-1]


def _quoted(text: str, *, is_ascii: bool) -> str:
    return json.dumps(text, ensure_ascii=is_ascii)[1:-1]
