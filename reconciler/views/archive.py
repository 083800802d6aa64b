"""What was saved of trees. Rule: what is not whole is said first, and what waits to be brought back is marked."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from reconciler.model.escaping import escape
from reconciler.views.style import PLAIN, Style
from reconciler.views.text import joined

_SHOWN = 50
_WAITS = "the next apply brings it back, if it is declared"


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


def render_archives(archives: Sequence[Archive], waiting: Sequence[str], *, style: Style = PLAIN) -> str:
    """Write a line for each, those that the next apply brings back marked with `*`."""
    width = max((len(escape(each.name)) for each in archives), default=0)
    lines = [_line(each, width, style, waits=each.commit in waiting) for each in archives]
    waits = any(each.commit in waiting for each in archives)
    more = ["", f"* {_WAITS}"] if waits else []
    return joined([*lines, *more] if lines else ["There are no archives."])


def render_contents(found: Contents, *, style: Style = PLAIN) -> str:
    """Write all that is known of one."""
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
    return joined([*lines, *_files("not committed", found.files), *_files("ignored", found.ignored)])


def archives_document(archives: Sequence[Archive], waiting: Sequence[str]) -> dict[str, object]:
    """Give the list the form that `--json` prints."""
    listed = [_document(each, waits=each.commit in waiting) for each in archives]
    return {"format": "orchestra.archives/1", "archives": listed}


def contents_document(found: Contents) -> dict[str, object]:
    """Give one archive the form that `--json` prints."""
    return {
        "format": "orchestra.archive/1",
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
