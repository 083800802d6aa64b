"""Making eight worktrees, beside a loop of `git worktree add`; and sparse ones beside full ones, as with git alone."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks.measure import Pairs, Row, Shell, in_turns
from tests.benchmarks.world import World, large_repository, manifest, shell
from tests.support.repository import GitRepo

TREES = 8
_SLOWEST = 1.10


def run(scratch: Path, pairs: int, repository: Path | None) -> Iterator[Row]:
    """Every measurement starts from a fresh clone."""
    source = GitRepo(repository.resolve()) if repository else large_repository(scratch / "source")
    bench = _Bench(source, scratch, shell(scratch))
    files = len(source.git("ls-files").splitlines())
    print(f"{TREES} worktrees of a repository of {files} files")
    full = in_turns(pairs, bench.apply_full, bench.loop)
    print(f"  apply of full trees, beside a loop of git worktree add\n{full}", flush=True)
    yield full.row(f"apply of {TREES} full trees, beside a loop", "no pair above 1.10, median below 1", _keeps_up)
    sparse = in_turns(pairs, bench.apply_sparse, bench.apply_full)
    written = bench.files_of_sparse / bench.files_of_full
    print(f"  apply of sparse trees, beside full ones; files written: {written:.3f} of them\n{sparse}", flush=True)
    yield sparse.row(f"apply of {TREES} sparse trees, beside full ones")
    loops = in_turns(pairs, bench.sparse_loop, bench.loop)
    print(f"  a loop of git's own sparse worktrees, beside one of full ones\n{loops}", flush=True)
    yield loops.row(f"git's own loop of {TREES} sparse trees, beside full ones")
    yield Row(
        "files in sparse trees, beside full ones",
        str(bench.files_of_sparse),
        str(bench.files_of_full),
        f"{written:.3f}",
    )


def _keeps_up(pairs: Pairs) -> bool:
    return max(pairs.ratios) <= _SLOWEST and pairs.median < 1


class _Bench:
    """The contenders on clones of one repository."""

    def __init__(self, source: GitRepo, scratch: Path, shell: Shell) -> None:
        self._source, self._scratch, self._shell = source, scratch, shell
        self.files_of_full = self.files_of_sparse = 0

    def apply_full(self) -> float:
        """Time an apply of full trees."""
        seconds, self.files_of_full = self._apply("")
        return seconds

    def apply_sparse(self) -> float:
        """Time an apply of trees that hold one directory of the repository each."""
        seconds, self.files_of_sparse = self._apply("checkout: sparse")
        return seconds

    def loop(self) -> float:
        """Time what a user would type without orchestra."""
        return self._loop("git worktree add --quiet -b {name} ../shop.wt/{name}")

    def sparse_loop(self) -> float:
        """Time the same for trees that hold one directory each."""
        return self._loop(
            "git worktree add --quiet --no-checkout -b {name} ../shop.wt/{name} && (cd ../shop.wt/{name} && "
            "git sparse-checkout set --no-cone /{area}/ && git read-tree -m -u HEAD)"
        )

    def _loop(self, command: str) -> float:
        world = World.of(self._source, self._scratch / "world", self._shell, "")
        commands = (command.format(name=f"w{number:03}", area=self._area(number)) for number in range(TREES))
        seconds = self._shell.seconds(["sh", "-ec", "\n".join(commands)], world.path)
        shutil.rmtree(self._scratch / "world")
        return seconds

    def _apply(self, body: str) -> tuple[float, int]:
        world = World.of(self._source, self._scratch / "world", self._shell, self._manifest(body))
        seconds = world.seconds("apply", "--auto-approve")
        trees = world.trees()
        if len(trees) != TREES:
            raise SystemExit(f"apply made {len(trees)} trees, not {TREES}")
        files = sum(1 for tree in trees for path in tree.rglob("*") if path.is_file())
        shutil.rmtree(self._scratch / "world")
        return seconds, files

    def _manifest(self, body: str) -> str:
        """Give each tree an area that the repository really has."""
        text = manifest(TREES, body=body)
        for number in range(TREES):
            text = text.replace(f"[area{number:03}]", f"[{self._area(number)}]")
        return text

    def _area(self, number: int) -> str:
        listed = self._source.git("ls-tree", "-d", "--name-only", "HEAD").splitlines()
        names = [name for name in listed if name.replace("-", "").replace("_", "").isalnum()]
        return names[number % len(names)]
