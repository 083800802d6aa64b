"""JSON, for machines. Rule: all say their format, and a format only gains keys.

A document is one object with `format`, for example `orchestra.status/1`.
A stream (`apply` and `destroy` with `--json`) is one object per line:

    {"type": "version", "format": "orchestra.events/1", "orchestra": ...}
    {"type": "started", "address": ..., "action": "create"}
    {"type": "retried", "address": ..., "attempt": 1, "wait_seconds": 0.4, "error": {...}}
    {"type": "printed", "address": ..., "text": "added 1 package"}        (with `--logs`)
    {"type": "finished", "address": ..., "status": "created", "reason": "", "seconds": 1.2, "attempts": 1, "error": ...}
    {"type": "interrupted", "running": 2, "forced": false}
    {"type": "summary", "command": "destroy", "counts": {...}, "resources": [...],
     "kept": [{"address": ..., "reason": ..., "path": ...}], "interrupted": false, "exit_code": 0}

An error that ends a command is `{"type": "error", "error": {"kind", "exit_code", "problems": [...]}}` in both.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TextIO

from reconciler.errors import OrchestraError
from reconciler.model.change import Change
from reconciler.model.event import Event, Finished, Interrupted, Printed, Retried, Started
from reconciler.model.outcome import Outcome, Report, Status
from reconciler.model.plan import Plan
from reconciler.model.serial import ACTION_NAMES
from reconciler.views.errors import error_document

EVENTS_FORMAT = "orchestra.events/1"


def document(value: Mapping[str, object]) -> str:
    """Write one object, for people to read, too; pure ASCII, so that no name in it can steer a terminal."""
    return json.dumps(value, indent=2) + "\n"


def line(value: Mapping[str, object]) -> str:
    """Write one object of a stream."""
    return json.dumps(value) + "\n"


def version_line(orchestra: str) -> str:
    """Open a stream."""
    return line({"type": "version", "format": EVENTS_FORMAT, "orchestra": orchestra})


def summary_line(report: Report, *, command: str, exit_code: int, plan: Plan | None = None) -> str:
    """Close a stream: what became of everything, and what the plan left where it is although it is not wanted."""
    summary = {
        "type": "summary",
        "command": command,
        "counts": {status.value: report.count(status) for status in Status},
        "resources": [_outcome(outcome) for outcome in report.outcomes],
        "kept": [_kept(change) for change in (plan.kept if plan else ())],
        "interrupted": report.interrupted,
        "exit_code": exit_code,
    }
    return line(summary)


def _kept(change: Change) -> dict[str, object]:
    return {"address": str(change.address), "reason": change.reason, "path": change.observed.get("path")}


class JsonReporter:
    """One object per event."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def report(self, event: Event) -> None:
        """Write an event."""
        self._stream.write(line(_event(event)))
        self._stream.flush()


def _event(event: Event) -> dict[str, object]:
    match event:
        case Started(change):
            return {"type": "started", "address": str(change.address), "action": ACTION_NAMES[change.action]}
        case Retried(change, attempt, error, wait_seconds):
            told = {"attempt": attempt, "wait_seconds": round(wait_seconds, 3), "error": _error(error)}
            return {"type": "retried", "address": str(change.address), **told}
        case Finished(outcome=outcome):
            return {"type": "finished", **_outcome(outcome)}
        case Printed(address, text):
            return {"type": "printed", "address": str(address), "text": text}
        case Interrupted(running, forced):
            return {"type": "interrupted", "running": running, "forced": forced}


def _outcome(outcome: Outcome) -> dict[str, object]:
    return {
        "address": str(outcome.address),
        "status": outcome.status.value,
        "reason": outcome.reason,
        "seconds": round(outcome.seconds, 3),
        "attempts": outcome.attempts,
        "error": _error(outcome.error),
    }


def _error(error: OrchestraError | None) -> object:
    return error_document(error)["error"] if error else None
