"""What is at the top of each workspace's tree, or of the commit that it will start from: what `auto` goes by."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

from reconciler.manifest.declaration import Declaration
from reconciler.model.address import Address
from reconciler.operations.session import Session


def top_of(session: Session) -> Callable[[Declaration], frozenset[str]]:
    """Build the look: trees that are there take no program, and of the others each commit takes one."""

    @cache
    def in_commit(revision: str) -> frozenset[str]:
        return top_of_commit(session, revision)

    def top(declaration: Declaration) -> frozenset[str]:
        found = session.survey.marks.get(Address("workspace", declaration.full_name))
        if found is not None and (names := _listed(found[0].path)):
            return names
        start = _start(session, declaration)
        return in_commit(start) if start else frozenset()

    return top


def top_of_commit(session: Session, revision: str) -> frozenset[str]:
    """The names at the top of a commit; none where there is no such commit."""
    words = ("ls-tree", "-z", "--name-only", "--full-tree", revision)
    listed = session.git.run(*words, git_dir=session.repository.common_dir, ok=(0, 128)).text
    return frozenset(listed.split("\0"))


def _listed(directory: Path) -> frozenset[str]:
    try:
        return frozenset(path.name for path in directory.iterdir())
    except OSError:
        return frozenset()


def _start(session: Session, declaration: Declaration) -> str | None:
    survey = session.survey
    remotes = survey.remotes_with(declaration.branch)
    names = (declaration.branch, *remotes[:1], declaration.base or survey.default_branch or "")
    return next((commit for name in names if name and (commit := survey.commit_of(name))), declaration.base)
