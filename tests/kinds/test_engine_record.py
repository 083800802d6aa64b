"""Which engines a clone ever used: written down before anything is made there, and read whatever became of the file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from reconciler.clients.docker.engine import Place
from reconciler.kinds.containers.record import record, recorded
from reconciler.kinds.given import ENGINES_FILE

PLACES = (Place(), Place(host="ssh://away"), Place(context="swarm", is_swarm=True))


def test_what_was_written_is_read(tmp_path: Path) -> None:
    """Each engine once, in the order in which it came."""
    for place in (*PLACES, *PLACES):
        record(tmp_path, place)
    assert recorded(tmp_path) == PLACES


@pytest.mark.parametrize("spoilt", [None, 7, "default", [], ["host"]])
def test_what_somebody_spoilt_hides_no_other_engine(tmp_path: Path, spoilt: object) -> None:
    """Its neighbours are still asked for what was left there."""
    record(tmp_path, PLACES[1])
    file = tmp_path / ENGINES_FILE
    file.write_text(json.dumps([spoilt, *json.loads(file.read_text())]))
    assert recorded(tmp_path) == (PLACES[1],)


@pytest.mark.parametrize("content", ["", "{", "{}", "7", "null"])
def test_a_file_that_is_no_list_is_empty(tmp_path: Path, content: str) -> None:
    """A plan goes on."""
    file = tmp_path / ENGINES_FILE
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content)
    assert recorded(tmp_path) == ()
