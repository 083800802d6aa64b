"""Which engines this clone ever made something on: a file beside the journal, so that orphans are looked for there."""

from __future__ import annotations

import contextlib
import json
import threading
from pathlib import Path

from reconciler.clients import files
from reconciler.clients.engine import Place
from reconciler.errors import OrchestraError
from reconciler.kinds.given import ENGINES_FILE

_CHANGING = threading.Lock()


def recorded(common_dir: Path) -> tuple[Place, ...]:
    """The engines; one that cannot be read is none: anybody may have edited the file."""
    with contextlib.suppress(OrchestraError, ValueError, KeyError, TypeError, AttributeError):
        entry = files.read(common_dir, ENGINES_FILE)
        places = json.loads(entry.content or b"[]") if entry else []
        return tuple(Place(str(place["context"]), str(place["host"])) for place in places)
    return ()


def record(common_dir: Path, place: Place) -> None:
    """Write down one more, before anything is made there.

    Raises:
        ClientError: it cannot be written.
    """
    with _CHANGING:
        places = recorded(common_dir)
        if place not in places:
            document = [{"context": each.context, "host": each.host} for each in (*places, place)]
            files.write(common_dir, ENGINES_FILE, json.dumps(document).encode("ascii"), durable=True)
