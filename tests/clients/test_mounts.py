"""What is mounted in a directory is found, whatever it is called."""

from __future__ import annotations

from pathlib import Path

from reconciler.clients.mounts import mounts_in
from tests.support.mounting import mounted


def test_a_mount_is_found_at_a_directory_and_below_it_and_nowhere_else(tmp_path: Path) -> None:
    """Also one of the same disk, of which no status tells; and also where a link leads there."""
    place = tmp_path / "tree" / "odd name\n\\x"
    (tmp_path / "data").mkdir()
    place.mkdir(parents=True)
    (tmp_path / "link").symlink_to("tree")

    assert mounts_in(tmp_path / "tree") == ()
    with mounted(tmp_path / "data", place):
        assert mounts_in(tmp_path / "tree") == (place,)
        assert mounts_in(tmp_path / "link") == (place,)
        assert mounts_in(place) == (place,)
        assert mounts_in(tmp_path / "tre") == ()
    assert mounts_in(tmp_path / "tree") == ()
