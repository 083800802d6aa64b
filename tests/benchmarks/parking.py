"""Parking a large tree with few changes, beside `git status` of it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from reconciler.clients.git import Git
from reconciler.clients.survey import take_survey
from reconciler.vault.compare import differences
from reconciler.vault.save import save
from reconciler.vault.vault import Vault
from reconciler.vault.verify import verify
from tests.benchmarks.measure import Pairs, Row, in_turns
from tests.support.repository import GitRepo

FILES = 50_000
PER_DIRECTORY = 100
CHANGES = 50
_SLOWEST = 3.0


def run(scratch: Path, pairs: int) -> Iterator[Row]:
    """Save, read back and compare; what is saved is the same every time."""
    bench = _Bench(scratch)
    print(f"parking a tree of {FILES} files, {CHANGES} of them changed, beside git status")
    found = in_turns(pairs, bench.park, bench.status)
    print(found, flush=True)
    yield found.row("parking a tree, beside one git status", f"median below {_SLOWEST:.0f}", _is_quick)


def _is_quick(pairs: Pairs) -> bool:
    return pairs.median < _SLOWEST


class _Bench:
    """One tree, large and a little changed."""

    def __init__(self, scratch: Path) -> None:
        repo = GitRepo.init(scratch / "shop")
        body = "some line of text that somebody wrote\n" * 30
        repo.commit({f"area{n // 2000}/part{n // PER_DIRECTORY}/{n}.txt": f"{n}\n{body}" for n in range(FILES)})
        repo.git("repack", "-adq")
        self._tree = repo.worktree(scratch / "tree", "feature")
        names = [f"area{n // 2000}/part{n // PER_DIRECTORY}/{n}.txt" for n in range(0, FILES, FILES // (CHANGES - 10))]
        self._tree.write(dict.fromkeys(names, "changed\n") | {f"new{number}": "new\n" for number in range(10)})
        time.sleep(1.1)  # git looks again, each time, at files that are as young as its index
        self._tree.git("status")
        git = Git(os.environ)
        self._vault = Vault.of(git, git.discover(repo.path), scratch / "state", "clone")

    def park(self) -> float:
        """Time all of it but the removal."""
        vault, tree = self._vault, self._tree.path
        record = take_survey(vault.git, vault.repository).records[0]
        os.sync()
        begin = time.perf_counter()
        saved = save(vault, record, "tree", now=datetime.now(UTC))
        problems = (*verify(vault, saved), *differences(vault.git, saved, tree))
        seconds = time.perf_counter() - begin
        if problems:
            raise SystemExit(f"parking found problems: {problems}")
        return seconds

    def status(self) -> float:
        """Time what a user would ask before removing a tree."""
        os.sync()
        begin = time.perf_counter()
        self._tree.git("--no-optional-locks", "status", "--porcelain")
        return time.perf_counter() - begin
