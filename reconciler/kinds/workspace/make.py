"""Make, rename, move, repair and complete workspaces: git's records one at a time, the files of trees in parallel."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from reconciler.clients import files
from reconciler.clients.git import Git, Repository
from reconciler.clients.marks import Mark, MarkBook, change_book
from reconciler.clients.process import Finished
from reconciler.clients.survey import BRANCH_KEY, branch_mark_value
from reconciler.clients.trees import Standing, linked_git_dir
from reconciler.errors import ConflictError, PermanentError
from reconciler.kinds.workspace.fill import complete, fill
from reconciler.kinds.workspace.observe import KIND, desk_address
from reconciler.kinds.workspace.spec import TreeActual, WorkspaceActual, WorkspaceSpec
from reconciler.model.address import Address


@dataclass(frozen=True)
class Maker:
    """Makes workspaces of one clone.

    Attributes:
        clone: the identity that the marks name.
        records: held while git's shared records are written: `git worktree add`, branches and configuration are not
            safe in parallel.
    """

    git: Git
    repository: Repository
    clone: str
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
        if tree is None or (tree.filling and tree.standing is Standing.MISSING):
            self._fill(spec, self._add(spec, actual), spec.path)
        elif tree.filling:
            self._mark(spec, tree.git_dir, "filling")
            self._fill(spec, tree.git_dir, tree.path)
        elif tree.standing is Standing.MISSING:
            self._make_again(spec, tree)
        elif tree.standing in {Standing.MOVED, Standing.CUT_OFF}:
            self._repair(tree)
            self._update(spec, tree, ordered)
        else:
            self._update(spec, tree, ordered)

    # --- a new tree --------------------------------------------------------------------------------------------------

    def _add(self, spec: WorkspaceSpec, actual: WorkspaceActual) -> Path:
        """Let git make branch and record. The branch is marked first: a kill in between leaves word of whose it is."""
        around = actual.around
        made = not around.branch_commit or actual.branch_made
        start = around.remote[0] if around.remote else (actual.base.commit if actual.base else None)
        if not around.branch_commit and not start:
            raise PermanentError(f"there is no commit to start branch {spec.branch} from")
        with self._writing_records():
            self._mark_branch(spec, made=made)
            self._git("worktree", "add", "--no-checkout", *self._add_words(spec, actual, str(start)))
        git_dir = linked_git_dir(spec.path)
        if git_dir is None:
            raise PermanentError(f"git made no worktree at {spec.path}")
        self._mark(spec, git_dir, "filling")
        return git_dir

    def _add_words(self, spec: WorkspaceSpec, actual: WorkspaceActual, start: str) -> list[str | Path]:
        # Twice: git's record of a killed attempt, or one that came with a copy of another clone, is in the way.
        force = ["--force", "--force"] if actual.tree or self._is_recorded(spec) else []
        if actual.around.branch_commit:
            return [*force, spec.path, spec.branch]
        track = "--track" if actual.around.remote else "--no-track"
        return [*force, track, "-b", spec.branch, spec.path, start]

    def _is_recorded(self, spec: WorkspaceSpec) -> bool:
        """Whether a record that came with a copied git directory claims the branch (ours would be a conflict)."""
        head = f"ref: refs/heads/{spec.branch}\n"
        with contextlib.suppress(OSError):
            return any(
                (record / "HEAD").read_text() == head for record in (self.repository.common_dir / "worktrees").iterdir()
            )
        return False

    def _fill(self, spec: WorkspaceSpec, git_dir: Path, path: Path) -> None:
        self._set_sparse(spec, git_dir, path)
        fill(self.git, path, git_dir)
        self._fill_submodules(spec, path)
        self._run_post_checkout(path)
        self._mark(spec, git_dir, "ready")

    def _make_again(self, spec: WorkspaceSpec, tree: TreeActual) -> None:
        """Put a deleted tree back at its record: the index, and what was staged in it, is still there."""
        try:
            tree.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise PermanentError(f"cannot make {tree.path}: {error.strerror}") from error
        files.write(tree.path, ".git", f"gitdir: {tree.git_dir}\n".encode("utf-8", "surrogateescape"))
        complete(self.git, tree.path, tree.git_dir)
        self._fill_submodules(spec, tree.path)

    def _run_post_checkout(self, tree: Path) -> None:
        """Run the user's hook as `git worktree add` does; like there, its failure does not undo the tree."""
        head = self.git.run("rev-parse", "HEAD", cwd=tree).text.strip()
        null = "0" * len(head)
        self.git.run("hook", "run", "--ignore-missing", "post-checkout", "--", null, head, "1", cwd=tree, ok=range(256))

    # --- a tree that is there ----------------------------------------------------------------------------------------

    def _update(self, spec: WorkspaceSpec, tree: TreeActual, ordered: Collection[str]) -> None:
        if tree.marked_as != spec.name:
            self._rename_marks(tree, spec.name)
        if "branch" in ordered:
            with self._writing_records():
                self._git("branch", "-m", str(tree.branch), spec.branch)
        if "path" in ordered:
            self._move(tree.path, spec.path)
        path = spec.path if "path" in ordered else tree.path
        if "branch" in ordered or tree.branch == spec.branch:
            with self._writing_records():
                self._mark_branch(spec, made=None)
        if tree.sparse != spec.sparse:
            self._set_sparse(spec, tree.git_dir, path)
        self._fill_submodules(spec, path)
        self._mark(spec, tree.git_dir, "ready", base=tree.mark.declared.get("base"))

    def _move(self, old: Path, new: Path) -> None:
        with self._writing_records():
            new.parent.mkdir(parents=True, exist_ok=True)
            if new.is_dir():
                new.rmdir()  # it is empty; git would move the tree into it
            self._git("worktree", "move", old, new)

    def _repair(self, tree: TreeActual) -> None:
        with self._writing_records():
            if tree.standing is Standing.MOVED:
                self._git("worktree", "repair", tree.path)
            else:
                self._git("worktree", "repair")

    def _rename_marks(self, tree: TreeActual, new: str) -> None:
        def rename(book: MarkBook) -> MarkBook:
            marks = {_renamed(address, tree.marked_as, new): mark for address, mark in book.marks.items()}
            return MarkBook(book.clone, marks)

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

    def _fill_submodules(self, spec: WorkspaceSpec, tree: Path) -> None:
        if spec.submodules and (tree / ".gitmodules").exists():
            self.git.run("submodule", "--quiet", "update", "--init", "--recursive", cwd=tree)

    def _mark_branch(self, spec: WorkspaceSpec, *, made: bool | None) -> None:
        key = f"branch.{spec.branch}.{BRANCH_KEY}"
        if made is None:
            made = self._git("config", "--get", key, ok=(0, 1)).text.strip().endswith(" made")
        self._git("config", key, branch_mark_value(self.clone, Address(KIND, spec.name), made=made))

    def _mark(self, spec: WorkspaceSpec, git_dir: Path, state: str, **kept: object) -> None:
        mark = Mark({**spec.declared, **kept}, state)
        change_book(git_dir, self.clone, lambda book: book.put(Address(KIND, spec.name), mark), durable=True)

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
            raise PermanentError(f"{error.filename}: {error.strerror}") from error

    def _git(self, *words: str | Path, ok: tuple[int, ...] = (0,)) -> Finished:
        # From the git directory, not from a worktree: `worktree add` copies the per-worktree configuration of the one
        # it is run in.
        return self.git.run(*words, git_dir=self.repository.common_dir, ok=ok)


def _renamed(address: Address, old: str, new: str) -> Address:
    name = address.name
    if name == old or name.startswith((f"{old}--", f"{old}/")):
        return Address(address.kind, new + name.removeprefix(old))
    return address
