"""What is lost when trees with work in them are torn down and made again: by orchestra, git alone and par-cli."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.measure import Row, Shell, columns
from tests.benchmarks.teardown.contenders import BRANCH, Contender, Orchestra, Par, PlainGit
from tests.benchmarks.teardown.trees import CASES, Case, Scene
from tests.benchmarks.teardown.work import look, lost
from tests.benchmarks.world import shell

_IDENTITY = ("GIT_AUTHOR_", "GIT_COMMITTER_")
_SORTS = ("uncommitted", "staged", "untracked", "ignored", "commits", "half done")


@dataclass(frozen=True, slots=True)
class Ending:
    """What became of a tree: what was said, and what of its work was nowhere the next morning.

    Attributes:
        is_merged: the commits that are lost had been merged, so that no work is lost with them.
    """

    said: str
    lost: Counter[str]
    is_merged: bool

    @property
    def is_loss(self) -> bool:
        """Whether work was lost."""
        return bool(self.lost if not self.is_merged else self.lost.keys() - {"commits"})

    def __str__(self) -> str:
        """Write it into a cell."""
        names = {"commits": "commits, merged" if self.is_merged else "commits"}
        numbers = [f"{names.get(sort, sort)}: {self.lost[sort]}" for sort in _SORTS if self.lost[sort]]
        size = f" ({self.lost['bytes']} bytes)" if self.lost["bytes"] else ""
        return ("; ".join(numbers) or "nothing") + size


def run(scratch: Path, par: Path | None) -> Iterator[Row]:
    """Tear each tree down in each way; promised is that orchestra loses nothing. Nobody has told git a name."""
    nobody = _without_identity(shell(scratch, TMUX_TMPDIR=str(scratch)))
    with ExitStack() as stack:
        contenders = [Orchestra(nobody), PlainGit(), *_par(nobody, par, stack)]
        print(f"{len(CASES)} trees, torn down and made again: what each way lost", flush=True)
        endings = {case.name: [_ending(case, each, scratch / "world") for each in contenders] for case in CASES}
    head = ("tree", *(each.name for each in contenders))
    print(columns([head, *((name, *map(str, each)) for name, each in endings.items())]) + "\n")
    print(columns([("tree", "orchestra said"), *((name, each[0].said) for name, each in endings.items())]), flush=True)
    yield from _rows(contenders, list(endings.values()))


def _without_identity(known: Shell) -> Shell:
    names = {name: value for name, value in known.environment.items() if not name.startswith(_IDENTITY)}
    only = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "user.useConfigOnly", "GIT_CONFIG_VALUE_0": "true"}
    return Shell({**names, **only})


def _par(nobody: Shell, program: Path | None, stack: ExitStack) -> Iterator[Par]:
    if program is None or shutil.which("tmux") is None:
        print("par-cli is left out: PAR=... names its `par`, and it needs tmux")
        return
    par = Par(nobody, program.absolute())
    stack.callback(par.end)
    yield par


def _rows(contenders: Sequence[Contender], endings: Sequence[Sequence[Ending]]) -> Iterator[Row]:
    losers = [sum(each[place].is_loss for each in endings) for place in range(len(contenders))]
    for contender, number in zip(contenders[1:], losers[1:], strict=True):
        name = f"trees of {len(endings)} that lost work, beside {contender.name}"
        yield Row(name, str(losers[0]), str(number), limit="none", kept=losers[0] == 0)


def _ending(case: Case, contender: Contender, world: Path) -> Ending:
    """Make the tree, do the work, tear it down, make it again; compare."""
    try:
        main = case.repository(world / "shop")
        tree = contender.make(main, case.keys)
        with ExitStack() as night:
            case.work(Scene(main, tree, BRANCH, night))
            before = look(main, tree)
            said = contender.tear_down(main, tree)
        contender.bring_back(main, tree)
        return Ending(said, lost(before, look(main, tree)), case.is_merged)
    finally:
        shutil.rmtree(world, ignore_errors=True)
