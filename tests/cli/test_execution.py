from __future__ import annotations

import argparse
import json
import os
import signal

import pytest

from reconciler.cli.context import Context
from reconciler.cli.execution import execute
from reconciler.cli.interrupts import signals_to
from reconciler.engine.interrupt import Interrupt
from reconciler.errors import PermanentError, RefusedError
from reconciler.model.address import Address
from reconciler.model.change import Action, Change
from reconciler.model.event import Finished, Started
from reconciler.model.outcome import Outcome, Report, Status
from reconciler.model.plan import Plan
from reconciler.operations.execution import Execution
from tests.cli.support import Streams

AUTH = Change(Address("workspace", "auth"), Action.CREATE, "declared")
PLAN = Plan((AUTH,))

CUT_OFF = Outcome(AUTH.address, Status.SKIPPED, "interrupted")


def options(**more: object) -> argparse.Namespace:
    given = {"auto_approve": False, "full": False, "parallelism": None, "lock_timeout": 0.0, "logs": False}
    return argparse.Namespace(**{**given, **more})


def operation(status: Status = Status.CREATED, plan: Plan = PLAN):
    def work(given: Execution) -> Report | None:
        if not given.approve(plan):
            return None
        outcomes = tuple(
            Outcome(change.address, status, error=PermanentError("no") if status is Status.FAILED else None, attempts=1)
            for change in plan.pending
        )
        for change, outcome in zip(plan.pending, outcomes, strict=True):
            given.reporter.report(Started(change))
            given.reporter.report(Finished(change, outcome))
        return Report(outcomes)

    return work


def carry_out(streams: Streams, work, *, json: bool = False, **more: object) -> int:
    return execute(options(**more), Context(streams.around, json=json, no_color=True), "apply", work)


def test_without_a_terminal_it_refuses_before_anything_is_done():
    def never(_given: Execution) -> Report:
        pytest.fail("it was started")

    with pytest.raises(RefusedError) as caught:
        carry_out(Streams(), never)
    assert "--auto-approve" in caught.value.hint
    assert caught.value.exit_code == 7


def test_unattended_it_shows_the_plan_and_the_end_and_narrates_on_stderr():
    streams = Streams()
    assert carry_out(streams, operation(), auto_approve=True) == 0
    assert streams.out == (
        "  + workspace:auth (declared)\n\nPlan: 1 to add, 0 to change, 0 to destroy.\n"
        "\nApply complete: 1 added, 0 changed, 0 destroyed.\n"
    )
    assert streams.err == "workspace:auth: creating...\nworkspace:auth: created after 0.0s\n"


def test_on_a_terminal_yes_carries_it_out():
    streams = Streams(typed="yes\n", environment={"TERM": "dumb"})
    assert carry_out(streams, operation()) == 0
    assert "Only 'yes' will be accepted: " in streams.err
    assert streams.out.endswith("Apply complete: 1 added, 0 changed, 0 destroyed.\n")


@pytest.mark.parametrize("typed", ["no\n", "y\n", "YES\n", ""], ids=["no", "y", "capitals", "end-of-input"])
def test_anything_else_changes_nothing(typed):
    streams = Streams(typed=typed, environment={"TERM": "dumb"})
    assert carry_out(streams, operation()) == 1
    assert streams.err.endswith("Apply cancelled. Nothing was changed.\n")
    assert "complete" not in streams.out


def test_nobody_is_asked_about_an_empty_plan():
    streams = Streams(typed="", environment={"TERM": "dumb"})
    assert carry_out(streams, operation(plan=Plan(()))) == 0
    assert streams.out == "No changes. The worktrees match orchestra.yaml.\n"


def test_a_failure_is_4_and_told_at_the_end():
    streams = Streams()
    assert carry_out(streams, operation(Status.FAILED), auto_approve=True) == 4
    assert "workspace:auth failed:\n  error: no\n" in streams.out


def test_with_json_stdout_is_a_stream_that_ends_with_the_summary():
    streams = Streams()
    assert carry_out(streams, operation(), json=True, auto_approve=True) == 0
    events = [json.loads(line) for line in streams.out.splitlines()]
    assert [event["type"] for event in events] == ["version", "started", "finished", "summary"]
    assert "Plan: 1 to add" in streams.err


def test_once_approved_ctrl_c_is_the_executors_business():
    seen: list[bool] = []

    def work(given: Execution) -> Report:
        given.approve(PLAN)
        signal.raise_signal(signal.SIGINT)
        seen.append(given.interrupt.is_requested)
        return Report((CUT_OFF,), interrupted=True)

    assert carry_out(Streams(), work, auto_approve=True) == 130
    assert seen == [True]


def test_ctrl_c_while_another_apply_is_waited_for_ends_the_command():
    streams = Streams()

    def work(given: Execution) -> Report:
        given.approve(PLAN)
        given.on_wait("pid 1")
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        given.reporter.report(Started(AUTH))
        signal.raise_signal(signal.SIGINT)
        return Report((CUT_OFF,), interrupted=given.interrupt.is_requested)

    assert carry_out(streams, work, auto_approve=True) == 130
    assert "Waiting for another apply: pid 1\n" in streams.err


def test_signals_end_the_command_before_the_approval_and_ask_afterwards():
    interrupt = Interrupt()
    before = signal.getsignal(signal.SIGINT)
    with signals_to(interrupt) as signals:
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGTERM)
        signals.arm()
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGTERM)
        assert interrupt.count == 2
    assert signal.getsignal(signal.SIGINT) is before
