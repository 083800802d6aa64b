"""Answers that are one sentence. Rule: the same sentence is in the JSON."""

from __future__ import annotations

from reconciler.cli.context import Context
from reconciler.model.escaping import escape
from reconciler.views.json import document


def tell(message: str, context: Context) -> int:
    """Print one or more sentences, and give the code of success."""
    if context.json:
        context.answer(document({"format": "orchestra.message/1", "message": message}))
    else:
        context.answer("".join(f"{escape(line)}\n" for line in message.split("\n")))
    return 0
