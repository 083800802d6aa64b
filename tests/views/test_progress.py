from __future__ import annotations

import io
import json

import pytest

from reconciler.errors import Location, ManifestError, PermanentError, Problem, TransientError
from reconciler.model.address import Address
from reconciler.model.change import Action, Change
from reconciler.model.event import Finished, Interrupted, Retried, Started
from reconciler.model.outcome import Outcome, Report, Status
from reconciler.views.json import JsonReporter, summary_line, version_line
from reconciler.views.live import LiveReporter
from reconciler.views.progress import PlainReporter, progress_line
from reconciler.views.report import last_line, render_report
from reconciler.views.style import PLAIN

AUTH = Change(Address("workspace", "auth"), Action.CREATE)
UI = Change(Address("workspace", "ui"), Action.DELETE)
CREATED = Outcome(AUTH.address, Status.CREATED, attempts=1, seconds=1.23)
FAILED = Outcome(UI.address, Status.FAILED, error=PermanentError("disk\nfull", hint="make room"), attempts=1, seconds=2)
SKIPPED = Outcome(Address("file", "ui/SESSION.md"), Status.SKIPPED, "it needs workspace:ui, which failed")


@pytest.mark.parametrize(
    ("event", "line"),
    [
        pytest.param(Started(AUTH), "workspace:auth: creating...", id="started"),
        pytest.param(Started(Change(Address("file", "a/b"), Action.CREATE)), "", id="a-file-is-made-too-fast"),
        pytest.param(
            Retried(AUTH, 1, TransientError("index.lock is there"), 0.41),
            "workspace:auth: retrying (2 of 5) in 0.4s: index.lock is there",
            id="retried",
        ),
        pytest.param(Finished(AUTH, CREATED), "workspace:auth: created after 1.2s", id="created"),
        pytest.param(Finished(UI, FAILED), "workspace:ui: failed after 2.0s: disk", id="failed"),
        pytest.param(
            Finished(UI, SKIPPED),
            "file:ui/SESSION.md: skipped, because it needs workspace:ui, which failed",
            id="skipped",
        ),
        pytest.param(
            Finished(UI, Outcome(UI.address, Status.SKIPPED, "interrupted")),
            "workspace:ui: skipped: interrupted",
            id="skipped-otherwise",
        ),
        pytest.param(Finished(UI, Outcome(UI.address, Status.UNCHANGED)), "", id="unchanged"),
        pytest.param(
            Interrupted(2, forced=False),
            "Interrupted: finishing 2 running, starting nothing new. Ctrl-C again stops them.",
            id="interrupted",
        ),
        pytest.param(Interrupted(2, forced=True), "Interrupted again: stopping 2 running.", id="forced"),
    ],
)
def test_an_event_is_one_line(event, line):
    assert progress_line(event, attempts=5) == line


def test_plain_lines_go_to_the_stream():
    stream = io.StringIO()
    reporter = PlainReporter(stream, attempts=5)
    for event in (Started(AUTH), Finished(AUTH, CREATED)):
        reporter.report(event)
    assert stream.getvalue() == "workspace:auth: creating...\nworkspace:auth: created after 1.2s\n"


class Clock:
    now = 10.0

    def __call__(self) -> float:
        return self.now


def live(stream: io.StringIO, clock: Clock) -> LiveReporter:
    return LiveReporter(stream, total=2, attempts=5, clock=clock, style=PLAIN, redact=lambda t: t.replace("auth", "*"))


def test_the_live_view_shows_what_runs_since_when_and_the_count():
    clock = Clock()
    reporter = live(io.StringIO(), clock)
    reporter.report(Started(AUTH))
    clock.now = 13.4
    assert reporter.view().plain == "  workspace:*: creating, 3s\n0 of 2 settled, 1 running"
    reporter.report(Finished(AUTH, CREATED))
    assert reporter.view().plain == "1 of 2 settled, 0 running"


def test_the_live_view_leaves_whole_settled_lines():
    stream = io.StringIO()
    reporter = live(stream, Clock())
    long = Change(Address("workspace", "x" * 300), Action.CREATE)
    reporter.report(Finished(long, Outcome(long.address, Status.CREATED, seconds=1)))
    assert stream.getvalue() == f"workspace:{'x' * 300}: created after 1.0s\n"


def test_json_events_begin_with_the_version_and_end_with_everything():
    stream = io.StringIO()
    stream.write(version_line("1.2.3"))
    reporter = JsonReporter(stream)
    for event in (Started(AUTH), Retried(AUTH, 1, TransientError("busy"), 0.5), Finished(UI, FAILED)):
        reporter.report(event)
    report = Report((CREATED, FAILED, SKIPPED))
    stream.write(summary_line(report, command="apply", exit_code=report.exit_code))
    first, *middle, last = map(json.loads, stream.getvalue().splitlines())
    assert first == {"type": "version", "format": "orchestra.events/1", "orchestra": "1.2.3"}
    assert [event["type"] for event in middle] == ["started", "retried", "finished"]
    assert {each["address"]: each["status"] for each in last["resources"]} == {
        "workspace:auth": "created",
        "workspace:ui": "failed",
        "file:ui/SESSION.md": "skipped",
    }
    assert (last["type"], last["exit_code"], last["counts"]["failed"]) == ("summary", 4, 1)


def test_the_end_lists_what_was_skipped_and_nearest_to_the_prompt_what_failed():
    assert render_report(Report((CREATED, FAILED, SKIPPED))) == (
        "file:ui/SESSION.md skipped, because it needs workspace:ui, which failed\n"
        "workspace:ui failed:\n"
        "  error: disk\n"
        "    full\n"
        "  hint: make room\n"
        "\n"
        "Apply incomplete: 1 added, 0 changed, 0 destroyed; 1 failed, 1 skipped.\n"
    )


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("it needs workspace:ui, which failed", "29 skipped, because they need workspace:ui, which failed"),
        ("it is left to a person", "29 skipped, because they are left to a person"),
        ("what it waits for waits for it", "29 skipped, because what they wait for waits for them"),
        ("interrupted", "29 skipped: interrupted"),
    ],
)
def test_many_that_were_skipped_for_one_reason_are_counted_with_a_few_names(reason, said):
    skipped = [Outcome(Address("file", f"ui/{number}"), Status.SKIPPED, reason) for number in range(29)]
    shown = render_report(Report((FAILED, *skipped))).splitlines()
    assert shown[:2] == [said, "  file:ui/0, file:ui/1, file:ui/2, file:ui/3, file:ui/4 and 24 more"]
    assert shown[2] == "workspace:ui failed:"


def test_a_failure_keeps_the_place_of_its_problem():
    error = ManifestError((Problem("wrong", Location("f", 1, 2)),))
    shown = render_report(Report((Outcome(AUTH.address, Status.FAILED, error=error),)))
    assert "  f:1:2: wrong\n" in shown


@pytest.mark.parametrize(
    ("report", "purpose", "line"),
    [
        pytest.param(Report((CREATED,)), "apply", "Apply complete: 1 added, 0 changed, 0 destroyed.", id="apply"),
        pytest.param(Report(()), "destroy", "Destroy complete: 0 added, 0 changed, 0 destroyed.", id="destroy"),
        pytest.param(
            Report((CREATED,), interrupted=True),
            "apply",
            "Apply complete: 1 added, 0 changed, 0 destroyed.",
            id="interrupted when all was done",
        ),
        pytest.param(
            Report((FAILED,)),
            "destroy",
            "Destroy incomplete: 0 added, 0 changed, 0 destroyed; 1 failed, 0 skipped.",
            id="incomplete",
        ),
    ],
)
def test_the_last_line_says_it_verbatim(report, purpose, line):
    assert last_line(report, purpose) == line
