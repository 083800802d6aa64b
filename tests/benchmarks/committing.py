"""What one commit costs: bare, guarded, with the hook of the essay, and with the pre-commit framework."""

from __future__ import annotations

import re
import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.measure import Row, Shell
from tests.benchmarks.world import World, shell, small_repository
from tests.support.repository import GitRepo
from tests.support.tools import search_path

MANIFEST = "worktrees:\n  auth: {modify: area000}\n  vendor: {modify: area000, deny: area000/vendor}\n"
MOST = 8
ESSAY = """\
#!/usr/bin/env bash
ALLOWED=.allowed-paths
if [ -f "$ALLOWED" ]; then
  violations=$(git diff --cached --name-only | grep -v -f "$ALLOWED" || true)
  if [ -n "$violations" ]; then
    echo "$violations"
    exit 1
  fi
fi
"""
FRAMEWORK = """\
repos: [{repo: local, hooks: [{id: area, name: area, language: system, entry: "true", files: "^area001"}]}]
"""
_STARTED = re.compile(r"execve(?:\(| resumed>).*= 0$")
COMMIT = ("git", "commit", "--quiet", "--allow-empty", "--message", "x")


@dataclass(frozen=True, slots=True)
class Contender:
    """A tree, and who looks at its commits."""

    name: str
    tree: Path


def run(scratch: Path, rounds: int) -> Iterator[Row]:
    """Commit in turns, and count the programs of one more commit of each."""
    contenders, hands = _contenders(scratch)
    seconds: dict[str, list[float]] = {each.name: [] for each in contenders}
    for _ in range(rounds + 1):
        for each in contenders:
            _change(each.tree)
            seconds[each.name].append(hands.seconds(COMMIT, each.tree))
    medians = {name: statistics.median(values[1:]) for name, values in seconds.items()}  # the first one warms up
    bare = _programs(contenders[0].tree, scratch, hands)
    for each in contenders:
        more = _programs(each.tree, scratch, hands) - bare
        is_ours = each.name.startswith("guard")
        yield Row(
            f"a commit, {each.name}",
            f"{medians[each.name] * 1000:.0f} ms, {more} programs more",
            f"bare {medians['bare'] * 1000:.0f} ms, {bare} programs",
            f"{medians[each.name] / medians['bare']:.2f}",
            f"at most {MOST} more" if is_ours else "",
            more <= MOST if is_ours else None,
        )


def _contenders(scratch: Path) -> tuple[list[Contender], Shell]:
    hands = shell(scratch, PATH=search_path(), PRE_COMMIT_HOME=str(scratch / "pre-commit"))
    world = World.of(small_repository(scratch / "source"), scratch / "world", hands, MANIFEST)
    world.run("apply", "--auto-approve")
    trees = world.path.parent / f"{world.path.name}.wt"
    bare = GitRepo.init(scratch / "bare", {"area000/file.txt": "0\n"})
    essay = GitRepo.init(scratch / "essay", {"area000/file.txt": "0\n"})
    (essay.path / ".allowed-paths").write_text("area000\n", encoding="utf-8")
    hook = essay.path / ".git/hooks/pre-commit"
    hook.write_text(ESSAY, encoding="utf-8")
    hook.chmod(0o755)
    framework = GitRepo.init(scratch / "framework", {"area000/file.txt": "0\n", ".pre-commit-config.yaml": FRAMEWORK})
    hands.run(("pre-commit", "install"), framework.path)
    found = [
        Contender("bare", bare.path),
        Contender("guard", trees / "auth"),
        Contender("guard, with a deny", trees / "vendor"),
        Contender("the essay's hook", essay.path),
        Contender("the pre-commit framework", framework.path),
    ]
    return found, hands


def _change(tree: Path) -> None:
    """Stage something in the area."""
    with (tree / "area000/file.txt").open("a", encoding="utf-8") as file:
        file.write("more\n")
    GitRepo(tree).git("add", "area000/file.txt")


def _programs(tree: Path, scratch: Path, hands: Shell) -> int:
    _change(tree)
    record = scratch / "strace.txt"
    hands.run(("strace", "-f", "-qq", "-e", "trace=execve", "-e", "signal=none", "-o", record, *COMMIT), tree)
    lines = record.read_text(encoding="utf-8", errors="replace").splitlines()
    return sum(bool(_STARTED.search(line)) for line in lines)
