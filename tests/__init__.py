"""The suite mirrors `reconciler/`: one file per module, builders in `support/`, whole-program tests in `scenarios/`."""
