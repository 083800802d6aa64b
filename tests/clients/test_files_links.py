"""Links below a root, however they get there: nothing outside is ever read, written or removed."""

from __future__ import annotations

import contextlib
import os
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.clients import files
from reconciler.errors import ClientError, ConflictError
from tests.support.world import snapshot

ACTS: dict[str, Callable[[Path, str], object]] = {
    "read": files.read,
    "write": lambda root, path: files.write(root, path, b"stolen"),
    "write-link": lambda root, path: files.write_link(root, path, "/"),
    "remove": files.remove,
    "make-directory": files.make_directory,
    "remove-directory": files.remove_empty_directory,
    "list": files.list_files,
}


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """Give a directory with `a/b/c/secret` and an empty directory, that nobody may touch."""
    place = tmp_path / "outside"
    (place / "a/b/c/empty").mkdir(parents=True)
    for directory in ("", "a", "a/b", "a/b/c"):
        (place / directory / "secret").write_text("secret")
        (place / directory / "empty").mkdir(exist_ok=True)
    return place


@pytest.mark.parametrize("name", ["secret", "empty", "new"])
@pytest.mark.parametrize("step", [0, 1, 2])
@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
@pytest.mark.parametrize("kind", ["absolute", "relative"])
def test_a_link_at_any_step_is_a_conflict(  # noqa: PLR0917 - one for each dimension of the table
    tmp_path: Path, outside: Path, act: Callable[[Path, str], object], step: int, name: str, kind: str
) -> None:
    """Whichever directory of a path is a link, and wherever it leads, the act is refused."""
    root, steps = tmp_path / "root", ["a", "b", "c"]
    link = root.joinpath(*steps[: step + 1])
    link.parent.mkdir(parents=True)
    target = outside.joinpath(*steps[: step + 1])
    link.symlink_to(target if kind == "absolute" else os.path.relpath(target, link.parent))
    before = snapshot(tmp_path)
    with pytest.raises(ConflictError, match="symbolic link"):
        act(root, f"a/b/c/{name}")
    assert snapshot(tmp_path) == before


def test_a_link_at_the_last_step_is_never_followed(tmp_path: Path, outside: Path) -> None:
    """Writing and removing act on the link itself; listing a directory that is a link is refused."""
    root = tmp_path / "root"
    root.mkdir()
    before = snapshot(outside)
    for name in ("file", "directory", "listed"):
        (root / name).symlink_to(outside / "secret" if name == "file" else outside)
    assert files.list_files(root, ".") == ("directory", "file", "listed")
    with pytest.raises(ConflictError):
        files.list_files(root, "listed")
    files.write(root, "file", b"mine")
    files.remove(root, "directory")
    with pytest.raises(ConflictError):
        files.make_directory(root, "listed")
    with pytest.raises(ConflictError):
        files.remove_empty_directory(root, "listed")
    assert snapshot(outside) == before
    assert (root / "file").read_bytes() == b"mine"
    assert not (root / "directory").is_symlink()


@pytest.mark.parametrize("trap", ["link", "hard-link"])
def test_what_waits_at_the_temporary_name_is_not_written_into(tmp_path: Path, outside: Path, trap: str) -> None:
    """An agent that guesses the temporary name gains nothing."""
    root, secret = tmp_path / "root", outside / "secret"
    root.mkdir()
    waiting = root / f".f{files.TEMPORARY}"
    waiting.symlink_to(secret) if trap == "link" else waiting.hardlink_to(secret)
    files.write(root, "f", b"mine", mode=0o666)
    assert secret.read_text() == "secret"
    assert secret.stat().st_mode & 0o777 != 0o666
    assert [path.name for path in root.iterdir()] == ["f"]


def test_the_root_itself_may_be_reached_through_a_link(tmp_path: Path) -> None:
    """A person chose where a tree is; only what lies below it is not trusted."""
    (tmp_path / "real").mkdir()
    (tmp_path / "root").symlink_to("real")
    files.write(tmp_path / "root", "a/f", b"x")
    assert (tmp_path / "real/a/f").read_bytes() == b"x"


def test_a_directory_swapped_for_a_link_lets_nothing_out(tmp_path: Path, outside: Path) -> None:
    """While a directory turns into a link and back all the time, each act is done inside or refused."""
    root, aside = tmp_path / "root", tmp_path / "aside"
    inside, done = root / "a", threading.Event()
    (inside / "b").mkdir(parents=True)
    before = snapshot(outside)

    def swap() -> None:
        while not done.is_set():
            with contextlib.suppress(OSError):  # a write may make the directory anew in between
                inside.rename(aside)
                inside.symlink_to(outside / "a")
                time.sleep(0)
            if inside.is_symlink():
                inside.unlink()
            shutil.rmtree(inside, ignore_errors=True)
            with contextlib.suppress(OSError):
                aside.rename(inside)

    thread = threading.Thread(target=swap)
    thread.start()
    try:
        for number in range(1500):
            for act in (ACTS["write"], ACTS["remove"]):
                with contextlib.suppress(ClientError, ConflictError):
                    act(root, f"a/b/{('secret', 'new')[number % 2]}")
    finally:
        done.set()
        thread.join()
    assert snapshot(outside) == before
