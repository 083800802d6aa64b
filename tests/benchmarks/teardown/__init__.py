"""Trees with work in them, torn down in three ways: the parts of the benchmark `losses`."""
