"""`validate`: everything that can be known to be wrong without looking at the world."""

from __future__ import annotations

from reconciler.manifest.declaration import Manifest
from reconciler.operations.desired import desired
from reconciler.operations.session import Session


def validate(session: Session) -> Manifest:
    """Load the manifest, its templates and its graph.

    Raises:
        ManifestError: something is wrong; all of it.
        UsageError: there is no manifest.
    """
    manifest = session.load_manifest()
    desired(manifest, session.read, sources=session.untracked, mine=None)
    return manifest
