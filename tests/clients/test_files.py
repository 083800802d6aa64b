"""Writing and reading below a root: whole, atomic, with the mode that was asked for, whatever a name is made of."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.clients import files
from reconciler.errors import ConflictError, PermanentError

_NAMES = (
    st.binary(min_size=1, max_size=255)
    .map(lambda name: name.translate(None, b"/\0")[:255])
    .filter(lambda name: name not in {b"", b".", b".."})
)

_KILLED = """
import os, signal, sys
from pathlib import Path
from reconciler.clients import files
os.replace = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)
files.write(Path(sys.argv[1]), sys.argv[2], b"new")
"""


@given(_NAMES, _NAMES, st.binary(max_size=100))
@settings(max_examples=100)
def test_any_name_that_the_system_takes_round_trips(
    tmp_path_factory: pytest.TempPathFactory, directory: bytes, name: bytes, content: bytes
) -> None:
    """What is written is read, under exactly that name, and nothing else is left behind."""
    root = tmp_path_factory.mktemp("root")
    relative = f"{os.fsdecode(directory)}/{os.fsdecode(name)}"
    files.write(root, relative, b"before")
    files.write(root, relative, content)
    entry = files.read(root, relative)
    assert entry is not None
    assert entry.content == content
    (only,) = root.iterdir()
    assert os.fsencode(only.name) == directory
    assert [os.fsencode(path.name) for path in only.iterdir()] == [name]
    assert files.list_files(root, ".") == (relative,)
    files.remove(root, relative)
    files.remove(root, relative)
    assert files.read(root, relative) is None


@pytest.mark.parametrize(
    "relative",
    ["", "/etc/passwd", "../x", "a/../../x", "a//b", "a/", "..", "a\0b", "\ud800"],
    ids=["empty", "absolute", "up", "up-inside", "double", "trailing", "only-up", "zero-byte", "no-name-at-all"],
)
def test_what_is_no_path_below_a_directory_is_refused(tmp_path: Path, relative: str) -> None:
    """A path that leads out, or that no system takes, is a refusal, and nothing is made."""
    root = tmp_path / "root"
    root.mkdir()
    for act in (files.read, files.remove, files.make_directory, lambda r, p: files.write(r, p, b"")):
        with pytest.raises(PermanentError, match="not a path below"):
            act(root, relative)
    assert list(tmp_path.rglob("*")) == [root]


@pytest.mark.parametrize("durable", [False, True], ids=["quick", "durable"])
@pytest.mark.parametrize("mode", [0o600, 0o644, 0o755, 0o444])
def test_the_mode_is_the_one_asked_for(tmp_path: Path, mode: int, durable: bool) -> None:
    """The mode holds whatever the umask is, and also when a file of another mode stood there."""
    (tmp_path / "f").write_bytes(b"old")
    (tmp_path / "f").chmod(0o640)
    before = os.umask(0o077)
    try:
        files.write(tmp_path, "f", b"new", mode=mode, durable=durable)
        files.write(tmp_path, "g", b"new")
    finally:
        os.umask(before)
    assert files.read(tmp_path, "f") == files.Entry(b"new", mode=mode)
    assert files.read(tmp_path, "g") == files.Entry(b"new", mode=0o600)


def test_a_reader_never_sees_half(tmp_path: Path) -> None:
    """While a large file is rewritten again and again, each read gives all of one version."""
    size, done = 1 << 20, threading.Event()
    files.write(tmp_path, "f", b"a" * size)

    def rewrite() -> None:
        for number in range(60):
            files.write(tmp_path, "f", (b"a", b"b")[number % 2] * size)
        done.set()

    writer = threading.Thread(target=rewrite)
    writer.start()
    seen = set()
    while not done.is_set():
        content = (tmp_path / "f").read_bytes()
        seen.add((len(content), *sorted(set(content))))
    writer.join()
    assert seen <= {(size, ord("a")), (size, ord("b"))}


@pytest.mark.parametrize("name", ["f", "d/f", "n" * 255, "é" * 120], ids=["plain", "deep", "longest", "long-utf-8"])
def test_a_killed_write_leaves_the_old_bytes_and_one_temporary_file(tmp_path: Path, name: str) -> None:
    """The old version stands; what was left says what it is, and the next write takes it away."""
    files.write(tmp_path, name, b"old")
    done = subprocess.run([sys.executable, "-c", _KILLED, tmp_path, name], check=False)
    assert done.returncode == -9
    left = set(files.list_files(tmp_path, ".")) - {name}
    assert files.read(tmp_path, name) == files.Entry(b"old", mode=0o644)
    assert [files.is_temporary(path) for path in left] == [True]
    files.write(tmp_path, name, b"new")
    assert files.list_files(tmp_path, ".") == (name,)


@pytest.mark.parametrize("relative", ["f", ".f", "f.orchestra.tmp", ".orchestra/tmp", "a.orchestra.tmp/.f"])
def test_other_files_are_not_taken_for_temporary_ones(relative: str) -> None:
    """Only the exact form of a name that a write uses is one."""
    assert not files.is_temporary(relative)


def test_a_write_that_fails_leaves_nothing(tmp_path: Path) -> None:
    """A directory at the file's place is kept, and no temporary file beside it."""
    (tmp_path / "d/inner").mkdir(parents=True)
    with pytest.raises(PermanentError, match="directory"):
        files.write(tmp_path, "d", b"x")
    with pytest.raises(ConflictError, match="in the way of a link"):
        files.write_link(tmp_path, "d", "target")
    with pytest.raises(PermanentError, match=r"directory|permitted"):
        files.remove(tmp_path, "d")
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["d", "inner"]


def test_a_missing_root_is_said_or_empty(tmp_path: Path) -> None:
    """Reading below a root that is gone finds nothing; writing says so."""
    gone = tmp_path / "gone"
    assert files.read(gone, "a/b") is None
    assert files.list_files(gone, "a") == ()
    files.remove(gone, "a/b")
    with pytest.raises(PermanentError, match="does not exist"):
        files.write(gone, "a/b", b"")


def test_devices_pipes_and_directories_have_no_content(tmp_path: Path) -> None:
    """Only a regular file is read; a pipe does not hold the reader."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "directory").mkdir()
    for name in ("pipe", "directory"):
        entry = files.read(tmp_path, name)
        assert entry is not None
        assert (entry.content, entry.link) == (None, None)
    files.write(tmp_path, "pipe", b"x")
    assert stat.S_ISREG((tmp_path / "pipe").lstat().st_mode)


def test_an_empty_directory_goes_and_a_full_one_stays(tmp_path: Path) -> None:
    """Only emptiness is removed; gone already is success."""
    files.make_directory(tmp_path, "a/b")
    files.make_directory(tmp_path, "a/b")
    assert not files.remove_empty_directory(tmp_path, "a")
    assert files.remove_empty_directory(tmp_path, "a/b")
    assert files.remove_empty_directory(tmp_path, "a/b")
    assert files.remove_empty_directory(tmp_path, "a")
    assert list(tmp_path.iterdir()) == []


def test_links_are_replaced_by_links(tmp_path: Path) -> None:
    """A link is read as a link, replaced by one, and written over by a file without touching its target."""
    (tmp_path / "target").write_bytes(b"kept")
    files.write_link(tmp_path, "l", "elsewhere")
    files.write_link(tmp_path, "l", "target")
    entry = files.read(tmp_path, "l")
    assert entry is not None
    assert (entry.link, entry.content) == ("target", None)
    files.write(tmp_path, "l", b"mine")
    assert (tmp_path / "target").read_bytes() == b"kept"
    assert not (tmp_path / "l").is_symlink()
