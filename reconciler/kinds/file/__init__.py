"""Kind `file`: contracts and what loads them, status skeletons, and other files that are declared for a tree."""

from reconciler.kinds.file.kind import FileKind
from reconciler.kinds.file.spec import FileSpec, Source

__all__ = ["FileKind", "FileSpec", "Source"]
