"""git, the program: the one place that starts it, scrubs its surroundings and says what its failures mean."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import signal
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from reconciler.clients.process import Finished, Runner
from reconciler.clients.refusals import HINTS
from reconciler.clients.trees import linked_git_dir
from reconciler.errors import ClientError, PermanentError, TransientError, UsageError

# Inherited variables that only say how git reaches the network or where the user's configuration is. All other GIT_*
# variables (GIT_DIR, GIT_INDEX_FILE, GIT_LITERAL_PATHSPECS, ...) would redirect us when we are called from a hook.
_KEPT_VARIABLES = (
    "GIT_SSH",
    "GIT_SSH_COMMAND",
    "GIT_SSH_VARIANT",
    "GIT_ASKPASS",
    "GIT_ALLOW_PROTOCOL",
    "GIT_CONFIG_GLOBAL",
    "GIT_CONFIG_SYSTEM",
    "GIT_CONFIG_NOSYSTEM",
    "GIT_EXEC_PATH",
    "GIT_TEMPLATE_DIR",
    "GIT_AUTHOR_NAME",
    "GIT_AUTHOR_EMAIL",
    "GIT_AUTHOR_DATE",
    "GIT_COMMITTER_NAME",
    "GIT_COMMITTER_EMAIL",
    "GIT_COMMITTER_DATE",
)

# What another attempt may mend: locks that another git holds for a moment, and the races of `git worktree add` and
# `remove` (a reader that meets another tree's record half written, or half gone; seen with 2.39, still in the source of
# 2.55).
_TRANSIENT = re.compile(
    r"\.lock': File exists|could not lock config file [^:\n]+(?:$|: File exists)|failed to read .*/commondir"
    r"|bad object worktrees/|Invalid path '[^\n]*/worktrees/[^/\n]*'",
    re.MULTILINE,
)
_HINTS = {
    # Git does not always say why it could not write.
    "No space left|Out of diskspace|unable to write file": (
        "free some space (or see who may write there) and run the command again"
    ),
    "Read-only file system": HINTS[errno.EROFS],
    "transport 'file' not allowed": (
        "git takes submodules from a path on this machine only where `protocol.file.allow` is `always`"
    ),
    "unable to access|Could not read from remote|could not read (Username|Password)": (
        "see that the remote answers and that you may read it: `git ls-remote` asks it"
    ),
    "ref updates aborted by hook|aborted by the reference-transaction hook": (
        "see why the hook `reference-transaction` refuses it; `git rev-parse --git-path hooks` tells where it is"
    ),
    "bad (tree )?object|(ould not read|unable to read|Not a valid commit name) [0-9a-f]{40}|is corrupt": (
        "an object is missing or damaged: `git fsck` tells which; another clone may have it"
    ),
    "missing but already registered worktree": "`git worktree prune` drops git's record of it",
    "detected dubious ownership": (
        "it is another user's; where you trust it, `git config --global --add safe.directory PATH` says so"
    ),
    "Permission denied": HINTS[errno.EACCES],
}
_DISCOVERED = re.compile(r"\A(.*)\n(true|false)\n(.*?)\n?\Z", re.DOTALL)
_STALE_LOCK = re.compile(r"'([^']+\.lock)': File exists|could not lock config file ([^:\n]+)", re.MULTILINE)


def git_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment for git: the user's own, without what would redirect git, and with messages that can be read."""
    kept = {key: value for key, value in environment.items() if not key.startswith("GIT_") or key in _KEPT_VARIABLES}
    return {**kept, "LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "GIT_EDITOR": "true"}


@dataclass(frozen=True, slots=True)
class Repository:
    """Where a repository is.

    Attributes:
        common_dir: the git directory that all its worktrees share.
        main: the main worktree, where its git directory lies apart and the command stands in it: nothing else tells.
    """

    common_dir: Path
    main: Path | None = None


class Git:
    """Starts git.

    Attributes:
        was_killed: whether one of them was killed, and could not take its locks away.
    """

    def __init__(self, environment: Mapping[str, str], runner: Runner | None = None) -> None:
        self.runner = runner or Runner(git_environment(environment))
        self.was_killed = False

    def run(
        self,
        *words: str | Path,
        cwd: Path | None = None,
        git_dir: Path | None = None,
        stdin: bytes | IO[bytes] = b"",
        ok: Sequence[int] = (0,),
        environment: Mapping[str, str] | None = None,
    ) -> Finished:
        """Run one git command.

        Args:
            words: the command and its arguments.
            cwd: where to stand.
            git_dir: the git directory to speak of, instead of the one of `cwd`.
            stdin: its input, or the open file that it reads itself.
            ok: the exit statuses that are an answer, not a failure.
            environment: what it gets beside the environment of all.

        Raises:
            TransientError: another git was in the way for the moment.
            PermanentError: it failed otherwise.
        """
        where = (f"--git-dir={git_dir}",) if git_dir else ()
        finished = self.runner.run(("git", *where, *words), cwd=cwd or git_dir, stdin=stdin, environment=environment)
        self.was_killed |= finished.code == -signal.SIGKILL
        if finished.code not in ok:
            raise _failure(finished)
        return finished

    @contextlib.contextmanager
    def stream(
        self, *words: str | Path, git_dir: Path, stdin: bytes = b"", environment: Mapping[str, str] | None = None
    ) -> Iterator[IO[bytes]]:
        """Run one git command and read its output bit by bit; raises, at the end of the block, as `run` does."""
        argv = ("git", f"--git-dir={git_dir}", *words)
        with self.runner.stream(argv, cwd=git_dir, stdin=stdin, environment=environment) as stream:
            yield stream.stdout
        if stream.finished[0].code:
            raise _failure(stream.finished[0])

    def lines(self, *words: str | Path, cwd: Path | None = None, git_dir: Path | None = None) -> list[str]:
        """The lines that a git command prints; raises as `run` does."""
        return self.run(*words, cwd=cwd, git_dir=git_dir).lines

    def discover(self, cwd: Path) -> Repository:
        """Find the repository that a directory belongs to.

        Raises:
            UsageError: there is none, or git is missing.
        """
        asked = ("--path-format=absolute", "--git-common-dir", "--is-inside-work-tree", "--show-cdup")
        try:
            answer = self.run("rev-parse", *asked, cwd=cwd).text
        except ClientError as error:
            if "not a git repository" not in error.message:
                raise
            raise UsageError(
                f"{cwd} is not in a git repository",
                hint="go to a repository, or make one with `git init`",
            ) from error
        return _discovered(cwd, answer)


def _discovered(cwd: Path, answer: str) -> Repository:
    """Where the git directory lies apart from the main worktree, only that one names it, and nothing names that one."""
    common_dir, is_inside, up = _DISCOVERED.findall(answer)[0]
    top = Path(os.path.normpath(f"{os.path.realpath(cwd)}/{up}"))
    named = linked_git_dir(top) if is_inside == "true" else None
    is_main = named is not None and os.path.realpath(named) == os.path.realpath(common_dir)
    return Repository(Path(common_dir), top if is_main else None)


def _failure(finished: Finished) -> ClientError:
    """Decide here, where it is first seen, whether another attempt may help."""
    command = " ".join(word for word in finished.argv if not word.startswith("--git-dir="))
    if finished.code < 0:
        return PermanentError(f"`{command}` was ended by signal {-finished.code}")
    said = _gist(finished.stderr or finished.text) or f"exit status {finished.code}"
    message = f"`{command}` failed: {said}"
    if not _TRANSIENT.search(finished.stderr or said):
        return PermanentError(message, hint=_hint(finished.stderr or said))
    lock = _STALE_LOCK.search(finished.stderr or said)
    file = (lock[1] or f"{lock[2]}.lock") if lock else ""
    is_there = bool(file) and (os.path.lexists(file) or not Path(file).is_absolute())  # else it is gone by now
    hint = f"if no git is at work there, a killed one left it behind: remove {file}" if is_there else ""
    return TransientError(message, hint=hint)


def _gist(said: str) -> str:
    """What git complains of, on one line, without what it was doing."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    complaints = [line for line in lines if line.startswith(("fatal:", "error:"))]
    return "; ".join(complaints or lines)


def _hint(said: str) -> str:
    """The way out of what git complains of; the first that is named."""
    return next((hint for words, hint in _HINTS.items() if re.search(words, said)), "")


def count_ahead_behind(
    git: Git, git_dir: Path, pairs: Iterable[tuple[str, str]]
) -> dict[tuple[str, str], tuple[int, int]]:
    """Count, for pairs of commits, what the first has that the second has not, and the other way round.

    Two programs, however many pairs: the commits above all tips' common ancestor are listed once and counted here
    (git counts many pairs in one program only from 2.41 on).

    Raises:
        ClientError: git failed.
    """
    asked = set(pairs)
    wanted = {pair for pair in asked if pair[0] != pair[1]}
    same = dict.fromkeys(asked - wanted, (0, 0))
    if not wanted:
        return same
    parents = _parents(git, git_dir, sorted({commit for pair in wanted for commit in pair}))
    reach = {tip: reachable(tip, parents) for tip in {commit for pair in wanted for commit in pair}}
    counts = {
        (left, right): (len(reach[left] - reach[right]), len(reach[right] - reach[left])) for left, right in wanted
    }
    return {**same, **counts}


def _parents(git: Git, git_dir: Path, tips: list[str]) -> dict[str, list[str]]:
    common = git.run("merge-base", "--octopus", *tips, git_dir=git_dir, ok=(0, 1)).text.split()
    request = "\n".join([*tips, *(f"^{commit}" for commit in common)]) + "\n"
    listed = git.run("rev-list", "--parents", "--stdin", git_dir=git_dir, stdin=request.encode()).text
    return {words[0]: words[1:] for words in map(str.split, listed.splitlines())}


def reachable(tip: str, parents: Mapping[str, Sequence[str]]) -> set[str]:
    """The commits that can be reached from one, itself among them, as far as their parents are known."""
    seen: set[str] = set()
    waiting = [tip]
    while waiting:
        commit = waiting.pop()
        if commit in parents and commit not in seen:
            seen.add(commit)
            waiting.extend(parents[commit])
    return seen


def paths_in_commits(git: Git, git_dir: Path, wanted: Sequence[tuple[str, str]]) -> dict[tuple[str, str], bool]:
    """Say for pairs of (commit, path) whether the commit's tree has something there; one program for all.

    Only directories are read: to ask for a file itself would fetch it over the network in a partial clone.

    Raises:
        ClientError: git failed.
    """
    if not wanted:
        return {}
    places = sorted({(commit, path.rpartition("/")[0]) for commit, path in wanted})
    request = "".join(f"{commit}:{directory}\n" for commit, directory in places)
    answer = git.run("cat-file", "--batch", git_dir=git_dir, stdin=request.encode("utf-8", "surrogateescape"))
    found = dict(zip(places, _directories(answer.stdout), strict=True))
    split = {(commit, path): path.rpartition("/") for commit, path in wanted}
    return {pair: os.fsencode(name) in found[pair[0], directory] for pair, (directory, _, name) in split.items()}


def _directories(answer: bytes) -> Iterator[frozenset[bytes]]:
    """The names in each directory of an answer of `cat-file --batch`; what is no directory has none."""
    while answer:
        header, _, answer = answer.partition(b"\n")
        words = header.split(b" ")
        if words[-1] == b"missing":
            yield frozenset()
            continue
        size = int(words[-1])
        yield frozenset(_names(answer[:size], len(words[0]) // 2)) if words[1] == b"tree" else frozenset()
        answer = answer[size + 1 :]


def _names(tree: bytes, hash_length: int) -> Iterator[bytes]:
    """The names in a tree object: `<mode> <name>`, a zero byte and a raw hash each."""
    at = 0
    while at < len(tree):
        end = tree.index(0, at)
        yield tree[at:end].partition(b" ")[2]
        at = end + 1 + hash_length


def resolve_commits(git: Git, git_dir: Path, names: Sequence[str]) -> dict[str, str | None]:
    """The commits that names (tags, hashes) stand for, None for what stands for none; one program for all.

    Raises:
        ClientError: git failed.
    """
    if not names:
        return {}
    request = "".join(f"{name}^{{commit}}\n" for name in names)
    answer = git.run("cat-file", "--batch-check", git_dir=git_dir, stdin=request.encode("utf-8", "surrogateescape"))
    found = (line.split(" ") for line in answer.lines)  # `<hash> commit <size>`, or the name and `missing`
    return {
        name: words[0] if len(words) == 3 and words[1] == "commit" else None  # noqa: PLR2004 - as above
        for name, words in zip(names, found, strict=True)
    }
