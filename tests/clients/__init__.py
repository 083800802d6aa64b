"""Tests of the room `reconciler.clients`."""
