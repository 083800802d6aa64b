"""A plan that others overtake before it is carried out: it is made again, and only what was approved is done."""

from __future__ import annotations

from collections.abc import Callable

from reconciler.model.plan import Plan
from reconciler.operations.apply import apply
from reconciler.operations.execution import Applied, Execution
from reconciler.operations.session import Session
from tests.support.fakes import RecordingReporter
from tests.support.world import QUICK, World, describe


def _apply(session: Session, meanwhile: Callable[[], object]) -> Applied:
    def approve(_: Plan) -> bool:
        meanwhile()
        return True

    return apply(session, None, Execution(RecordingReporter(), approve, QUICK))


def _complete(applied: Applied) -> None:
    assert applied.report is not None
    assert applied.report.is_complete, describe(applied.report)


def test_an_apply_that_came_first_leaves_nothing_to_do(world: World) -> None:
    world.declare("auth: {helpers: {test: {eager: true}}}\nui:")
    _complete(_apply(world.session(), world.apply))
    world.settle()


def test_a_plan_made_while_another_apply_was_at_work_is_made_again(world: World) -> None:
    """Half of what it looked at was from before, and half from after: trees that no record told of were in its way."""
    world.declare("auth: {helpers: {test: {eager: true}}}\nui:")
    session = world.session()
    world.apply()
    _complete(_apply(session, lambda: None))
    world.settle()
