"""Names in a tree that several rooms must know."""

from __future__ import annotations

DESKS = ".sub-agents"
"""Desks, status and messages lie here: git never sees it, and agents write it."""
