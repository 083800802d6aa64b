"""`check`: whether the commits of branches stay in the areas that are declared for them, judged from outside.

The rule: the manifest comes from a commit of the base, never from a branch that is judged; so does what a branch may
have without having done it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from reconciler.clients.borrowed import Borrowed, borrow
from reconciler.clients.commit_reader import CommitReader
from reconciler.clients.git import Git
from reconciler.clients.history import History, read_history
from reconciler.clients.survey import Survey, take_survey
from reconciler.errors import PermanentError, UsageError
from reconciler.manifest.declaration import Manifest
from reconciler.manifest.loader import load
from reconciler.operations.governed import Branches, Heads
from reconciler.operations.judging import CheckedBranch, Judge
from reconciler.operations.session import MANIFEST_NAME, AnyEnvironment

_BRANCHES = "refs/heads/"
_NAME = rb"[0-9a-f]{40}(?:[0-9a-f]{24})?"
_PUSHED = re.compile(rb"%b (%b) ([^ ]+)" % (_NAME, _NAME))


@dataclass(frozen=True, slots=True)
class Push:
    """What somebody wants to push, before it is taken.

    Attributes:
        branches: the new commit of each branch; those that are to go are left out.
        quarantine: where its objects are until then.
    """

    branches: Mapping[str, str]
    quarantine: Path | None


def read_push(lines: bytes, environment: Mapping[str, str]) -> Push:
    """Read what git tells a `pre-receive` hook; what is no branch is passed over.

    Raises:
        UsageError: git never writes that.
    """
    branches = {}
    for line in lines.splitlines():
        match = _PUSHED.fullmatch(line)
        if match is None:
            hint = "git runs it as the hook `pre-receive`, and tells it `OLD NEW REF` for each ref that is pushed"
            raise UsageError("--pre-receive reads what git tells a hook, and this is not it", hint=hint)
        new, ref = match[1].decode(), os.fsdecode(match[2])
        if ref.startswith(_BRANCHES) and new.strip("0"):
            branches[ref.removeprefix(_BRANCHES)] = new
    quarantine = environment.get("GIT_QUARANTINE_PATH")
    return Push(branches, Path(quarantine) if quarantine else None)


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be checked; nothing named is all that is declared or governed.

    Attributes:
        names: full names of workspaces.
        branches: branches, also such as nobody declared.
        base: a commit that stands for the base of all, and has the manifest; None: each branch's declared base.
        file: where the manifest is in a tree, and so in the commit; None: at the top.
        push: what is to be judged as if it had been taken, but for bases, which are as they were; None: what there is.
    """

    names: tuple[str, ...] = ()
    branches: tuple[str, ...] = ()
    base: str | None = None
    file: Path | None = None
    push: Push | None = None


@dataclass(frozen=True, slots=True)
class Checked:
    """The answer.

    Attributes:
        base: the commit that the manifest was read from, and what names it.
        file: the manifest.
    """

    base: tuple[str, str]
    file: str
    branches: tuple[CheckedBranch, ...]

    @property
    def is_fine(self) -> bool:
        """Whether nothing is to be refused."""
        return not any(branch.violations for branch in self.branches)


def check_commits(cwd: Path, environment: Mapping[str, str], asked: Asked) -> Checked:
    """Judge branches; changes nothing, and takes nothing from the network.

    Args:
        cwd: somewhere in the repository; also in a bare one.
        environment: the environment of the command.
        asked: what is to be checked.

    Raises:
        UsageError: there is no such workspace, branch or base, the base has no manifest, or history was cut off.
        ManifestError: the manifest is not valid.
        ClientError: git failed.
    """
    git = Git(environment)
    repository = git.discover(cwd)
    heads = Heads(git, cwd, take_survey(git, repository), asked.push.branches if asked.push else {})
    file = _in_tree(asked.file, cwd, heads.survey)
    wanted = _without_default(asked.push, heads) if asked.push else asked.branches
    if asked.push and not wanted:
        return Checked(("", ""), file, ())
    base_name = heads.default if asked.base is None else asked.base
    base = heads.only(base_name)
    with borrow(git, repository, base, asked.push.quarantine if asked.push else None) as store:
        manifest = _manifest_at(store, (base_name, base), file, heads, environment)
        branches = Branches(manifest, heads, None if asked.base is None else base)
        checked = judged(store, branches, branches.chosen(asked.names, wanted), base)
    return Checked((base_name, base), file, checked)


def judged(store: Borrowed, branches: Branches, chosen: Sequence[str], base: str) -> tuple[CheckedBranch, ...]:
    """Judge branches by a manifest.

    Args:
        store: has all commits.
        branches: as the manifest knows them.
        chosen: which.
        base: a commit that has to be here as well.

    Raises:
        UsageError: history was cut off.
        ClientError: a commit is not here, or git failed.
    """
    _require_here(store, [*branches.commits(chosen), base])
    history = read_history(store, [*branches.commits(chosen), base])
    _require_whole(history)
    return Judge(store, branches, history).judge(chosen)


def _without_default(push: Push, heads: Heads) -> tuple[str, ...]:
    """The first push, and one that mends the manifest, need none; who may push there is not told by areas."""
    default = heads.default_or_none or heads.survey.main_branch
    return tuple(branch for branch in push.branches if branch != default)


def _in_tree(file: Path | None, cwd: Path, survey: Survey) -> str:
    if file is None:
        return MANIFEST_NAME
    path = Path(os.path.normpath(file))
    trees = [*(record.path for record in survey.records), *filter(None, [survey.main]), cwd]
    tree = next((tree for tree in trees if path.is_relative_to(tree)), None)
    if tree is None:
        raise UsageError(f"{file} is in no tree of this repository", hint="name the manifest as it is committed")
    return path.relative_to(tree).as_posix()


def _manifest_at(
    store: Borrowed, base: tuple[str, str], file: str, heads: Heads, environment: Mapping[str, str]
) -> Manifest:
    name, commit = base
    _require_here(store, [commit])
    reader = CommitReader(store, commit)
    if reader.read(file, 1) is None:
        hint = "commit the manifest there, or name a commit that has it with --base"
        raise UsageError(f"{name} ({commit[:9]}) has no {file}", hint=hint)
    return load(Path(file), root=heads.root, environment=AnyEnvironment(environment), reader=reader)


def _require_here(store: Borrowed, commits: Iterable[str]) -> None:
    names = set(commits)
    missing = names - store.trees(names).keys()
    if missing:
        raise PermanentError(f"{min(missing)} is no commit that is here", hint="fetch it, or see `git fsck`")


def _require_whole(history: History) -> None:
    if history.cut:
        hint = "run `git fetch --unshallow`; in CI ask for all of it, for example `fetch-depth: 0`"
        raise UsageError(f"history is cut off at {min(history.cut)[:9]}: who did what cannot be told", hint=hint)
