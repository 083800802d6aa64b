"""A tree's private copy of git's common directory: in its sandbox it stands in place of the real one.

It borrows the real objects and is written by the command in the sandbox, so that whatever git does there goes nowhere.
The rule: what it holds is a stranger's. It is never used as a git directory here, no link in it is followed, and what
is read of it is held against a strict form.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from reconciler.clients import files
from reconciler.clients.git import Git, Repository
from reconciler.clients.refusals import refused
from reconciler.clients.sandbox.foreground import is_busy
from reconciler.clients.sandbox.staged import Index, reading
from reconciler.clients.trees import HALF_DONE, TreeRecord
from reconciler.errors import ClientError, ConflictError, PermanentError

DIRECTORY = "orchestra.sandbox"
"""In a tree's private git directory: what its sandbox keeps from one command to the next."""

BORROWED = "borrowed"
"""In the private copy: where the real objects are mounted."""

_LARGEST = 1 << 26  # a guess: the refs of a repository with a million of them, or their logs, all together
_LARGEST_INDEX = 1 << 28  # a guess: that of a tree of two million files
_MOST_NAMES = 50_000  # a guess: far beyond what is committed in one tree; git looks for each
_OURS = "orchestra"
_INDEX = "index"
_HEADS = ("HEAD", "ORIG_HEAD", "MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD")
_STATE = "state.json"
_VALUE = re.compile(rb"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_NAMED = re.compile(rb"(?:^|(?<= ))([0-9a-f]{40}(?:[0-9a-f]{24})?)(?= |$)", re.MULTILINE)
_PACKED = re.compile(rb"([0-9a-f]{40}(?:[0-9a-f]{24})?) (refs/[^\0-\x20\x7f]+)")
_SHARED_INDEX = re.compile(r"sharedindex\.[0-9a-f]{40}(?:[0-9a-f]{24})?")
_NOT_SHARED = (b"refs/orchestra/", b"refs/stash", b"refs/worktree/", b"refs/bisect/", b"refs/rewritten/")


@dataclass(frozen=True, slots=True)
class State:
    """What is known of the private copy; kept where the sandbox does not reach.

    Attributes:
        imported: the commit of the branch that both sides had last.
        seed: the refs that it was given last.
        made: what was made in the tree beside the area.
        is_settled: whether a command ended, and all that it left is known of or told in `held`.
        held: what it left in the copy alone, and what no save of the tree would hold, in words.
        stepping: the commits from and to which the index of the tree is being brought.
        refused: the commit of the branch that was refused last, and how many it has of its own (0: nobody counted).
        missing: what was named in it last and is not in the repository, as one word.
    """

    imported: str = ""
    seed: Mapping[str, str] = field(default_factory=dict)
    stepping: tuple[str, str] | None = None
    made: frozenset[str] = frozenset()
    is_settled: bool = True
    held: tuple[str, ...] = ()
    refused: tuple[str, int] | None = None
    missing: str = ""


@dataclass(frozen=True, slots=True)
class PrivateGit:
    """The private copy of one tree.

    Attributes:
        branch: the branch of the workspace.
    """

    repository: Repository
    record: TreeRecord
    branch: str

    @property
    def directory(self) -> Path:
        """What the sandbox of the tree keeps."""
        return self.record.git_dir / DIRECTORY

    @property
    def common_dir(self) -> Path:
        """The copy of the common directory."""
        return self.directory / "git"

    @property
    def git_dir(self) -> Path:
        """The copy of the tree's own directory."""
        return self.common_dir / self._admin

    @property
    def home(self) -> Path:
        """The home of the commands in there."""
        return home_of(self.record)

    @property
    def objects(self) -> Path:
        """The objects that were made in there."""
        return self.common_dir / "objects"

    @property
    def _admin(self) -> str:
        """The tree's own directory, from the common one."""
        return os.fspath(self.record.git_dir.relative_to(self.repository.common_dir))

    def load_state(self) -> State:
        """Read what is known; nothing when there is none yet.

        Raises:
            ClientError: the operating system refused.
        """
        entry = files.read(self.directory, _STATE) if self.directory.is_dir() else None
        if entry is None or entry.content is None:
            return State()
        try:
            document = json.loads(entry.content)
            stepping, made, held = document["stepping"], frozenset(document["made"]), tuple(document["held"])
            known = (document["imported"], document["seed"], tuple(stepping) if stepping else None)
            refused = document.get("refused")
            settled, missing = document["settled"], document.get("missing", "")
            return State(*known, made, settled, held, tuple(refused) if refused else None, missing)
        except (ValueError, KeyError, TypeError) as error:
            message = f"{self.directory / _STATE} cannot be read"
            raise ConflictError(message, hint=f"move {self.directory} away, and see what is in it") from error

    def save_state(self, state: State) -> None:
        """Write what is known.

        Raises:
            ClientError: the operating system refused.
        """
        document = {
            "imported": state.imported,
            "seed": dict(state.seed),
            "stepping": state.stepping,
            "made": sorted(state.made),
            "settled": state.is_settled,
            "held": state.held,
            "refused": state.refused,
            "missing": state.missing,
        }
        files.write(self.directory, _STATE, json.dumps(document).encode("ascii"), durable=True)

    # --- making it ---------------------------------------------------------------------------------------------------

    def prepare(self, git: Git) -> State:
        """Make it, or bring what it knows of the repository up to date; what was done in it stays.

        Raises:
            ConflictError: what is there can no longer be told.
            ClientError: git or the operating system refused.
        """
        files.make_directory(self.record.git_dir, DIRECTORY)
        refs = self._shared_refs(git)
        with _explained(self.directory):
            state = self._renew(git, refs) if self.common_dir.exists() else self._make(refs)
            self._make_places()
        return state

    def _shared_refs(self, git: Git) -> dict[str, str]:
        listed = git.run("for-each-ref", "--format=%(objectname) %(refname)", git_dir=self.repository.common_dir)
        found = (line.split(b" ", 1) for line in listed.stdout.splitlines())
        return {os.fsdecode(ref): name.decode() for name, ref in found if not ref.startswith(_NOT_SHARED)}

    def _make(self, refs: Mapping[str, str]) -> State:
        new = self.directory / "git.new"
        files.remove_tree(new)
        for name in ("objects/info", "objects/pack", "refs/heads", "refs/tags", BORROWED, self._admin):
            (new / name).mkdir(parents=True)
        (new / "objects/info/alternates").write_text(f"../{BORROWED}\n")
        source = self.repository.common_dir
        for name in ("config", "config.worktree", "HEAD", "shallow", f"logs/refs/heads/{self.branch}"):
            _copy_file(source / name, new, name)
        _copy_tree(source / "info", new, "info")
        _copy_tree(self.record.git_dir, new, self._admin)
        _write_packed(new, refs)
        state = State(refs.get(f"refs/heads/{self.branch}", ""), refs, is_settled=False)
        self.save_state(state)
        new.rename(self.common_dir)
        return state

    def _renew(self, git: Git, refs: Mapping[str, str]) -> State:
        """Give it the refs as they are now, but where it has changed them itself.

        What is known is written last: until then the copy has what it had, or what the repository has.
        """
        state = self.load_state()
        there = self._packed()
        changed = {ref: name for ref, name in there.items() if name not in {state.seed.get(ref), refs.get(ref)}}
        own = f"refs/heads/{self.branch}"
        wanted = {**refs, **changed}
        tip = self.tip() or (state.imported if self.is_branch_gone else None)
        if not tip:
            message = f"branch {self.branch} cannot be found in {self.common_dir}, where the sandbox had it"
            raise ConflictError(message, hint=f"see what is in it, and move {self.directory} away to start anew")
        is_followed = tip == state.imported and own in refs and self._can_follow
        if is_followed and refs[own] != tip:
            is_followed = not state.held and self._has_nothing_staged(git, tip)
        is_there = is_followed or tip == refs.get(own)
        now = replace(state, imported=refs[own] if is_there else state.imported, seed=refs, is_settled=False)
        wanted[own] = now.imported if is_followed else there.get(own, tip)
        _write_packed(self.common_dir, wanted)
        if is_followed and now.imported != tip:
            self._bring_index()
            files.remove(self.common_dir, own)
        for name in ("config", "shallow"):
            _copy_file(self.repository.common_dir / name, self.common_dir, name)
        self.save_state(now)
        return now

    def _make_places(self) -> None:
        """Have something stand where something is mounted: what mounts follows links, and makes what they lead to."""
        files.make_directory(self.common_dir, BORROWED)
        for place in self.shown_as_it_is():
            relative = os.fspath(place.relative_to(self.repository.common_dir))
            if place.is_dir():
                files.make_directory(self.common_dir, relative)
            else:
                _copy_file(place, self.common_dir, relative)

    @property
    def _can_follow(self) -> bool:
        """Whether the branch, where it moved outside and not in here, can be taken to where it is there."""
        head = self._read(f"{self._admin}/HEAD").strip()
        return head == b"ref: refs/heads/" + os.fsencode(self.branch) and not self.half_done

    def _has_nothing_staged(self, git: Git, tip: str) -> bool:
        """Whether no work is lost with the index in there; what cannot be read is not taken for nothing."""
        index = self.index()
        ours = files.read(self.record.git_dir, "index")
        if ours is not None and ours.content == index[_INDEX]:  # a kill came after it was brought there
            return True
        with contextlib.suppress(ClientError), reading(git, self.repository, index, tip) as found:
            return not found.staged()
        return False

    def _bring_index(self) -> None:
        """Give it the index of the tree, after what that shares."""
        shared = [name for name in files.names_in(self.record.git_dir, ".")[0] if _SHARED_INDEX.fullmatch(name)]
        for name in (*shared, _INDEX):
            _copy_file(self.record.git_dir / name, self.common_dir, f"{self._admin}/{name}")

    def remove(self) -> None:
        """Remove all that the sandbox keeps.

        Raises:
            PermanentError: the operating system refused.
        """
        files.remove_tree(self.directory)

    # --- reading it --------------------------------------------------------------------------------------------------

    def tip(self) -> str | None:
        """The commit that its branch has there; None when that cannot be told.

        Raises:
            ClientError: the operating system refused.
        """
        name = f"refs/heads/{self.branch}"
        value = self._read(name).strip()
        if value:  # also where it is another's name: what is packed is not what git has then
            return value.decode() if _VALUE.fullmatch(value) else None
        return self._packed().get(name)

    @property
    def is_branch_gone(self) -> bool:
        """Whether its branch was deleted or renamed in there: what it had, another name or a log has."""
        return self.tip() is None and not os.path.lexists(self.common_dir / f"refs/heads/{self.branch}")

    @property
    def half_done(self) -> str | None:
        """What was begun in there and not ended: `rebase`, `merge`, ...; None when nothing."""
        there = {*self._names(self._admin)}
        return next((what for name, what in HALF_DONE.items() if name in there), None)

    def index(self) -> Index:
        """The index in there, as it is, with what it shares.

        Raises:
            ClientError: the operating system refused, or it is too large.
        """
        shared = [name for name in self._names(self._admin) if _SHARED_INDEX.fullmatch(name)]
        found = self._contents((f"{self._admin}/{name}" for name in (_INDEX, *shared)), _LARGEST_INDEX)
        return {relative.rpartition("/")[2]: content for relative, content in found.items()}

    def named(self) -> set[str]:
        """All that refs and their logs name in there and were not given to it: commits, or what somebody wrote.

        Raises:
            ClientError: the operating system refused, or it is more than is looked at.
        """
        state, packed = self.load_state(), self._packed()
        values = {name for ref, name in packed.items() if state.seed.get(ref) != name}
        trees = ("", *(f"worktrees/{name}/" for name in self._names("worktrees")))
        logs = [file for tree in trees for place in ("refs", "logs") for file in self._files(f"{tree}{place}")]
        heads = [f"{tree}{name}" for tree in trees for name in _HEADS]
        for content in self._contents((*logs, *heads), _LARGEST).values():
            values.update(match.decode() for match in _NAMED.findall(content))
        found = {name for name in values if name.strip("0")} - {state.imported}
        if len(found) > _MOST_NAMES:
            raise PermanentError(f"refs and logs in {self.common_dir} name more than {_MOST_NAMES} commits")
        return found

    def _contents(self, relatives: Iterable[str], most: int) -> dict[str, bytes]:
        """What files there hold, by their names; no more than so many bytes together."""
        found: dict[str, bytes] = {}
        left = most
        for relative in relatives:
            content = self._read(relative, left)
            found[relative] = content
            left -= len(content)
        return found

    def _names(self, relative: str) -> list[str]:
        """The names in a directory there; none when it is none, or a step of the way is a link."""
        with contextlib.suppress(ConflictError):
            return [name for names in files.names_in(self.common_dir, relative) for name in names]
        return []

    def _files(self, relative: str) -> tuple[str, ...]:
        with contextlib.suppress(ConflictError):
            return files.list_files(self.common_dir, relative)
        return ()

    def _packed(self) -> dict[str, str]:
        found = (_PACKED.fullmatch(line) for line in self._read("packed-refs").split(b"\n"))
        return {os.fsdecode(match[2]): match[1].decode() for match in found if match}

    def _read(self, relative: str, most: int = _LARGEST) -> bytes:
        """What a file there holds; nothing when it is none, or a step of the way is a link."""
        with contextlib.suppress(ConflictError):
            entry = files.read(self.common_dir, relative, most)
            return (entry.content or b"") if entry else b""
        return b""

    # --- showing it --------------------------------------------------------------------------------------------------

    def shown_as_it_is(self) -> Iterator[Path]:
        """What of the real directory is shown in place of the copy: what only others write."""
        common_dir, git_dir = self.repository.common_dir, self.record.git_dir
        ours = (entry for entry in sorted(git_dir.iterdir()) if entry.name.startswith(_OURS))
        places = (common_dir / "config", common_dir / "hooks", common_dir / "modules", git_dir / "modules", *ours)
        yield from (place for place in places if place.name != DIRECTORY and place.exists() and not place.is_symlink())


def _write_packed(common_dir: Path, refs: Mapping[str, str]) -> None:
    lines = b"".join(b"%s %s\n" % (name.encode(), os.fsencode(ref)) for ref, name in sorted(refs.items()))
    files.write(common_dir, "packed-refs", lines)


def _copy_file(source: Path, root: Path, relative: str) -> None:
    """Copy a regular file, whatever it replaces; what is no such file is passed over."""
    entry = files.read(source.parent, source.name) if source.parent.is_dir() else None
    if entry is not None and entry.content is not None:
        files.write(root, relative, entry.content)


def _copy_tree(source: Path, root: Path, relative: str) -> None:
    """Copy directories and regular files, but locks and what is ours."""
    files.make_directory(root, relative)
    for entry in _entries(source):
        if entry.name.startswith(_OURS) or entry.name.endswith(".lock") or entry.name == "modules":
            continue
        if entry.is_dir(follow_symlinks=False):
            _copy_tree(source / entry.name, root, f"{relative}/{entry.name}")
        elif entry.is_file(follow_symlinks=False):
            _copy_file(source / entry.name, root, f"{relative}/{entry.name}")


def _entries(directory: Path) -> Iterable[os.DirEntry[str]]:
    return sorted(os.scandir(directory), key=lambda entry: entry.name) if directory.is_dir() else ()


@contextlib.contextmanager
def _explained(where: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise refused(f"cannot prepare {where}", error) from error


def home_of(record: TreeRecord) -> Path:
    """Where the home of the commands in a tree's sandbox is, if they have one."""
    return record.git_dir / DIRECTORY / "home"


def unsaved_reasons(repository: Repository, record: TreeRecord) -> Iterator[str]:
    """Say what of a tree's sandbox would be lost with the tree. Starts no program.

    Raises:
        ClientError: the operating system refused.
    """
    directory = record.git_dir / DIRECTORY
    if is_busy(directory):
        yield "a command is running in its sandbox"
        return
    if not (directory / "git").exists():
        return
    private = PrivateGit(repository, record, record.branch or "")
    try:
        state = private.load_state()
    except ConflictError as error:
        yield error.message
        return
    if not state.is_settled:
        yield "a command in its sandbox was killed, and what it left is not known: `orchestra exec` completes it"
    yield from state.held


@dataclass(frozen=True, slots=True)
class Unimported:
    """Commits that a sandbox has and the repository has not.

    Attributes:
        commits: how many; 0 when nobody counted.
        is_refused: whether they were looked at and refused.
        is_busy: whether a command runs in there.
    """

    commits: int
    is_refused: bool
    is_busy: bool


def find_unimported(repository: Repository, record: TreeRecord, branch: str) -> Unimported | None:
    """Say whether a tree's sandbox has commits that were not imported. Starts no program.

    Raises:
        ConflictError: what is known of it cannot be read.
        ClientError: the operating system refused.
    """
    private = PrivateGit(repository, record, branch)
    if not private.common_dir.exists():
        return None
    state, tip = private.load_state(), private.tip()
    if tip == state.imported:
        return None
    refused, commits = state.refused or ("", 0)
    is_refused = tip == refused
    return Unimported(commits if is_refused else 0, is_refused, is_busy(private.directory))


def require_files_backend(config: Mapping[str, str]) -> None:
    """Refuse refs that are not files: a copy of one stack of all refs cannot be told apart by branches.

    Raises:
        PermanentError: they are kept in a reftable.
    """
    if config.get("extensions.refstorage", "files") != "files":
        message = f"the refs of this repository are kept as {config['extensions.refstorage']}"
        raise PermanentError(message, hint="a sandbox needs `files`: `git refs migrate --ref-format=files`")
