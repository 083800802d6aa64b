"""The sandbox: what a command in it can and cannot do, tried for real."""
