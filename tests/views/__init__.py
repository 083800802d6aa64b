"""Whole texts of small values."""
