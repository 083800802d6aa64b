"""Write single objects into a directory of objects that is thrown away: no program is started for that."""

from __future__ import annotations

import zlib
from pathlib import Path

from reconciler.clients.pack import ObjectFormat
from reconciler.clients.refusals import refused

_FAST = 1


def write_object(objects: Path, form: ObjectFormat, kind: str, content: bytes) -> str:
    """Write an object as git does, but for its care that it survives a crash, and give its name.

    Raises:
        PermanentError: the operating system refused.
    """
    name = form.identify(kind, content)
    file = objects / name[:2] / name[2:]
    try:
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(zlib.compress(b"%s %d\0%s" % (kind.encode(), len(content), content), _FAST))
    except OSError as error:
        raise refused(f"cannot write {file}", error) from error
    return name
