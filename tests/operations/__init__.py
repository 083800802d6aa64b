"""Tests of the room `reconciler.operations`."""
