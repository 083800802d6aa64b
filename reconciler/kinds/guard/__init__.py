"""Kind `guard`: git hooks for one tree alone, which refuse what its area does not allow."""
