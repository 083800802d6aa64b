"""The page that is made of the two tables: `specs/escapes.md`."""
# ruff: noqa: E501 - the lines of a page

from __future__ import annotations

from collections.abc import Sequence

from tests.escapes import table
from tests.escapes.attempt import CHECK, SETTINGS, Attempt
from tests.sandbox import attempts

_HEAD = """\
# Escapes

Each row is an attempt of an agent to change what is not its own, run for real by the suite, and the layer that stopped it. This page is made from the same tables
(`python -m tests.escapes`).

- **kernel**: in the [sandbox](sandbox.md) that cannot be written, or reached; or it was the sandbox's own, and went with it.
- **private git directory**: in the sandbox, it happened to a copy, and went no further.
- **guard**: git itself refused it in the tree; see [guard](guard.md).
- **import**: it was committed in the sandbox and did not become part of the repository.
- **check**: it went through, and [`check`](check.md) refuses the branch.
- **nothing**: none of them, and at least a part of it was done. **not run**: it would do to the machine what it says, so nobody tries it without a sandbox.

"""
_BRANCHES = """
## To get something onto the branch

Scripts of `tests/escapes/table.py`, in a tree whose area is `app` without `app/vendor`. Where the kernel refuses to write a file, they go on with the index and with objects that they make by hand.

"""
_MACHINE = """
## To get out of the sandbox

Scripts of `tests/sandbox/attempts.py`, as root and as an ordinary user, in the sandbox without the guard, and in a guarded tree without the sandbox. Everything outside, byte for byte, and the refs are compared before and after.

"""


def page() -> str:
    """The page."""
    parts = (_HEAD, _only_check(), _BRANCHES, _rows(table.ATTEMPTS), _MACHINE, _rows(attempts.ATTEMPTS))
    return "".join(parts)


def _only_check() -> str:
    """Name the rows that only `check` stops."""
    lines = []
    for setting in SETTINGS:
        found = [each.name for each in (*table.ATTEMPTS, *attempts.ATTEMPTS) if each.stopped[setting] == CHECK]
        lines.append(f"Only `check` stops, in a {setting}: {'; '.join(found) or 'none'}.\n")
    return "\n".join(lines)


def _rows(rows: Sequence[Attempt]) -> str:
    head = [
        f"| attempt | {' | '.join(SETTINGS)} | what remains without a sandbox |",
        "|---" * (len(SETTINGS) + 2) + "|",
    ]
    lines = [f"| {row.name} | {' | '.join(row.stopped[s] for s in SETTINGS)} | {row.remains} |" for row in rows]
    return "\n".join((*head, *lines)) + "\n"
