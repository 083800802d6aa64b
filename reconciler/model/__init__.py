"""Frozen values and protocols that every other room speaks in. No I/O, no decisions."""
