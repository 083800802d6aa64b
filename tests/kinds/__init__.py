"""Tests of the room `reconciler.kinds`."""
