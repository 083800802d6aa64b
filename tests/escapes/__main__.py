"""`python -m tests.escapes`: write the page anew."""

from __future__ import annotations

from pathlib import Path

from tests.escapes.page import page

(Path(__file__).parents[2] / "specs/escapes.md").write_text(page(), encoding="utf-8")
