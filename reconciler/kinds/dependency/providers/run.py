"""Any command of the manifest's, for example a generator; a shell reads it."""

from __future__ import annotations

from reconciler.clients import globs
from reconciler.kinds.dependency.providers.provider import Options, Place, Provider


def _inputs(place: Place, options: Options) -> tuple[str, ...]:
    """What it makes itself is none, also where a pattern names it: else it would be run again for ever."""
    made = {path for pattern in options.outputs for path in globs.matching_files(place.directory, pattern)}
    found = (path for pattern in options.inputs for path in globs.matching_files(place.directory, pattern))
    return tuple(path for path in dict.fromkeys(found) if path not in made)


RUN = Provider(
    name="run",
    program="sh",
    how_to_get="install a POSIX shell",
    locks=(),
    settings=_inputs,
    commands=lambda _place, options: (("sh", "-c", options.command),),
    stale=r"(?!)",
    how_to_lock="",
    is_retried=False,
)
