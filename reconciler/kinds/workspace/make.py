"""Make, rename, move, repair and complete workspaces: git's records one at a time, the files of trees in parallel."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from reconciler.clients import excludes, files
from reconciler.clients.git import Git, Repository
from reconciler.clients.hooks import set_filling
from reconciler.clients.marks import Mark, MarkBook, change_book, load_book
from reconciler.clients.process import Finished
from reconciler.clients.refusals import refused
from reconciler.clients.survey import BRANCH_KEY, branch_mark_value
from reconciler.clients.takedown import is_set_aside, put_back
from reconciler.clients.trees import Standing, connect, linked_git_dir
from reconciler.errors import ConflictError, OrchestraError, PermanentError
from reconciler.kinds.installed import ANEW
from reconciler.kinds.memory import Memory
from reconciler.kinds.workspace.fill import drop_stale_locks, fill, shield
from reconciler.kinds.workspace.observe import desk_address, empty_submodules
from reconciler.kinds.workspace.parking import bring_back, bring_back_settings
from reconciler.kinds.workspace.rename import begin_rename, finish_rename, move, rename
from reconciler.kinds.workspace.spec import BEING_MADE, KIND, TreeActual, WorkspaceActual, WorkspaceSpec
from reconciler.model.address import Address
from reconciler.vault.position import current_branch
from reconciler.vault.restore import require_whole
from reconciler.vault.shelf import read_archives
from reconciler.vault.vault import Vault, unpark_all


@dataclass(frozen=True)
class Maker:
    """Makes workspaces of one clone.

    Attributes:
        clone: the identity that the marks name.
        vault: where the archives of trees are.
        memory: is told which files of ours an archive brought back.
        records: held while git's shared records are written: `git worktree add`, branches and configuration are not
            safe in parallel.
    """

    git: Git
    repository: Repository
    clone: str
    vault: Vault
    memory: Memory = field(default_factory=Memory)
    records: threading.Lock = field(default_factory=threading.Lock)

    def make(self, spec: WorkspaceSpec, actual: WorkspaceActual, ordered: Collection[str]) -> None:
        """Bring a workspace to what is declared; every step can be done again.

        Args:
            spec: what is declared.
            actual: what was found just now.
            ordered: the fields that the plan changes: nothing is renamed or moved that it does not name.

        Raises:
            OrchestraError: it could not be brought there; what is done stays done.
        """
        if spec.host:
            self._make_desk(spec, actual.host or spec.host)
        if spec.tree:
            self._make_tree(spec, actual, ordered)

    def _make_tree(self, spec: WorkspaceSpec, actual: WorkspaceActual, ordered: Collection[str]) -> None:
        tree = actual.tree
        if tree is None:
            self._make_new(spec, actual)
            return
        if tree.head is None and tree.branch is None:
            self._discard(tree)
            self._make_tree(spec, replace(actual, tree=None), ordered)
            return
        if tree.standing is Standing.MISSING:
            tree = self._make_again(spec, tree)
        elif tree.standing is not Standing.PRESENT:
            self._repair(tree)
        if tree.filling and tree.locked == BEING_MADE:
            with self._writing_records():
                self._git("worktree", "unlock", tree.path)
        if tree.mark.state == "filled":
            self._finish_filled(spec, tree.git_dir, tree.path, tree.mark.declared)
        elif tree.filling:
            self._fill(spec, tree.git_dir, tree.path, tree.mark.declared)
        self._update(spec, tree, ordered, has_base=actual.base is not None and actual.base.commit is not None)

    # --- a new tree --------------------------------------------------------------------------------------------------

    def _make_new(self, spec: WorkspaceSpec, actual: WorkspaceActual) -> None:
        """Make a tree, or bring one back; under its old name if the branch was renamed since, until that is done."""
        back, archive = actual.comes_back, actual.parked
        declared = dict(spec.declared)
        if back and archive:
            require_whole(self.vault, archive)  # else half of a tree would wait for what never comes
            declared["archive"] = archive.commit
        if back and back.is_renamed:
            declared["branch"] = back.branch
        git_dir = self._add(spec, actual)
        self._fill(spec, git_dir, spec.path, declared)
        if back and back.is_renamed and back.branch:
            self._rename_branch(spec, spec.path, back.branch, back.branch)
            self._mark(spec, git_dir, {**_without_archive(declared), "branch": spec.branch}, "ready")

    def _add(self, spec: WorkspaceSpec, actual: WorkspaceActual) -> Path:
        """Let git make branch and record. The branch is marked first: a kill in between leaves word of whose it is."""
        made = not actual.around.branch_commit or actual.branch_made
        back = actual.comes_back
        with self._writing_records():
            if back is None or back.branch == spec.branch:
                self._mark_branch(spec, made=made)
            self._git("worktree", "add", "--no-checkout", *_add_words(spec, actual))
        git_dir = linked_git_dir(spec.path)
        if git_dir is None:
            raise PermanentError(f"git made no worktree at {spec.path}")
        shield(git_dir)
        return git_dir

    def _discard(self, tree: TreeActual) -> None:
        """Drop a record that git was killed over: there is no commit in it, and nothing but git's link in its tree."""
        if tree.path.exists() and {entry.name for entry in tree.path.iterdir()} - {".git"}:
            raise ConflictError(f"{tree.path} is half made, and somebody wrote into it", hint="move what is in it away")
        with self._writing_records():
            self._git("worktree", "remove", "--force", "--force", tree.path)

    def _fill(self, spec: WorkspaceSpec, git_dir: Path, path: Path, declared: Mapping[str, Any]) -> None:
        """Write the files; until the mark says so a kill leaves word that they are not complete."""
        self._mark(spec, git_dir, declared, "filling")
        try:
            self._write_files(spec, git_dir, path, declared.get("archive"))
        except OrchestraError:
            shield(git_dir)
            raise
        self._mark(spec, git_dir, declared, "filled")
        self._finish_filled(spec, git_dir, path, declared)

    def _write_files(self, spec: WorkspaceSpec, git_dir: Path, path: Path, archive: str | None) -> None:
        if (git_dir / "index").exists():  # else the lock that stands there does no harm yet
            drop_stale_locks(path, git_dir)
        self._set_sparse(spec, git_dir, path)
        fill(self.git, path, git_dir)
        self._bring_back(spec, git_dir, path, archive)

    def _finish_filled(self, spec: WorkspaceSpec, git_dir: Path, path: Path, declared: Mapping[str, Any]) -> None:
        """What comes after the files: from here on those are a user's, and never completed again."""
        left_empty = self._fill_submodules(spec, path)
        is_brought_back = "archive" in declared  # with whatever the hook did to it the first time
        said = None if is_brought_back else self._run_post_checkout(path)
        unpark_all(self.vault, *filter(None, (spec.name, spec.was)))
        self._mark(spec, git_dir, {**_without_archive(declared), **left_empty}, "ready")
        if said is not None:
            raise PermanentError(
                f"{path} is made, but its post-checkout hook failed: {said}",
                hint="mend the hook; the next apply goes on from here",
            )

    def _bring_back(self, spec: WorkspaceSpec, git_dir: Path, path: Path, commit: str | None) -> None:
        """Put the archive that the mark names into the tree, with the marks of what was edited in it."""
        if commit is None:
            return
        archive = read_archives(self.git, self.repository, [commit]).get(commit)
        if archive is None:
            raise PermanentError(f"archive {commit} cannot be read", hint="see `git fsck` and `orchestra archive list`")
        head = self.git.run("rev-parse", "HEAD", cwd=path).text.strip()
        if archive.summary and archive.summary.head != head:
            return  # a kill left a tree of this name that was made otherwise
        book = bring_back(self.vault, archive, path, git_dir, self.clone)
        if branch := current_branch(git_dir):
            with self._writing_records():
                bring_back_settings(self.vault, archive, branch)
        # What is installed, and what guards, is in no archive: it is put there again.
        marks = {a: mark for a, mark in (book.marks if book else {}).items() if a.kind not in {KIND, *ANEW}}
        kept = {_renamed(address, archive.name, spec.name): mark for address, mark in marks.items()}
        change_book(git_dir, self.clone, lambda now: replace(now, marks={**kept, **now.marks}), durable=True)
        self.memory.brought_back.update(kept)
        if book and self._is_sparse_otherwise(spec, book.marks.get(Address(KIND, archive.name))):
            # The index is that of other inodes, and git leaves a file in place of which it is not sure.
            self.git.run("update-index", "-q", "--refresh", cwd=path, ok=(0, 1))
            self._set_sparse(spec, git_dir, path)

    def _is_sparse_otherwise(self, spec: WorkspaceSpec, before: Mark | None) -> bool:
        """Whether it was declared otherwise when it was saved; what somebody did by hand is brought back as it was."""
        return before is not None and before.declared.get("sparse") != spec.declared["sparse"]

    def _make_again(self, spec: WorkspaceSpec, tree: TreeActual) -> TreeActual:
        """Put a deleted tree back to its record: the index, and what was staged in it, is still there."""
        declared = {**tree.mark.declared, "path": str(spec.path)}
        if is_set_aside(tree.path, tree.git_dir):
            return self._put_back(spec, tree, Mark(declared, tree.mark.state))
        self._mark(spec, tree.git_dir, declared, "filling", name=tree.marked_as)
        try:
            spec.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise refused(f"cannot make {spec.path}", error) from error
        with self._writing_records():
            connect(spec.path, tree.git_dir)
        return replace(tree, path=spec.path, filling=True, mark=Mark(declared, "filling"))

    def _put_back(self, spec: WorkspaceSpec, tree: TreeActual, mark: Mark) -> TreeActual:
        """Put back a tree that lies aside, since its removal was killed: it is whole, nothing is completed."""
        unpark_all(self.vault, *filter(None, (spec.name, spec.was)))
        book = load_book(tree.git_dir, self.clone)
        self.memory.brought_back.update(book.marks if book else ())
        put_back(tree.path)
        with self._writing_records():
            if tree.path != spec.path:
                move(tree.git_dir, tree.path, spec.path)
            connect(spec.path, tree.git_dir)
        self._mark(spec, tree.git_dir, mark.declared, mark.state, name=tree.marked_as)
        return replace(tree, path=spec.path, standing=Standing.PRESENT, mark=mark)

    def _run_post_checkout(self, tree: Path) -> str | None:
        """Run the user's hook as `git worktree add` does; like there, its failure is told and does not undo the tree.

        Returns:
            What a failing hook said; None when there is none, or it succeeded.
        """
        head = self.git.run("rev-parse", "HEAD", cwd=tree).text.strip()
        words = ("hook", "run", "--ignore-missing", "post-checkout", "--", "0" * len(head), head, "1")
        ended = self.git.run(*words, cwd=tree, ok=range(256))
        return (ended.stderr or ended.text.strip() or f"exit status {ended.code}") if ended.code else None

    # --- a tree that is there ----------------------------------------------------------------------------------------

    def _update(self, spec: WorkspaceSpec, tree: TreeActual, ordered: Collection[str], *, has_base: bool) -> None:
        if tree.marked_as != spec.name:
            self._rename_marks(tree, spec.name)
        if "branch" in ordered or tree.branch == spec.branch:
            self._rename_branch(spec, tree.path, tree.branch, tree.mark.declared.get("branch"))
        if "path" in ordered and tree.path != spec.path:
            with self._writing_records():
                move(tree.git_dir, tree.path, spec.path)
        path = spec.path if "path" in ordered else tree.path
        if "checkout" in ordered:
            self._set_sparse(spec, tree.git_dir, path)
        left_empty = self._fill_submodules(spec, path)
        self._mark(spec, tree.git_dir, {**_achieved(spec, tree, ordered, has_base=has_base), **left_empty}, "ready")

    def _rename_branch(self, spec: WorkspaceSpec, tree: Path, branch: str | None, before: object) -> None:
        """Give the branch its name, unless it has it, and its mark; complete what a kill left between two names."""
        with self._writing_records():
            if branch and branch != spec.branch:
                begin_rename(self.git, self.repository, branch, spec.branch)
            self._mark_branch(spec, made=None)
            if branch and branch != spec.branch:
                rename(self.git, self.repository, tree, branch, spec.branch)
            elif before and before != spec.branch:
                finish_rename(self.git, self.repository, str(before), spec.branch)

    def _repair(self, tree: TreeActual) -> None:
        with self._writing_records():
            connect(tree.path, tree.git_dir)
        excludes.put_in_force(self.git, tree.path, tree.git_dir)

    def _rename_marks(self, tree: TreeActual, new: str) -> None:
        def rename(book: MarkBook) -> MarkBook:
            marks = {_renamed(address, tree.marked_as, new): mark for address, mark in book.marks.items()}
            newer = {address: mark for address, mark in book.marks.items() if address in marks}
            return replace(book, marks={**marks, **newer})

        change_book(tree.git_dir, self.clone, rename, durable=True)

    # --- parts -------------------------------------------------------------------------------------------------------

    def _set_sparse(self, spec: WorkspaceSpec, git_dir: Path, path: Path) -> None:
        active = (git_dir / "info" / "sparse-checkout").exists()
        if spec.sparse is None and not active:
            return
        with self._writing_records():
            if spec.sparse is None:
                self.git.run("sparse-checkout", "disable", cwd=path)
                (git_dir / "info" / "sparse-checkout").unlink(missing_ok=True)
            else:
                patterns = "".join(f"{line}\n" for line in spec.sparse)
                self.git.run("sparse-checkout", "set", "--no-cone", "--stdin", cwd=path, stdin=os.fsencode(patterns))

    def _fill_submodules(self, spec: WorkspaceSpec, tree: Path) -> dict[str, Any]:
        """Fill them, and say which ones git leaves empty, since they are none or are switched off."""
        if not spec.submodules or not empty_submodules(tree):
            return {}
        with self._writing_records():  # `init` writes into the configuration that all worktrees share
            self.git.run("submodule", "--quiet", "init", cwd=tree)
        self.git.run("submodule", "--quiet", "update", "--init", "--recursive", cwd=tree)
        return {"left_empty": list(empty_submodules(tree))}

    def _mark_branch(self, spec: WorkspaceSpec, *, made: bool | None) -> None:
        key = f"branch.{spec.branch}.{BRANCH_KEY}"
        if made is None:
            made = self._git("config", "--get", key, ok=(0, 1)).text.strip().endswith(" made")
        self._git("config", key, branch_mark_value(self.clone, Address(KIND, spec.name), made=made))

    def _mark(
        self, spec: WorkspaceSpec, git_dir: Path, declared: Mapping[str, Any], state: str, *, name: str | None = None
    ) -> None:
        address, mark = Address(KIND, name or spec.name), Mark(declared, state)
        set_filling(git_dir, is_filling=state == "filling")  # what the tree's hooks can read without a program
        change_book(git_dir, self.clone, lambda book: book.put(address, mark), durable=True)

    def _make_desk(self, spec: WorkspaceSpec, host: Path) -> None:
        git_dir = linked_git_dir(host)
        if git_dir is None:
            raise ConflictError(f"{host} is no worktree any more", hint="run `orchestra plan` to see why")
        files.make_directory(host, spec.desk)
        mark = Mark({"desk": spec.desk, **spec.declared})
        change_book(git_dir, self.clone, lambda book: book.put(desk_address(spec.name), mark))

    @contextlib.contextmanager
    def _writing_records(self) -> Iterator[None]:
        try:
            with self.records:
                yield
        except OSError as error:
            raise refused(str(error.filename), error) from error

    def _git(self, *words: str | Path, ok: tuple[int, ...] = (0,)) -> Finished:
        # From the git directory, not from a worktree: `worktree add` copies the per-worktree configuration of the one
        # it is run in.
        return self.git.run(*words, git_dir=self.repository.common_dir, ok=ok)


def _add_words(spec: WorkspaceSpec, actual: WorkspaceActual) -> list[str | Path]:
    around, back = actual.around, actual.comes_back
    # Twice: a record that came with a copy of another clone claims the branch.
    force = ["--force", "--force"] if around.is_recorded else []
    if back and back.branch is None:
        return [*force, "--detach", spec.path, back.head]
    if back and back.branch and back.exists:
        return [*force, spec.path, back.branch]
    if back and back.branch:
        return [*force, "--no-track", "-b", back.branch, spec.path, back.head]
    if around.branch_commit:
        return [*force, spec.path, spec.branch]
    if around.remote:
        return [*force, "--track", "-b", spec.branch, spec.path, f"refs/remotes/{around.remote[0]}"]
    start = actual.base.commit if actual.base else None
    if start is None:
        raise PermanentError(f"there is no commit to start branch {spec.branch} from")
    return [*force, "--no-track", "-b", spec.branch, spec.path, start]


def _without_archive(declared: Mapping[str, Any]) -> dict[str, Any]:
    """What a mark says as soon as the archive that it names is in the tree."""
    return {key: value for key, value in declared.items() if key != "archive"}


def _achieved(spec: WorkspaceSpec, tree: TreeActual, ordered: Collection[str], *, has_base: bool) -> dict[str, Any]:
    """What the mark may say: of what was not ordered, and is not so, it keeps what was declared before."""
    before = tree.mark.declared
    is_on_branch = "branch" in ordered or tree.branch == spec.branch
    # A tree is never moved to another base, and `sync` says when it has it; but a helper's is renamed with its branch.
    has_base_by_new_name = spec.level > 1 and is_on_branch and before.get("branch") != spec.branch and has_base
    is_so = {
        "branch": is_on_branch,
        "path": "path" in ordered or tree.path == spec.path,
        "sparse": "checkout" in ordered or tree.sparse == spec.sparse,
        "protect": spec.protect is not None,  # only an applied `false` takes it off
        "base": has_base_by_new_name,
    }
    kept = {key: before.get(key) for key, is_done in is_so.items() if not is_done}
    left_empty = {key: before[key] for key in before if key == "left_empty"}
    return {**spec.declared, **kept, **left_empty}


def _renamed(address: Address, old: str, new: str) -> Address:
    name = address.name
    if name == old or name.startswith((f"{old}--", f"{old}/")):
        return Address(address.kind, new + name.removeprefix(old))
    return address
