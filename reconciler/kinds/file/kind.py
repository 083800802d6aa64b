"""The kind itself: files of ours in trees, known by path and hash in the tree's marks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from reconciler.clients import excludes, files
from reconciler.clients.excludes import is_never_ignored
from reconciler.clients.files import Entry
from reconciler.clients.git import Git, paths_in_commits
from reconciler.clients.marks import Mark, MarkBook, change_book, load_book
from reconciler.clients.survey import Survey
from reconciler.clients.trees import linked_git_dir
from reconciler.errors import ConflictError, OrchestraError, RefusedError
from reconciler.kinds.digest import NOT_A_FILE, digest
from reconciler.kinds.file.decide import decide, decide_removal
from reconciler.kinds.file.spec import DESKS, FileActual, FileSpec
from reconciler.kinds.memory import Memory
from reconciler.kinds.scope import Scope
from reconciler.model.address import Address
from reconciler.model.change import Change
from reconciler.model.resource import Resource

KIND = "file"


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

    def observe(self, resources: Sequence[Resource[FileSpec]], scope: Scope) -> dict[Address, FileActual]:
        """Read all declared files; one program asks what the repository has by their names."""
        self._ask_what_is_tracked(resources, scope.survey)
        self._read_what_is_never_ignored(resources, scope.survey)
        for tree, spec in {resource.spec.tree: resource.spec for resource in resources}.items():
            self.memory.located.learn(scope.survey, tree, *spec.workspaces)
        trees = {spec.tree: self._load(spec) for spec in {r.spec.tree: r.spec for r in resources}.values()}
        found = {r.address: self._find(r.address, r.spec, trees[r.spec.tree]) for r in resources}
        return {**found, **_orphans(resources, scope)}

    def look(self, resource: Resource[FileSpec]) -> FileActual | None:
        """Read one file anew, without starting a program."""
        return self._find(resource.address, resource.spec, self._load(resource.spec))

    def diff(self, resource: Resource[FileSpec], actual: FileActual | None) -> Change:
        """Keep what was edited by hand; write what is missing or was declared otherwise."""
        return decide(resource.address, resource.spec, actual or FileActual(resource.spec.path))

    def orphan(self, address: Address, actual: FileActual) -> Change:
        """Remove what nobody edited."""
        return decide_removal(address, actual)

    def assume(self, resource: Resource[FileSpec]) -> FileActual:
        """A file just as declared."""
        spec = resource.spec
        return FileActual(spec.path, Entry(spec.content, spec.link), spec.digest, tree=spec.tree)

    def apply(self, change: Change, resource: Resource[FileSpec], actual: FileActual | None) -> None:
        """Hide it from `git status`, write it, mark it: in this order, so that a kill leaves nothing to be seen.

        Raises:
            OrchestraError: it could not be written.
        """
        spec = resource.spec
        path = actual.path if actual else spec.path
        if self.clone is None:
            raise ConflictError("this clone has no identity yet", hint="run `orchestra apply`")
        tree, git_dir, before = self._require_tree(resource)
        self._exclude(tree.path, git_dir, {**_places(tree.book), resource.address: path})
        if spec.link is not None:
            files.write_link(tree.path, path, spec.link)
        elif not (actual and actual.entry and digest(actual.entry) == spec.digest):
            files.write(tree.path, path, spec.content or b"")
        mark = Mark({"path": path, "sha256": spec.digest, "secret": spec.secret})
        change_book(git_dir, self.clone, lambda book: book.put(resource.address, mark))
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
        if entry is not None and digest(entry) != actual.applied:
            raise RefusedError(f"{actual.tree / actual.path} was edited", hint="it is kept; remove it by hand")
        files.remove(actual.tree, actual.path)
        change_book(git_dir, self.clone, lambda book: book.drop(address))
        self._exclude(actual.tree, git_dir, _places(load_book(git_dir, self.clone)))

    def exclusive_key(self, address: Address, spec: FileSpec | None) -> str | None:
        """Files of one tree share its exclude file."""
        return f"files of {address.name.partition('/')[0]}"

    # --- looking -----------------------------------------------------------------------------------------------------

    def _ask_what_is_tracked(self, resources: Iterable[Resource[FileSpec]], survey: Survey) -> None:
        asked: dict[tuple[str, str], list[tuple[Path, str]]] = {}
        for resource in resources:
            spec = resource.spec
            tip = _tip(survey, spec)
            for path in (spec.path, DESKS) if tip else ():
                asked.setdefault((str(tip), path), []).append((spec.tree, path))
        answers = paths_in_commits(self.git, survey.repository.common_dir, sorted(asked))
        self.memory.tracked.update({place: answers[pair] for pair, places in asked.items() for place in places})

    def _read_what_is_never_ignored(self, resources: Iterable[Resource[FileSpec]], survey: Survey) -> None:
        for tree in {resource.spec.tree for resource in resources}:
            here = self.memory.located.resolve(tree)
            top = here if linked_git_dir(here) else survey.main
            self.memory.never_ignored[tree] = excludes.never_ignored(top) if top else ()

    def _load(self, spec: FileSpec) -> _Tree:
        """Find the tree that bears the workspace's mark; any other that stands in its place is not looked into."""
        located = self.memory.located
        git_dir = located.git_dir_of(spec.tree)
        book = load_book(git_dir, self.clone) if git_dir else None
        if git_dir is None or book is None or not any(book.is_of(name) for name in spec.workspaces):
            return _Tree(located.resolve(spec.tree))
        text = excludes.exclude_text(self.global_excludes, _to_hide(_places(book)))
        is_hiding = located.is_cut_off(spec.tree) or excludes.is_excluding(git_dir, text)
        return _Tree(located.resolve(spec.tree), git_dir, book, is_hiding=is_hiding)

    def _require_tree(self, resource: Resource[FileSpec]) -> tuple[_Tree, Path, Mark | None]:
        """The tree to write into, its git directory, and the mark that the file bears until now."""
        spec = resource.spec
        tree = self._load(spec)
        if tree.git_dir is None:
            raise ConflictError(f"{tree.path} is no tree of {spec.workspace}", hint="run `orchestra plan` to see why")
        return tree, tree.git_dir, tree.mark(resource.address, spec.was)

    def _find(self, address: Address, spec: FileSpec, tree: _Tree) -> FileActual:
        try:
            return self._find_in(address, spec, tree)
        except OrchestraError as error:
            return FileActual(spec.path, blocked=error.message, hint=error.hint, tree=tree.path)

    def _find_in(self, address: Address, spec: FileSpec, tree: _Tree) -> FileActual:
        if self.memory.tracked.get((spec.tree, DESKS)) and spec.path.startswith(f"{DESKS}/"):
            hint = "orchestra keeps desks there; the repository's own has to be called otherwise"
            return FileActual(spec.path, blocked=f"the repository itself has {DESKS}", hint=hint, tree=tree.path)
        mark = tree.mark(address, spec.was)
        applied = str(mark.declared.get("sha256")) if mark else None
        marked_at = str(mark.declared.get("path")) if mark else None
        why = self._why_aside(spec, tree, marked_at)
        has_desks = not self.memory.tracked.get((spec.tree, DESKS))
        path = spec.fallback if why and spec.fallback and has_desks else spec.path
        if why and path == spec.path:
            return FileActual(path, blocked=f"{path} exists and is not ours", hint="move it away", tree=tree.path)
        entry = files.read(tree.path, path) if tree.exists else None
        if entry is not None and digest(entry) == NOT_A_FILE:
            return FileActual(path, blocked=f"{path} is a directory, or no file", hint="move it away", tree=tree.path)
        return FileActual(
            path=path,
            entry=entry,
            applied=applied if marked_at == path else None,
            moved_aside=why,
            secret=mark is not None and bool(mark.declared.get("secret")),
            hidden=tree.is_hiding or path.startswith(f"{DESKS}/"),
            tree=tree.path,
        )

    def _why_aside(self, spec: FileSpec, tree: _Tree, marked_at: str | None) -> str:
        """Why the file cannot be where it is declared: something that is not ours is, or belongs, there."""
        if self.memory.tracked.get((spec.tree, spec.path)):
            return f"the repository has a file of the name {spec.path}"
        if spec.fallback and is_never_ignored(spec.path, self.memory.never_ignored.get(spec.tree, ())):
            return f"the repository's .gitignore wants {spec.path} seen"
        if marked_at == spec.path or spec.seed or not tree.exists:
            return ""
        entry = files.read(tree.path, spec.path)
        if entry is None or digest(entry) == spec.digest:
            return ""
        return f"{spec.path} is somebody else's"

    def _remove_unless_edited(self, tree: Path, mark: Mark) -> None:
        """A file that belongs elsewhere by now leaves nothing of ours where it was, unless git has it by now."""
        path = str(mark.declared.get("path"))
        entry = files.read(tree, path)
        if entry is None or digest(entry) != mark.declared.get("sha256"):
            return
        if not self.git.run("ls-files", "-z", "--", f":(top,literal){path}", cwd=tree).stdout:
            files.remove(tree, path)

    def _exclude(self, tree: Path, git_dir: Path, places: Mapping[Address, str]) -> None:
        text = excludes.exclude_text(self.global_excludes, _to_hide(places))
        if not excludes.is_excluding(git_dir, text):
            excludes.exclude(self.git, tree, git_dir, text)


@dataclass(frozen=True, slots=True)
class _Tree:
    """What the files of one tree have in common.

    Attributes:
        git_dir: None when there is no tree that bears the workspace's mark.
        is_hiding: git ignores all of them; what is not there yet, or is only to be linked again, will be made so.
    """

    path: Path
    git_dir: Path | None = None
    book: MarkBook | None = None
    is_hiding: bool = True

    @property
    def exists(self) -> bool:
        return self.git_dir is not None

    def mark(self, address: Address, was: Address | None) -> Mark | None:
        marks = self.book.marks if self.book else {}
        return marks.get(address) or (marks.get(was) if was else None)


def _places(book: MarkBook | None) -> dict[Address, str]:
    marks = book.marks.items() if book else ()
    return {address: str(mark.declared.get("path")) for address, mark in marks if address.kind == KIND}


def _to_hide(places: Mapping[Address, str]) -> set[str]:
    """Desks ignore themselves."""
    return {path for path in places.values() if not path.startswith(f"{DESKS}/")}


def _tip(survey: Survey, spec: FileSpec) -> str | None:
    """The commit whose files the tree has, or will have."""
    record = survey.record_at(spec.tree)
    if record and record.head:
        return record.head
    for branch, base in spec.starts:
        remotes = survey.remotes_with(branch)
        names = (branch, remotes[0] if len(remotes) == 1 else "", base or survey.default_branch or "")
        found = next((commit for commit in map(survey.commit_of, names) if commit), None)
        if found:
            return found
    return spec.starts[-1][1] if spec.starts else None  # a tag or a hash is for git to resolve


def _orphans(resources: Sequence[Resource[FileSpec]], scope: Scope) -> dict[Address, FileActual]:
    """Files of ours that nobody declares any more, in trees that are declared; others live and go with their tree."""
    declared = {address for r in resources for address in (r.address, r.spec.was) if address}
    hosts = {r.spec.workspace for r in resources}
    found = {}
    for address, (record, mark) in scope.survey.marks.items():
        if address.kind == KIND and address not in declared and address.name.partition("/")[0] in hosts:
            found[address] = _left_over(record.path, mark)
    return found


def _left_over(tree: Path, mark: Mark) -> FileActual:
    declared = mark.declared
    path = str(declared.get("path"))
    found = FileActual(path, applied=str(declared.get("sha256")), tree=tree, secret=bool(declared.get("secret")))
    try:
        return replace(found, entry=files.read(tree, path))
    except OrchestraError as error:
        return replace(found, blocked=error.message, hint=error.hint)
