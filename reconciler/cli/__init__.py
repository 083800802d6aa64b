"""argv in, exit code out. Rule: nothing else reads argv, the environment and the terminal, and that is all it does."""
