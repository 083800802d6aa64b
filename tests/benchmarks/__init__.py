"""What it costs, as ratios and counts. Started by `make bench`, never by the suite; judges only with `--check`."""
