"""Files of ours that somebody damaged, or put something else in place of: never a traceback, never a wait for ever."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from reconciler.clients import excludes
from reconciler.clients.journal import JournalFile
from reconciler.clients.lock import UNKNOWN, describe_holder
from reconciler.clients.trees import Standing, linked_git_dir, standing_of

DAMAGE = {
    "zeros": b"\0" * 50,
    "no-utf-8": b"\xff\xfe",
    "deep": b"[" * 100_000,
    "huge-number": b"1" * 10_000,
    "half": b'{"pid": 1',
}


@pytest.mark.parametrize("line", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_line_of_the_journal_hides_no_other(tmp_path: Path, line: bytes) -> None:
    """What stands before and after it is read."""
    file = tmp_path / "journal"
    file.write_bytes(b'{"n": 1}\n' + line + b'\n{"n": 2}\n')
    assert list(JournalFile(file).records()) == [{"n": 1}, {"n": 2}]


def test_a_journal_that_an_older_orchestra_wrote_is_read(tmp_path: Path) -> None:
    """It wrote names as they are, also those that are no UTF-8."""
    (tmp_path / "journal").write_bytes(b'{"path": "n\xe9"}\n')
    assert list(JournalFile(tmp_path / "journal").records()) == [{"path": "n\udce9"}]


def test_a_durable_record_needs_nothing_that_only_linux_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """MacOS has no `fdatasync`."""
    monkeypatch.delattr(os, "fdatasync", raising=False)
    JournalFile(tmp_path / "journal").append({"n": 1}, durable=True)
    assert list(JournalFile(tmp_path / "journal").records()) == [{"n": 1}]


@pytest.mark.parametrize("content", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_lock_file_names_nobody(tmp_path: Path, content: bytes) -> None:
    """The description is still one."""
    (tmp_path / "lock").write_bytes(content)
    assert describe_holder(tmp_path / "lock") == UNKNOWN


@pytest.mark.timeout(30)
@pytest.mark.parametrize("kind", ["missing", "directory", "pipe", "loop"])
def test_what_is_no_file_says_nothing(tmp_path: Path, kind: str) -> None:
    """A pipe that an agent puts in place of `.git` or `.gitignore` does not hold us for ever."""
    for name in (".git", ".gitignore"):
        place = tmp_path / name
        if kind == "directory":
            place.mkdir()
        elif kind == "pipe":
            os.mkfifo(place)
        elif kind == "loop":
            place.symlink_to(name)
    assert linked_git_dir(tmp_path) is None
    assert standing_of(tmp_path, tmp_path / "x") is Standing.MISSING
    assert excludes.never_ignored(tmp_path) == ()
