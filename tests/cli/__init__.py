"""The command line as a process sees it: argv in, streams and an exit code out."""
