"""What was saved of trees. Rule: what is not whole is said first, and what waits to be brought back is marked."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Protocol

from reconciler.model.escaping import escape
from reconciler.views.style import PLAIN, Style
from reconciler.views.text import joined

_SHOWN = 50
_UNIT = 1024
_WAITS = "the next apply brings it back, if it is declared and not there"


class Summary(Protocol):
    """What an archive holds, in numbers."""

    @property
    def branch(self) -> str | None: ...  # noqa: D102
    @property
    def head(self) -> str | None: ...  # noqa: D102
    @property
    def commits(self) -> int | None: ...  # noqa: D102
    @property
    def uncommitted(self) -> int: ...  # noqa: D102
    @property
    def ignored(self) -> int: ...  # noqa: D102
    @property
    def ignored_bytes(self) -> int: ...  # noqa: D102
    @property
    def logged(self) -> int: ...  # noqa: D102
    @property
    def phrase(self) -> str: ...  # noqa: D102


class Archive(Protocol):
    """One save of one tree."""

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def time(self) -> str: ...  # noqa: D102
    @property
    def when(self) -> datetime: ...  # noqa: D102
    @property
    def commit(self) -> str: ...  # noqa: D102
    @property
    def summary(self) -> Summary | None: ...  # noqa: D102
    @property
    def has_ref(self) -> bool: ...  # noqa: D102
    @property
    def bundle_bytes(self) -> int | None: ...  # noqa: D102
    @property
    def tar_bytes(self) -> int | None: ...  # noqa: D102


class Contents(Protocol):
    """One archive, looked into."""

    @property
    def archive(self) -> Archive: ...  # noqa: D102
    @property
    def waits(self) -> bool: ...  # noqa: D102
    @property
    def problems(self) -> Sequence[str]: ...  # noqa: D102
    @property
    def path(self) -> str: ...  # noqa: D102
    @property
    def files(self) -> Sequence[str]: ...  # noqa: D102
    @property
    def ignored(self) -> Sequence[str]: ...  # noqa: D102


class VolumeArchive(Protocol):
    """What was archived of one volume."""

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def volume(self) -> str: ...  # noqa: D102
    @property
    def when(self) -> datetime: ...  # noqa: D102
    @property
    def path(self) -> Path: ...  # noqa: D102
    @property
    def size_bytes(self) -> int: ...  # noqa: D102
    @property
    def waits(self) -> bool: ...  # noqa: D102
    @property
    def is_put_back(self) -> bool: ...  # noqa: D102


def render_archives(
    archives: Sequence[Archive],
    waiting: Sequence[str],
    volumes: Sequence[VolumeArchive] = (),
    *,
    of: str | None = None,
    style: Style = PLAIN,
) -> str:
    """Write a line for each, those that the next apply brings back marked with `*`; `of` is the one asked about."""
    names = (*(each.name for each in archives), *(each.name for each in volumes))
    width = max((len(escape(name)) for name in names), default=0)
    lines = [_line(each, width, style, waits=each.commit in waiting) for each in archives]
    lines += [_volume_line(each, width, style) for each in volumes]
    waits = any(each.commit in waiting for each in archives) or any(each.waits for each in volumes)
    more = ["", f"* {_WAITS}"] if waits else []
    none = "There are no archives." if of is None else f"There are no archives of {escape(of)}."
    return joined([*lines, *more] if lines else [none])


def render_contents(
    found: Contents | None, volumes: Sequence[tuple[VolumeArchive, Sequence[str]]] = (), *, style: Style = PLAIN
) -> str:
    """Write all that is known of one, and of what was archived of volumes, with what is wrong with each."""
    return joined([*(_contents(found, style) if found else ()), *_volumes(volumes)])


def _contents(found: Contents, style: Style) -> list[str]:
    archive, said = found.archive, found.archive.summary
    facts = {
        "state": "; ".join(map(escape, found.problems)) or "whole",
        "branch": escape(said.branch or "(detached)") if said else "",
        "commit": said.head or "" if said else "",
        "path": escape(found.path),
        "ref": archive.commit,
        "holds": _holds(archive),
        "waits": _WAITS if found.waits else "",
    }
    lines = [style.paint(f"{escape(archive.name)} {archive.time}", "bold")]
    lines += [f"  {label + ':':<8}{text}" for label, text in facts.items() if text]
    return [*lines, *_files("not committed", found.files), *_files("ignored", found.ignored)]


def _volumes(volumes: Sequence[tuple[VolumeArchive, Sequence[str]]]) -> list[str]:
    lines = [f"    {_volume(each)}: {'; '.join(map(escape, wrong)) or 'whole'}" for each, wrong in volumes]
    return ["  volumes:", *lines] if lines else []


def archives_document(
    archives: Sequence[Archive], waiting: Sequence[str], volumes: Sequence[VolumeArchive] = ()
) -> dict[str, object]:
    """Give the list the form that `--json` prints."""
    listed = [_document(each, waits=each.commit in waiting) for each in archives]
    return {"format": "orchestra.archives/1", "archives": listed, "volumes": [_volume_document(v) for v in volumes]}


def contents_document(
    found: Contents | None, volumes: Sequence[tuple[VolumeArchive, Sequence[str]]] = ()
) -> dict[str, object]:
    """Give one archive the form that `--json` prints; where there is none of the tree, its volumes alone."""
    listed = [{**_volume_document(each), "problems": list(wrong)} for each, wrong in volumes]
    document: dict[str, object] = {"format": "orchestra.archive/1", "volumes": listed}
    if found is None:
        return document
    return {
        **document,
        **_document(found.archive, waits=found.waits),
        "problems": list(found.problems),
        "path": found.path,
        "files": list(found.files),
        "ignored": list(found.ignored),
    }


def _line(each: Archive, width: int, style: Style, *, waits: bool) -> str:
    name = escape(each.name)
    mark = "*" if waits else " "
    return f"{mark} {style.paint(name, 'bold')}{' ' * (width - len(name))}  {each.time}  {_holds(each)}"


def _volume_line(each: VolumeArchive, width: int, style: Style) -> str:
    name = escape(each.name)
    return f"{'*' if each.waits else ' '} {style.paint(name, 'bold')}{' ' * (width - len(name))}  {_volume(each)}"


def _volume(each: VolumeArchive) -> str:
    done = ", put back" if each.is_put_back else ""
    return f"{_stamp(each.when)}  volume {escape(each.volume)}: {_size(each.size_bytes)}{done}"


def _stamp(when: datetime) -> str:
    return f"{when:%Y%m%dT%H%M%SZ}"


def _size(number: int) -> str:
    """In the unit that leaves few digits."""
    if number < _UNIT:
        return f"{number} bytes"
    power = 2 if number < _UNIT**3 else 3
    power = 1 if number < _UNIT**2 else power
    return f"{number / _UNIT**power:.1f} {('KiB', 'MiB', 'GiB')[power - 1]}"


def _volume_document(each: VolumeArchive) -> dict[str, object]:
    return {
        "name": each.name,
        "volume": each.volume,
        "time": _stamp(each.when),
        "waits": each.waits,
        "put_back": each.is_put_back,
        "bytes": each.size_bytes,
        "path": str(each.path),
    }


def _holds(each: Archive) -> str:
    said = each.summary
    if said is None:
        return "only its copy is left; `orchestra archive restore` takes it from there" if not each.has_ref else "?"
    return said.phrase + ("" if each.bundle_bytes is not None else "; its copy is gone")


def _files(title: str, names: Sequence[str]) -> list[str]:
    more = [f"    and {len(names) - _SHOWN} more"] if len(names) > _SHOWN else []
    return [f"  {title}:", *(f"    {escape(name)}" for name in names[:_SHOWN]), *more] if names else []


def _document(each: Archive, *, waits: bool) -> dict[str, object]:
    said = each.summary
    return {
        "name": each.name,
        "time": each.time,
        "commit": each.commit,
        "waits": waits,
        "branch": said.branch if said else None,
        "head": said.head if said else None,
        "commits": said.commits if said else None,
        "uncommitted": said.uncommitted if said else None,
        "ignored": said.ignored if said else None,
        "logged": said.logged if said else None,
        "bundle_bytes": each.bundle_bytes,
        "tar_bytes": each.tar_bytes,
        "has_ref": each.has_ref,
    }
