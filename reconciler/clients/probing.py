"""Try a change of a branch in a tree, up to where it would be made, and leave no trace of it.

The rule: git is asked to prepare the change, with all hooks that it runs for it, and never to commit it; the objects
that it would take lie in a directory of their own.
"""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

from reconciler.clients.git import Git
from reconciler.errors import PermanentError

_NOBODY = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "orchestra"), ("EMAIL", "orchestra@localhost"), ("DATE", "1000000000 +0000"))
}
_PREPARED = re.compile(r"^prepare: ok$", re.MULTILINE)
_BY_HOOK = "aborted by hook"


def would_be_made(git: Git, common_dir: Path, tree: Path, branch: str, path: bytes | None) -> tuple[bool, str]:
    """Try a commit on top of a branch that adds a file; with no path one that has no history.

    Args:
        git: starts git.
        common_dir: the git directory that all trees share.
        tree: the tree that it is tried in.
        branch: its branch.
        path: the file; nothing else is changed.

    Returns:
        Whether git would have done it, and what it said.

    Raises:
        ClientError: it could not even be tried, for a reason that is no hook's.
    """
    with tempfile.TemporaryDirectory(prefix="orchestra-probe-") as scratch:
        apart = {
            **_NOBODY,
            "GIT_OBJECT_DIRECTORY": scratch,
            "GIT_ALTERNATE_OBJECT_DIRECTORIES": str(common_dir / "objects"),
            "GIT_INDEX_FILE": str(Path(scratch) / "index"),
        }
        commit = _commit(git, tree, f"refs/heads/{branch}", path, apart)
        request = f"start\nupdate refs/heads/{branch} {commit}\nprepare\nabort\n".encode()
        tried = git.run("update-ref", "--stdin", cwd=tree, stdin=request, ok=range(256), environment=apart)
    if not _PREPARED.search(tried.text) and _BY_HOOK not in tried.stderr:
        raise PermanentError(f"the guard of {tree} cannot be tried: {tried.stderr.strip() or tried.text.strip()}")
    return bool(_PREPARED.search(tried.text)), tried.stderr.strip()


def _commit(git: Git, tree: Path, tip: str, path: bytes | None, apart: dict[str, str]) -> str:
    def ask(*words: str, stdin: bytes = b"") -> str:
        return git.run(*words, cwd=tree, stdin=stdin, environment=apart).text.strip()

    if path is None:
        return ask("commit-tree", "-m", "probe", ask("mktree"))
    ask("read-tree", tip)
    blob = ask("hash-object", "-w", "--stdin", stdin=b"tried by orchestra\n")
    ask("update-index", "--add", "--replace", "-z", "--index-info", stdin=f"100644 {blob}\t".encode() + path + b"\0")
    return ask("commit-tree", "-m", "probe", "-p", tip, ask("write-tree"))
