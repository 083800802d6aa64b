"""One module per verb: the library under the command line. Values in, values out; nothing is printed here."""
