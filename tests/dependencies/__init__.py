"""Kind `dependency`, with the real tools."""
