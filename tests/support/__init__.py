"""Builders that tests share. Never a test, never an assertion about the product."""
