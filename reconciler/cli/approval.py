"""The question before anything is changed. Rule: what is approved is what was shown; nobody is asked in vain."""

from __future__ import annotations

from collections.abc import Callable

from reconciler.cli.context import Context
from reconciler.errors import RefusedError
from reconciler.model.plan import Plan
from reconciler.views.plan import Purpose, render_plan

QUESTIONS = {
    "apply": "Do you want to perform these actions? Only 'yes' will be accepted: ",
    "destroy": "Do you want to destroy these? Only 'yes' will be accepted: ",
}


def require_somebody_to_ask(context: Context, *, auto_approve: bool, command: str) -> None:
    """Refuse before any work is done when the answer could never come.

    Raises:
        RefusedError: there is no terminal and no `--auto-approve`.
    """
    if not (auto_approve or context.is_interactive):
        raise RefusedError(
            f"{command} asks before it changes anything, and there is no terminal to ask on",
            hint="`--auto-approve` makes the changes without asking",
        )


class Approval:
    """Shows the plan, then asks unless told not to.

    Attributes:
        plan: what was shown last; None before.
        is_declined: a person was asked and did not say yes.

    Args:
        context: where to show and ask; with `--json` stdout belongs to the events, and the plan is narration.
        auto_approve: show, but do not ask.
        full: show each new file by itself.
        purpose: what the plan is for.
        on_yes: called before the work begins.
    """

    def __init__(
        self, context: Context, *, auto_approve: bool, full: bool, purpose: Purpose, on_yes: Callable[[Plan], None]
    ) -> None:
        self._context = context
        self._auto_approve = auto_approve
        self._full = full
        self._purpose = purpose
        self._on_yes = on_yes
        self.plan: Plan | None = None
        self.is_declined = False

    def __call__(self, plan: Plan) -> bool:
        """Tell whether the plan may be carried out."""
        self.plan = plan
        self._show(plan)
        if plan.pending and not self._auto_approve and not self._ask():
            self.is_declined = True
            return False
        self._on_yes(plan)
        return True

    def _show(self, plan: Plan) -> None:
        context = self._context
        show, style = (context.narrate, context.err) if context.json else (context.answer, context.out)
        show(render_plan(plan, style=style, full=self._full, purpose=self._purpose))

    def _ask(self) -> bool:
        return self._context.ask("\n" + QUESTIONS[self._purpose]) == "yes"
