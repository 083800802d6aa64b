"""Marks: written whole, read back, and never taken for ours when they are broken, foreign or newer."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.clients.marks import FILE_NAME, Mark, MarkBook, change_book, load_book, save_book
from reconciler.errors import PermanentError
from reconciler.model.address import Address

CLONE = "this-clone"
AUTH = Address("workspace", "auth")

_TEXT = st.text(max_size=8)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | _TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXT, inner, max_size=3),
    max_leaves=6,
)
_ADDRESSES = st.builds(Address, st.sampled_from(["workspace", "file"]), st.text(min_size=1, max_size=8))


def good(**changed: Any) -> dict[str, Any]:
    """Give a valid document, with some keys changed."""
    marks = {"workspace:auth": {"declared": {}, "state": "ready"}}
    return {"format": 1, "clone": CLONE, "home": "/r", "marks": marks, **changed}


@given(st.dictionaries(_ADDRESSES, st.builds(Mark, st.dictionaries(_TEXT, _JSON, max_size=2), _TEXT), max_size=3))
@settings(max_examples=50)
def test_what_is_saved_is_loaded(tmp_path_factory: pytest.TempPathFactory, marks: dict[Address, Mark]) -> None:
    """Any marks, with any text in them, come back."""
    git_dir = tmp_path_factory.mktemp("git")
    save_book(git_dir, MarkBook(CLONE, marks))
    assert load_book(git_dir, CLONE) == MarkBook(CLONE, marks, home=git_dir)
    assert [path.name for path in git_dir.iterdir()] == [FILE_NAME]


@pytest.mark.parametrize("text", ["n\udce9", "\ud800", "line\u2028\x85"], ids=["no-utf-8", "half-a-pair", "separators"])
def test_odd_text_survives(tmp_path: Path, text: str) -> None:
    """Names that are no UTF-8, and halves of characters that JSON can spell, come back as they were."""
    book = MarkBook(CLONE, {Address("file", text): Mark({"path": text})}, home=tmp_path)
    save_book(tmp_path, book)
    assert load_book(tmp_path, CLONE) == book


BROKEN: dict[str, bytes] = {
    "empty": b"",
    "cut-off": json.dumps(good()).encode()[:-5],
    "zeros": b"\0" * 100,
    "no-utf-8": b"\xff\xfe\xff",
    "deep": b"[" * 100_000,
    "huge-number": b"1" * 10_000,
    "list": b"[]",
    "number": b"7",
    "no-marks": json.dumps({"format": 1, "clone": CLONE, "home": "/r"}).encode(),
    "no-home": json.dumps({"format": 1, "clone": CLONE, "marks": {}}).encode(),
    "marks-list": json.dumps(good(marks=[])).encode(),
    "home-number": json.dumps(good(home=7)).encode(),
    "no-address": json.dumps(good(marks={"auth": {"declared": {}, "state": "ready"}})).encode(),
    "half-address": json.dumps(good(marks={"workspace:": {"declared": {}, "state": "ready"}})).encode(),
    "mark-list": json.dumps(good(marks={"workspace:auth": []})).encode(),
    "no-state": json.dumps(good(marks={"workspace:auth": {"declared": {}}})).encode(),
    "state-number": json.dumps(good(marks={"workspace:auth": {"declared": {}, "state": 1}})).encode(),
    "declared-text": json.dumps(good(marks={"workspace:auth": {"declared": "", "state": "ready"}})).encode(),
    "other-clone": json.dumps(good(clone="other")).encode(),
    "clone-number": json.dumps(good(clone=1)).encode(),
    "other-clone-newer": json.dumps(good(clone="other", format=2)).encode(),
}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
def test_what_cannot_be_read_is_no_mark_and_can_be_replaced(tmp_path: Path, content: bytes) -> None:
    """Broken or foreign marks are none, and the next change writes good ones."""
    (tmp_path / FILE_NAME).write_bytes(content)
    assert load_book(tmp_path, CLONE) is None
    change_book(tmp_path, CLONE, lambda book: book.put(AUTH, Mark()))
    assert load_book(tmp_path, CLONE) == MarkBook(CLONE, {AUTH: Mark()}, home=tmp_path)


@given(_JSON | st.fixed_dictionaries({"clone": st.just(CLONE), "format": st.just(1), "marks": _JSON, "home": _JSON}))
@settings(max_examples=50)
def test_no_document_breaks_the_reader(tmp_path_factory: pytest.TempPathFactory, document: object) -> None:
    """Whatever JSON stands there, it is a book or none."""
    git_dir = tmp_path_factory.mktemp("git")
    (git_dir / FILE_NAME).write_text(json.dumps(document))
    found = load_book(git_dir, CLONE)
    assert found is None or found.clone == CLONE


@pytest.mark.parametrize("version", [2, 0, None, "1", [1]])
def test_an_unknown_format_of_this_clone_is_an_error(tmp_path: Path, version: object) -> None:
    """To take a newer orchestra's marks for none would lose them: they stay, and the way out is said."""
    before = json.dumps(good(format=version))
    (tmp_path / FILE_NAME).write_text(before)
    for act in (lambda: load_book(tmp_path, CLONE), lambda: change_book(tmp_path, CLONE, lambda book: book)):
        with pytest.raises(PermanentError, match="is of format") as caught:
            act()
        assert "newer orchestra" in caught.value.hint
    assert (tmp_path / FILE_NAME).read_text() == before


@pytest.mark.parametrize("kind", ["missing", "directory", "link", "no-clone"])
def test_no_file_is_no_mark(tmp_path: Path, kind: str) -> None:
    """A directory or a link in the file's place bears none, and a clone without identity has none."""
    (tmp_path / "elsewhere").write_text(json.dumps(good()))
    if kind == "directory":
        (tmp_path / FILE_NAME).mkdir()
    elif kind == "link":
        (tmp_path / FILE_NAME).symlink_to("elsewhere")
    elif kind == "no-clone":
        (tmp_path / FILE_NAME).write_text(json.dumps(good()))
    assert load_book(tmp_path, None if kind == "no-clone" else CLONE) is None


def test_threads_lose_nothing(tmp_path: Path) -> None:
    """Each of many changes at once is in the book afterwards, and a reader sees whole books only."""
    addresses = [Address("file", str(number)) for number in range(60)]
    save_book(tmp_path, MarkBook(CLONE, {AUTH: Mark()}))

    def put(address: Address) -> MarkBook | None:
        change_book(tmp_path, CLONE, lambda book: book.put(address, Mark()))
        return load_book(tmp_path, CLONE)

    with ThreadPoolExecutor(8) as pool:
        seen = list(pool.map(put, addresses))
    assert all(book and address in book.marks for address, book in zip(addresses, seen, strict=True))
    after = load_book(tmp_path, CLONE)
    assert after is not None
    assert set(after.marks) == {AUTH, *addresses}


def test_a_change_of_nothing_writes_nothing(tmp_path: Path) -> None:
    """The file is the same file, to the inode; where there is none, none is made."""

    def change(book: MarkBook) -> MarkBook:
        return book.drop(Address("file", "none"))

    change_book(tmp_path, CLONE, change)
    assert list(tmp_path.iterdir()) == []
    save_book(tmp_path, MarkBook(CLONE, {AUTH: Mark()}))
    before = (tmp_path / FILE_NAME).stat()
    change_book(tmp_path, CLONE, lambda book: change(book).put(AUTH, Mark()))
    assert (tmp_path / FILE_NAME).stat() == before


def test_marks_that_moved_say_their_new_home(tmp_path: Path) -> None:
    """After a repository was moved, the next change of anything writes where they are now."""
    (tmp_path / "old").mkdir()
    save_book(tmp_path / "old", MarkBook(CLONE, {AUTH: Mark()}))
    (tmp_path / "old").rename(tmp_path / "new")
    change_book(tmp_path / "new", CLONE, lambda book: book.put(AUTH, Mark()))
    found = load_book(tmp_path / "new", CLONE)
    assert found is not None
    assert found.home == tmp_path / "new"


def test_a_book_says_whose_it_is() -> None:
    """The workspace in it owns it; without one, nobody does."""
    book = MarkBook(CLONE, {Address("file", "x"): Mark(), AUTH: Mark()})
    assert (book.owner, book.is_of("auth"), book.is_of("x")) == (AUTH, True, False)
    assert book.drop(AUTH).owner is None
