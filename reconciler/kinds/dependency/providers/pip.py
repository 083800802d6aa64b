"""pip, into a virtual environment that is made anew: it cannot take away what is no longer required."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from reconciler.kinds.dependency.providers.provider import Options, Place, Provider, repeated
from reconciler.kinds.dependency.providers.python import INTERPRETER, VENV

_FILE = "requirements.txt"
_INCLUDED = re.compile(r"^\s*(?:-r|--requirement|-c|--constraint)[\s=]\s*(\S+)", re.MULTILINE)


def _requirements(place: Place, options: Options) -> tuple[str, ...]:
    """The files of requirements, and what they include."""
    found: dict[str, None] = {}
    waiting = list(options.requirements or (_FILE,))
    while waiting:
        name = posixpath.normpath(waiting.pop(0))
        if name not in found and not name.startswith("/") and not place.path(name).startswith("../"):
            found[name] = None
            waiting += _included(place, name)
    return tuple(found)


def _included(place: Place, name: str) -> Iterator[str]:
    return (posixpath.join(posixpath.dirname(name), each) for each in _INCLUDED.findall(place.read(name)))


def _settings(place: Place, options: Options) -> tuple[str, ...]:
    return (*_requirements(place, options), "pyproject.toml", "setup.py", "setup.cfg", ".python-version")


def _commands(_place: Place, options: Options) -> tuple[tuple[str, ...], ...]:
    pip = (".venv/bin/python", "-m", "pip", "install", "--disable-pip-version-check", "--no-input")
    requirements = repeated("-r", options.requirements or (_FILE,))
    return (("python3", "-m", "venv", "--clear", ".venv"), (*pip, *requirements))


PIP = Provider(
    name="pip",
    program="python3",
    how_to_get="install Python 3 with its module venv",
    locks=(_FILE,),
    settings=_settings,
    owns=VENV,
    must_make=INTERPRETER,
    commands=_commands,
    stale=r"from versions: (?!none)|ResolutionImpossible",  # it finds none where no registry answers
    how_to_lock="pip freeze",
)
