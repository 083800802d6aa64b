"""Trees as people and agents leave them: a list of things that are done to one, drawn by hypothesis."""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

from hypothesis import strategies as st

from tests.support.repository import GitRepo

ATTRIBUTES = """\
*.crlf text eol=crlf
*.auto text=auto
*.ident ident
*.up filter=upper
*.lfs filter=pointer
*.wide working-tree-encoding=UTF-16LE
"""

START: dict[str, str | bytes | Path | None] = {
    ".gitattributes": ATTRIBUTES,
    ".gitignore": "*.log\n/build/\n",
    "a.txt": "a\n",
    "run.sh": "#!/bin/sh\n",
    "dir/b.txt": "b\n",
    "dir/sub/c.txt": "c\n",
    "dir/sub/e.crlf": "one\r\ntwo\r\n",
    "f.auto": "one\ntwo\n",
    "g.ident": "$Id$\n",
    "h.up": "LOUD\n",
    "i.lfs": "large\n",
    "j.wide": "wide\n".encode("utf-16-le"),
    "link": Path("a.txt"),
    "-dash": "dash\n",
    'quo"te\nline': "odd\n",
    os.fsdecode(b"caf\xe9"): "latin\n",
}

NAMES = [
    *START,
    "new.txt",
    "new/deep/er.txt",
    "dir",
    "dir/sub",
    "secret.log",
    "dir/secret.log",
    "build/out.bin",
    "build/.env",
    "new.crlf",
    "new.auto",
    "new.lfs",
    "new.up",
    "-new",
    os.fsdecode(b"\xff\xfe\n"),
    "sp ace\ttab",
    "dir/b.txt/below",
]

BYTES = st.one_of(
    st.sampled_from([b"", b"x", b"a\n", b"one\r\ntwo\n", b"one\ntwo\n", b"$Id: mine $\n", b"quiet\n", b"\0\xff\r\n"]),
    st.binary(max_size=40),
)
MODES = st.sampled_from([0o644, 0o755, 0o600, 0o640, 0o400, 0o700])
TIMES = st.integers(min_value=0, max_value=4_000_000_000_000_000_000)

Action = Callable[[GitRepo], object]


def configure(repository: GitRepo) -> None:
    """Set up filters: one that changes nothing about the size, and one that stores a pointer, as LFS does."""
    store = repository.path / ".git" / "pointers"
    store.mkdir()
    repository.git("config", "filter.upper.clean", "tr a-z A-Z")
    repository.git("config", "filter.upper.smudge", "tr A-Z a-z")
    new = f"'{store}/new'"
    clean = f"cat >{new}; sum=$(sha256sum <{new} | cut -c1-64); mv {new} '{store}/'$sum; echo $sum"
    repository.git("config", "filter.pointer.clean", clean)
    repository.git("config", "filter.pointer.smudge", f"read sum; cat '{store}/'$sum")


def _make_way(path: Path) -> None:
    for above in reversed(path.relative_to(path.anchor).parents):
        place = Path(path.anchor) / above
        if place.is_symlink() or place.is_file():
            place.unlink()
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)


def _write(name: str, content: bytes, mode: int, time: int | None) -> Action:
    def act(tree: GitRepo) -> None:
        path = tree.path / name
        _make_way(path)
        path.unlink(missing_ok=True)
        path.write_bytes(content)
        path.chmod(mode)
        if time is not None:
            os.utime(path, ns=(time, time))

    return act


def _link(name: str, target: str) -> Action:
    def act(tree: GitRepo) -> None:
        path = tree.path / name
        _make_way(path)
        path.unlink(missing_ok=True)
        path.symlink_to(target)

    return act


def _directory(name: str, mode: int) -> Action:
    def act(tree: GitRepo) -> None:
        path = tree.path / name / "empty"
        _make_way(path)
        path.mkdir(exist_ok=True)
        path.chmod(mode | 0o100)

    return act


def _delete(name: str) -> Action:
    def act(tree: GitRepo) -> None:
        path = tree.path / name
        with contextlib.suppress(OSError):
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()

    return act


def _rename(name: str, other: str) -> Action:
    def act(tree: GitRepo) -> None:
        source, target = tree.path / name, tree.path / other
        if os.path.lexists(source) and not other.startswith(name) and not name.startswith(other):
            _make_way(target)
            with contextlib.suppress(OSError):
                source.rename(target)

    return act


def _git(*words: str) -> Action:
    return lambda tree: tree.try_git(*words)


def age(tree: GitRepo) -> None:
    """Have git write its index in a later second than the files: only then does it, or we, rely on what it noted."""
    tree.try_git("update-index", "-q", "--refresh")
    write_index_later(tree)


def write_index_later(tree: GitRepo) -> None:
    """Have git write its index in a later second, without another look at what was written meanwhile."""
    time.sleep(1.02 - time.time() % 1)
    tree.try_git("update-index", "--force-write-index")


names = st.sampled_from(NAMES)
actions = st.one_of(
    st.builds(_write, names, BYTES, MODES, st.one_of(st.none(), TIMES)),
    st.builds(_write, names, BYTES, MODES, st.none()),
    st.builds(
        _link, names, st.sampled_from(["a.txt", "dir", "nowhere/at all", os.fsdecode(b"\xe9\n"), "/etc/hostname"])
    ),
    st.builds(_directory, names, MODES),
    st.builds(_delete, names),
    st.builds(_rename, names, names),
    st.builds(lambda name: _git("add", "--", name), names),
    st.builds(lambda name: _git("add", "-N", "--", name), names),
    st.builds(lambda name: _git("rm", "--cached", "-r", "-q", "--", name), names),
    st.builds(lambda name: _git("rm", "-r", "-q", "-f", "--", name), names),
    st.builds(
        lambda name, flag: _git("update-index", flag, "--", name),
        names,
        st.sampled_from(["--skip-worktree", "--assume-unchanged", "--chmod=+x"]),
    ),
    st.just(age),
    st.just(write_index_later),
    st.sampled_from(
        [
            _git("add", "-A"),
            _git("add", "-A", "-f"),
            _git("commit", "-qam", "more"),
            _git("commit", "--amend", "-qam", "again"),
            _git("reset", "-q", "--soft", "HEAD~1"),
            _git("reset", "-q", "HEAD~1"),
            _git("checkout", "-q", "--detach"),
            _git("checkout", "-q", "--orphan", "unborn"),
            _git("update-index", "--split-index"),
            _git("update-index", "--index-version", "4"),
            _git("update-index", "--refresh"),
            _git("cherry-pick", "-n", "clashing"),
            _git("apply", "--3way", "--allow-empty"),
        ]
    ),
)
