"""The journal: lines that were written whole are read whole, whatever happened around them."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.clients.journal import JournalFile
from reconciler.errors import PermanentError

RECORDS = st.lists(st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=10), max_size=3), max_size=6)


@given(RECORDS)
def test_what_was_written_is_read_in_order(
    tmp_path_factory: pytest.TempPathFactory, records: list[dict[str, object]]
) -> None:
    journal = JournalFile(tmp_path_factory.mktemp("journal") / "deep/journal.jsonl")
    for record in records:
        journal.append(record, durable=len(records) == 1)
    assert list(journal.records()) == records


def test_names_that_are_no_text_can_be_written(tmp_path: Path) -> None:
    JournalFile(tmp_path / "j").append({"path": os.fsdecode(b"caf\xe9")})
    assert list(JournalFile(tmp_path / "j").records()) == [{"path": os.fsdecode(b"caf\xe9")}]


@pytest.mark.parametrize(
    "torn", [b'{"a": 1}\n{"b"', b'{"a": 1}\n\n', b'{"a": 1}\n\xff\xfe\n', b'{"a": 1}\n12\n[]\n"x"\n']
)
def test_a_torn_line_costs_only_itself(tmp_path: Path, torn: bytes) -> None:
    (tmp_path / "j").write_bytes(torn)
    journal = JournalFile(tmp_path / "j")
    journal.append({"c": 3})
    assert list(journal.records()) == [{"a": 1}, {"c": 3}]


def test_nobody_else_reads_it(tmp_path: Path) -> None:
    JournalFile(tmp_path / "j").append({})
    assert (tmp_path / "j").stat().st_mode & 0o777 == 0o600


def test_none_is_empty_and_a_place_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    assert list(JournalFile(tmp_path / "none").records()) == []
    (tmp_path / "file").write_text("x")
    with pytest.raises(PermanentError, match="cannot write the journal"):
        JournalFile(tmp_path / "file/j").append({})


def test_a_disk_that_takes_a_part_only_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.write
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", lambda descriptor, content: write(descriptor, content[:4]))
        with pytest.raises(PermanentError, match="No space left"):
            JournalFile(tmp_path / "j").append({"a": 1})
    JournalFile(tmp_path / "j").append({"b": 2})
    assert list(JournalFile(tmp_path / "j").records()) == [{"b": 2}]


def test_the_end_of_a_long_one_is_read(tmp_path: Path) -> None:
    line = b'{"x": "' + b"x" * 990 + b'"}\n'
    (tmp_path / "j").write_bytes(line * 5000)
    journal = JournalFile(tmp_path / "j")
    journal.append({"last": 1})
    records = list(journal.records())
    assert records[-1] == {"last": 1}
    assert 3000 < len(records) < 5000


def test_two_writers_do_not_mix(tmp_path: Path) -> None:
    def write(name: str) -> None:
        for number in range(50):
            JournalFile(tmp_path / "j").append({name: number, "text": name * 500})

    threads = [threading.Thread(target=write, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(list(JournalFile(tmp_path / "j").records())) == 100
