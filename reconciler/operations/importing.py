"""The import: what a sandboxed command committed reaches the repository, if it keeps the area.

The rule: judged as `check` judges, by the manifest in force, before one object of it is the repository's; the branch is
moved only from the commit that is known, and what is refused stays where it was made.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from reconciler.boundaries.paths import shown
from reconciler.clients import files
from reconciler.clients.borrowed import HASHES, Borrowed, borrow
from reconciler.clients.descent import scan
from reconciler.clients.history import changes_between
from reconciler.clients.lock import Held
from reconciler.clients.pack import ObjectFormat
from reconciler.clients.sandbox.incoming import Incoming, incoming
from reconciler.clients.sandbox.private_git import PrivateGit, State
from reconciler.clients.sandbox.staged import Staged, reading
from reconciler.clients.survey import Survey, take_survey
from reconciler.errors import ClientError, ConflictError, LockHeldError, OrchestraError, RefusedError
from reconciler.manifest.declaration import Manifest
from reconciler.model.layout import DESKS
from reconciler.model.phrases import plural, some
from reconciler.operations.check_commits import Checked, judged
from reconciler.operations.governed import Branches, Heads
from reconciler.operations.locking import locked
from reconciler.operations.session import Session

_GITLINK, _LINK = "160000", "120000"
_LARGEST = 1 << 26  # a guess: a larger file is kept once more rather than read
_LOCK_SECONDS = 10.0
_LONGEST = 200  # of a path that is told
_MESSAGES = f"{DESKS}/messages"
_MESSAGE = re.compile(r"refused-[0-9a-f]{12}\.md")
_KEPT = "refs/worktree/sandbox/"
"""Refs that only the tree has: what was left in its sandbox."""


@dataclass(frozen=True, slots=True)
class Result:
    """What became of the commits of a sandbox.

    Attributes:
        what: in words; empty when there was nothing to import.
        checked: what they were refused for, where that is the area.
        hint: a way out of a refusal.
    """

    what: str = ""
    checked: Checked | None = None
    hint: str = ""
    is_refused: bool = False


@dataclass
class Importer:
    """Imports the commits of one sandbox, as often as it is asked.

    Attributes:
        name: the workspace.
        open: directories of the tree in which the command could write.
        scratch: those of them that are not looked into.
        render: writes a result in words.
    """

    session: Session
    manifest: Manifest
    name: str
    private: PrivateGit
    open: tuple[str, ...]
    scratch: tuple[str, ...]
    render: Callable[[Result], str]
    results: list[Result] = field(default_factory=list)
    _refused: str | None = None

    def converge(self) -> None:
        """Bring the index to where the branch is, where an import was killed between the two.

        Raises:
            ClientError: git refused.
        """
        state = self.private.load_state()
        if state.stepping is None:
            return
        old, new = state.stepping
        with self._locked(_LOCK_SECONDS):
            tip = take_survey(self.session.git, self.session.repository).commit_of(self.private.branch)
            if tip == new:
                self._step(old, new)
            self.private.save_state(replace(state, imported=new if tip == new else state.imported, stepping=None))

    def look(self) -> None:
        """Import what is new; a lock that is held is waited for until the next time, and nothing is raised."""
        with self._refusing(), contextlib.suppress(LockHeldError):
            self._look(lock_seconds=0.0)

    def finish(self) -> None:
        """Import what is new, and say what was not; nothing is raised."""
        self._refused = None
        for step in (partial(self._look, lock_seconds=_LOCK_SECONDS), self.settle):
            with self._refusing():
                step()

    @contextlib.contextmanager
    def _refusing(self) -> Iterator[None]:
        """Take for refused whatever goes wrong over a stranger's bytes, also what nobody thought of."""
        try:
            yield
        except OrchestraError as error:
            self._refuse(Result(error.message, hint=error.hint, is_refused=True))
        except Exception as error:  # noqa: BLE001 - as above
            what = f"what is in {self.private.common_dir} cannot be looked at: {type(error).__name__} {error}"
            self._refuse(Result(what.strip(), hint="see what is in there", is_refused=True))

    def settle(self) -> None:
        """Give the tree what the private copy alone has and a branch has not, so that a save of the tree has it.

        Raises:
            ClientError: git or the operating system refused; nothing is taken for known then.
        """
        held = tuple(self._held())
        with self._locked(_LOCK_SECONDS):
            state = self.private.load_state()
            self.private.save_state(replace(state, is_settled=True, held=held))

    def _held(self) -> Iterator[str]:
        """Keep what can be kept, and say what cannot."""
        try:
            state, tip = self.private.load_state(), self.private.tip()
            if tip != state.imported:
                yield "commits in its sandbox are not imported"
            if begun := self.private.half_done:
                yield f"a {begun} is half done in its sandbox"
            known = self._known()
            self._keep_unnamed(known)
            if tip and tip == state.imported and not begun:
                self._keep_staged(tip, known)
        except ClientError as error:
            what = f"what else is in its sandbox cannot be read: {error.message}"
            if all(error.message not in each.what for each in self.results):
                self.results.append(Result(what, hint=error.hint, is_refused=True))
            yield what

    def _keep_unnamed(self, known: set[str]) -> None:
        """Take in commits that only a stash, a log or another branch in there names, and name them for this tree."""
        names = self.private.named() - known
        if not names:
            return
        missing, is_news = self._missing(names, known)
        if is_news or missing != self.private.load_state().missing:
            self._keep(names, (self.private.objects,), known, missing_ok=True)
            missing, _ = self._missing(names, known)
            self.private.save_state(replace(self.private.load_state(), missing=missing))

    def _missing(self, names: set[str], known: set[str]) -> tuple[str, bool]:
        """What is not here, as one word, and whether git collects some of the rest: what is kept is not copied again.

        Never here are tags, of which only the commits are kept, and what is nowhere.
        """
        with borrow(self.session.git, self.session.repository, next(iter(names))) as store:
            commits = store.commits(names)
            missing = hashlib.sha256("\n".join(sorted(names - commits.keys())).encode()).hexdigest()
            with contextlib.suppress(ClientError):
                return missing, bool(store.independent(commits.values(), known))
            return missing, True  # what is here is not whole

    def _keep_staged(self, tip: str, known: set[str]) -> None:
        """Take in what the index in there has and neither a commit nor the tree has, and name it for this tree."""
        git, repository = self.session.git, self.session.repository
        with reading(git, repository, self.private.index(), tip) as index:
            if not self._has_more(index.staged(), ObjectFormat(HASHES[len(tip)])):
                return
            name = index.write()
            if name not in known:
                self._keep({name}, (self.private.objects, index.store.git_dir / "objects"), known)

    def _has_more(self, staged: Iterable[Staged], form: ObjectFormat) -> bool:
        tree = self.private.record.path
        return any(each.name.strip("0") and not _is_in(tree, each, form) for each in staged)

    def _keep(self, names: set[str], objects: Sequence[Path], known: set[str], *, missing_ok: bool = False) -> None:
        git, repository = self.session.git, self.session.repository
        with incoming(git, repository, objects, names, known, missing_ok=missing_ok) as found:
            tips = found.store.independent(found.tips, known)
            with self._locked(_LOCK_SECONDS):
                found.take(git, repository)
                lines = "".join(f"update {_KEPT}{name[:16]} {name}\n" for name in tips)
                # With a log: git collects what only another tree's refs name, but not what only its logs do.
                log = ("--create-reflog", "-m", "orchestra: left in the sandbox")
                words = ("-c", f"core.hooksPath={os.devnull}", "update-ref", *log, "--stdin")
                git.run(*words, git_dir=self.private.record.git_dir, stdin=lines.encode())

    def _known(self) -> set[str]:
        """What the repository has, and what was kept for this tree."""
        words = ("for-each-ref", "--format=%(objectname)", _KEPT)
        kept = self.session.git.lines(*words, git_dir=self.private.record.git_dir)
        return {*_shared(take_survey(self.session.git, self.session.repository)), *kept}

    def _refuse(self, result: Result, commits: int = 0) -> None:
        self.results.append(result)
        with contextlib.suppress(OrchestraError):  # it is told once more when the command has ended
            self._refused = tip = self.private.tip()
            state = self.private.load_state()
            if tip not in {None, state.imported, *(state.refused or ())[:1]}:
                self._tell(tip or "", result)
                self.private.save_state(replace(state, refused=(tip or "", commits)))

    def _tell(self, tip: str, result: Result) -> None:
        """Tell whoever works in the tree, while that can still be mended there."""
        files.write(self.private.record.path, f"{_MESSAGES}/refused-{tip[:12]}.md", self.render(result).encode())

    def _take_back(self, state: State) -> None:
        """Remove what was told of commits that are imported by now, or given up."""
        if state.refused is None:
            return
        tree = self.private.record.path
        with contextlib.suppress(ClientError, ConflictError):  # whatever the command put there
            for name in filter(_MESSAGE.fullmatch, files.names_in(tree, _MESSAGES)[0]):
                files.remove(tree, f"{_MESSAGES}/{name}")
        self.private.save_state(replace(self.private.load_state(), refused=None))

    def _look(self, *, lock_seconds: float) -> None:
        state, new = self.private.load_state(), self.private.tip()
        if new is None:
            message = f"branch {self.private.branch} is no longer in {self.private.common_dir}"
            way_out = "the next `orchestra exec` gives it back as it was when it was imported last"
            raise ConflictError(message, hint=way_out if self.private.is_branch_gone else "see what is in its place")
        if new == state.imported:
            self._take_back(state)
        if new in {state.imported, self._refused}:
            return
        self._require_no_repositories()
        survey = take_survey(self.session.git, self.session.repository)
        git, repository, objects = self.session.git, self.session.repository, (self.private.objects,)
        with incoming(git, repository, objects, (new,), _shared(survey)) as found:
            checked, commits = self._judge(survey, found.store, state, new)
            if checked is not None:
                what = f"{plural(commits, 'commit')} of {self.private.branch}"
                self._refuse(Result(what, checked, is_refused=True), commits)
                return
            with self._locked(lock_seconds):
                self._take(found, state, new)
        self._take_back(state)
        how = "" if self._is_ahead(state.imported, new) else ", rewritten"
        what = f"{self.private.branch} is at {new[:9]} now{how} ({plural(commits, 'commit')} of its own)"
        self.results.append(Result(what))

    def _judge(self, survey: Survey, store: Borrowed, state: State, new: str) -> tuple[Checked | None, int]:
        """What is refused, None when nothing is; and how many commits the branch has of its own."""
        branch = self.private.branch
        heads = Heads(self.session.git, self.session.root, survey, {branch: new})
        branches = Branches(self.manifest, heads, None)
        mine = [each for each in judged(store, branches, branches.chosen((), (branch,)), new) if each.name == branch]
        checked = Checked((heads.default_or_none or "", ""), os.fspath(self.manifest.file), tuple(mine))
        if not checked.is_fine:
            return checked, mine[0].commits
        self._require_no_new_links(store, {*branches.trusted(branch), *filter(None, [state.imported])}, new)
        return None, mine[0].commits

    def _require_no_new_links(self, store: Borrowed, known: set[str], new: str) -> None:
        """A submodule brings configuration of its own, by which git runs programs: only a person may add one.

        Raises:
            RefusedError: there is a submodule that nobody knows.
        """
        trees = store.trees({*known, new})
        pairs = [(trees[name], trees[new]) for name in sorted(known) if name in trees]
        added = [
            {change.path for change in changes if change.after[0] == _GITLINK and change.before[0] != _GITLINK}
            for changes in changes_between(store, pairs or [(store.empty_tree, trees[new])]).values()
        ]
        new_links = sorted(set.intersection(*added))
        if new_links:
            message = f"{self.private.branch} adds a submodule ({some([shown(path) for path in new_links])})"
            raise RefusedError(message, hint="take it out of the commits; add submodules outside of the sandbox")

    def _require_no_repositories(self) -> None:
        """A repository within the tree does the same as soon as somebody adds it.

        Raises:
            RefusedError: there is one where the command could write.
        """
        if found := sorted(set(self._repositories())):
            tree = self.private.record.path
            message = f"a repository lies in {tree} ({some(found)}): git would run what its configuration says"
            raise RefusedError(message, hint=f"remove it, for example with `rm -rf {tree / found[0] / '.git'}`")

    def _require_looked_into(self, unreadable: list[str]) -> None:
        """What nobody looked into may hold a repository.

        Raises:
            RefusedError: there is such a directory.
        """
        if unreadable:
            tree = self.private.record.path
            start = unreadable[0] if len(unreadable[0]) <= _LONGEST else f"{unreadable[0][:_LONGEST]}..."
            message = f"a directory in {tree} cannot be looked into, or lies too deep ({shown(os.fsencode(start))})"
            raise RefusedError(message, hint="remove it, or make it readable: a repository could lie in there")

    def _repositories(self) -> Iterator[str]:
        tree, git_dir = self.private.record.path, self.private.record.git_dir
        words = ("ls-files", "-z", "--stage")
        staged = self.session.git.run(*words, git_dir=git_dir).text.split("\0")
        known = {line.partition("\t")[2] for line in staged if line.startswith(f"{_GITLINK} ")}
        for path in self.open:
            if (tree / path).is_symlink() or not (tree / path).is_dir() or path in self.scratch:
                continue
            prefix = f"{path}/" if path else ""
            found = scan(tree / path, lambda inner, _: prefix + inner not in self.scratch)  # noqa: B023 - used at once
            self._require_looked_into([prefix + each for each in found.unreadable])
            at_top = [path] if path and os.path.lexists(tree / path / ".git") else []
            places = (*at_top, *(prefix + each for each in found.repositories))
            yield from (place for place in places if place not in known)

    def _take(self, found: Incoming, state: State, new: str) -> None:
        """Move the branch from the commit that is known to the new one, then the index."""
        git, repository, branch = self.session.git, self.session.repository, self.private.branch
        old = take_survey(git, repository).commit_of(branch) or ""
        if old != state.imported and not self._is_ahead(old, new, found.store):
            if not old:
                hint = f"bring it back: `git branch {branch} {state.imported[:9]}`"
                raise ConflictError(f"branch {branch} was deleted outside, at {state.imported[:9]}", hint=hint)
            message = f"branch {branch} was moved outside, from {state.imported[:9]} to {old[:9]}"
            raise ConflictError(message, hint=f"rebase in there: `orchestra exec {self.name} -- git rebase {old[:9]}`")
        found.take(git, repository)
        self.private.save_state(replace(state, stepping=(old, new)))
        words = ("update-ref", "-m", "orchestra exec: imported", f"refs/heads/{branch}", new, old)
        git.run(*words, git_dir=repository.common_dir)
        self._step(old, new)
        self.private.save_state(replace(state, imported=new, stepping=None))

    def _is_ahead(self, old: str, new: str, store: Borrowed | None = None) -> bool:
        words = ("merge-base", "--is-ancestor", old, new)
        if store is not None:
            return store.run(*words, ok=(0, 1, 128)).code == 0
        return self.session.git.run(*words, git_dir=self.session.repository.common_dir, ok=(0, 1, 128)).code == 0

    def _step(self, old: str, new: str) -> None:
        """Bring the index of the tree along, what somebody staged there kept; no file is touched."""
        git_dir = self.private.record.git_dir
        head = (git_dir / "HEAD").read_text("utf-8", "surrogateescape").strip()
        if head != f"ref: refs/heads/{self.private.branch}":
            return
        words = ("-c", f"core.hooksPath={os.devnull}", "read-tree", "-i", "-m", old, new)
        try:
            self.session.git.run(*words, git_dir=git_dir)
        except ClientError as error:
            what = f"the index of {self.private.record.path} is as it was: {error.message}"
            self.results.append(Result(what, hint="`git status` shows it; `git reset` takes the index to the branch"))

    def _locked(self, seconds: float) -> contextlib.AbstractContextManager[Held]:
        return locked(self.session, "orchestra exec", lock_timeout=seconds)


def _is_in(tree: Path, staged: Staged, form: ObjectFormat) -> bool:
    """Whether a file or link of the tree is what is staged."""
    with contextlib.suppress(ClientError, ConflictError):
        entry = files.read(tree, staged.path, _LARGEST) or files.Entry()
        link = os.fsencode(entry.link) if entry.link is not None else None
        content = link if staged.mode == _LINK else entry.content
        return content is not None and form.identify("blob", content) == staged.name
    return False


def _shared(survey: Survey) -> set[str]:
    heads = (record.head for record in survey.records if record.head)
    return {*(branch.commit for branch in survey.branches.values()), *survey.remotes.values(), *heads}
