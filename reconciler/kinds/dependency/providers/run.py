"""Any command of the manifest's, for example a generator; a shell reads it."""

from __future__ import annotations

from reconciler.clients import globs
from reconciler.kinds.dependency.providers.provider import Options, Place, Provider


def _inputs(place: Place, options: Options) -> tuple[str, ...]:
    found = (path for pattern in options.inputs for path in globs.matching_files(place.directory, pattern))
    return tuple(dict.fromkeys(found))


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
