"""The kind itself: files of ours in trees, known by path and hash in the tree's marks."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from reconciler.clients import files
from reconciler.clients.files import Entry
from reconciler.clients.git import Git
from reconciler.clients.marks import Mark, change_book, load_book
from reconciler.clients.trees import linked_git_dir
from reconciler.errors import RefusedError
from reconciler.kinds.digest import digest, is_only_copy, salt_of
from reconciler.kinds.file.decide import decide, decide_removal
from reconciler.kinds.file.find import Finder
from reconciler.kinds.file.spec import KIND, FileActual, FileSpec
from reconciler.kinds.memory import Memory
from reconciler.kinds.scope import Scope
from reconciler.kinds.tree import require_identity
from reconciler.model.address import Address
from reconciler.model.change import Change
from reconciler.model.resource import Resource


@dataclass(frozen=True)
class FileKind:
    """Files in the trees of one clone.

    Attributes:
        clone: the identity that marks name; None before the first apply.
        global_excludes: the user's own global excludes, which each tree's exclude file repeats.
    """

    git: Git
    clone: str | None
    global_excludes: str = ""
    memory: Memory = field(default_factory=Memory)
    name: str = KIND

    @property
    def finder(self) -> Finder:
        """Who looks for them."""
        return Finder(self.git, self.clone, self.global_excludes, self.memory)

    def observe(self, resources: Sequence[Resource[FileSpec]], scope: Scope) -> dict[Address, FileActual]:
        """Read all declared files, and find those that are left over."""
        return self.finder.observe(resources, scope)

    def look(self, resource: Resource[FileSpec]) -> FileActual | None:
        """Read one file anew, without starting a program."""
        finder = self.finder
        return finder.find(resource.address, resource.spec, finder.load(resource.spec))

    def diff(self, resource: Resource[FileSpec], actual: FileActual | None) -> Change:
        """Keep what was edited by hand; write what is missing or was declared otherwise."""
        return decide(resource.address, resource.spec, actual or FileActual(resource.spec.path))

    def orphan(self, address: Address, actual: FileActual) -> Change:
        """Remove what nobody edited."""
        return decide_removal(address, actual)

    def assume(self, resource: Resource[FileSpec]) -> FileActual:
        """A file just as declared."""
        spec = resource.spec
        mode = spec.source.mode if spec.source else 0
        return FileActual(spec.path, Entry(spec.content, spec.link, mode), spec.digest, mode, tree=spec.tree)

    def apply(self, change: Change, resource: Resource[FileSpec], actual: FileActual | None) -> None:
        """Hide it from `git status`, write it, mark it: in this order, so that a kill leaves nothing to be seen.

        Raises:
            OrchestraError: it could not be written.
        """
        spec = resource.spec.as_found(actual)
        path = actual.path if actual else spec.path
        clone = require_identity(self.clone)
        trees = self.finder.trees
        tree, git_dir = trees.require(resource.address, spec.tree, spec.workspaces)
        before = tree.mark(resource.address, spec.was)
        if actual and actual.entry:
            trees.refuse_committed(resource.address, tree.path, path)
        trees.hide(tree.path, git_dir, {resource.address: path})
        if spec.link is not None:
            files.write_link(tree.path, path, spec.link)
        elif not (actual and _is_written(spec, actual)):
            files.write(tree.path, path, spec.content or b"", mode=_mode(spec))
        mark = _mark(spec, path)
        change_book(git_dir, clone, lambda book: book.put(resource.address, mark))
        if before and before.declared.get("path") != path:
            self._remove_unless_edited(tree.path, before)

    def destroy(self, address: Address, actual: FileActual) -> None:
        """Remove it if nobody edited it since.

        Raises:
            RefusedError: somebody did.
            OrchestraError: it could not be removed.
        """
        git_dir = linked_git_dir(actual.tree)
        if git_dir is None or self.clone is None:
            return
        entry = files.read(actual.tree, actual.path)
        if entry is not None and digest(entry, actual.salt) != actual.applied:
            raise RefusedError(f"{actual.tree / actual.path} was edited", hint="it is kept; remove it by hand")
        book = load_book(git_dir, self.clone)
        mark = book.marks.get(address) if book else None
        if entry is not None and mark and is_only_copy(actual.tree, mark):
            message = f"{actual.tree / actual.path}: what it was copied from does not hold the same any more"
            raise RefusedError(message, hint="it is kept; remove it by hand")
        files.remove(actual.tree, actual.path)
        change_book(git_dir, self.clone, lambda book: book.drop(address))
        self.finder.trees.hide(actual.tree, git_dir)

    def exclusive_key(self, address: Address, spec: FileSpec | None) -> str | None:
        """Files of one tree share its exclude file."""
        return f"files of {address.name.partition('/')[0]}"

    # --- writing -----------------------------------------------------------------------------------------------------

    def _remove_unless_edited(self, tree: Path, mark: Mark) -> None:
        """A file that belongs elsewhere by now leaves nothing of ours where it was, unless git has it by now."""
        path = str(mark.declared.get("path"))
        entry = files.read(tree, path)
        if entry is None or digest(entry, salt_of(mark)) != mark.declared.get("sha256"):
            return
        if not self.git.run("ls-files", "-z", "--", f":(top,literal){path}", cwd=tree).stdout:
            files.remove(tree, path)


def _is_written(spec: FileSpec, actual: FileActual) -> bool:
    """Whether nothing is left to do but to say so; a mode that somebody chose is another's only on request."""
    is_of_its_mode = _mode(spec) in {None, actual.mode} or not spec.replace
    return actual.digest == spec.digest and is_of_its_mode


def _mode(spec: FileSpec) -> int | None:
    if spec.source:
        return spec.source.mode
    return 0o600 if spec.secret else None


def _mark(spec: FileSpec, path: str) -> Mark:
    """What is said of a file that was written. A copy may be a secret: its digest is salted."""
    if spec.source is None:
        salt = {"salt": spec.salt} if spec.salt else {}  # it was a copy before
        return Mark({"path": path, "sha256": spec.digest, "secret": spec.secret, **salt})
    salted = spec if spec.salt else replace(spec, salt=secrets.token_hex(16))
    said = {"path": path, "sha256": salted.digest, "secret": True, "salt": salted.salt}
    return Mark({**said, "from": str(spec.source.root), "mode": spec.source.mode})
