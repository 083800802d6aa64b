"""Work that must outlive its tree: saved, verified, compared once more, restored.

The rule: nothing here changes a tree that is saved, and nothing overwrites a byte that is neither git's nor its own.
"""
