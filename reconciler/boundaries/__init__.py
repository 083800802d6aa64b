"""Paths as languages: parse, and later match, contain and intersect. Pure; git's own pattern language is the law."""
