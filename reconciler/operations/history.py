"""`history`: what was run here, from the journal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.operations.session import Session


@dataclass(frozen=True, slots=True)
class Run:
    """One run.

    Attributes:
        exit_code: None when it was cut off.
        changes: one sentence each, in the order in which they were settled.
    """

    started: str
    command: str
    user: str
    counts: Mapping[str, int]
    exit_code: int | None
    changes: tuple[str, ...]


def history(session: Session, limit: int) -> tuple[Run, ...]:
    """Read the last runs, newest first."""
    runs: dict[str, list[dict[str, Any]]] = {}
    for record in session.journal.records():
        runs.setdefault(str(record.get("run")), []).append(record)
    complete = [_run(records) for records in runs.values() if records[0].get("type") == "start"]
    return tuple(reversed(complete[-limit:]))


def _run(records: list[dict[str, Any]]) -> Run:
    start = records[0]
    end = next((record for record in records if record.get("type") == "end"), {})
    settled = [record for record in records if record.get("type") == "done"]
    return Run(
        started=str(start.get("time", "")),
        command=str(start.get("command", "")),
        user=str(start.get("user", "")),
        counts=end.get("counts", {}),
        exit_code=end.get("exit"),
        changes=tuple(_sentence(record) for record in settled),
    )


def _sentence(record: dict[str, Any]) -> str:
    reason = f": {record['reason']}" if record.get("reason") else ""
    return f"{record.get('address')} {record.get('status')}{reason}"
