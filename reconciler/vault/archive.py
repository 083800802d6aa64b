"""What an archive is, what its refs are called, and how its commit speaks of it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from reconciler.model.phrases import plural

ARCHIVES = "refs/orchestra/archive/"
SAVING = "refs/orchestra/saving/"
FORMAT = 1
_STAMP = "%Y%m%dT%H%M%SZ"


@dataclass(frozen=True, slots=True)
class Summary:
    """What an archive holds, in numbers.

    Attributes:
        branch: that was checked out; None when HEAD was detached.
        head: the commit that was checked out; None when the branch was not born.
        commits: how many of its commits the base has not; None when that was not asked.
        uncommitted: files with work that is in no commit.
        ignored: files in the tar.
        ignored_bytes: their size.
        logged: commits that no branch has, and that its reflogs or private refs alone reach.
    """

    branch: str | None
    head: str | None
    commits: int | None = None
    uncommitted: int = 0
    ignored: int = 0
    ignored_bytes: int = 0
    logged: int = 0

    @property
    def phrase(self) -> str:
        """What it holds, in words."""
        parts = (
            (self.commits or 0, "commit", "commits"),
            (self.uncommitted, "uncommitted file", "uncommitted files"),
            (self.ignored, "ignored file", "ignored files"),
            (self.logged, "commit that no branch has", "commits that no branch has"),
        )
        shown = [plural(number, one, many) for number, one, many in parts if number]
        return ", ".join(shown) or "no work of its own"


@dataclass(frozen=True, slots=True)
class Archive:
    """One save of one tree.

    Attributes:
        name: the workspace.
        time: when, as in its ref: `20261124T020000Z`.
        commit: its commit.
        summary: what it holds; None when its commit cannot be read.
        has_ref: the repository has it; else only the copy is left.
        bundle_bytes, tar_bytes: sizes of its other parts; None when there are none.
    """

    name: str
    time: str
    commit: str
    summary: Summary | None
    has_ref: bool = True
    bundle_bytes: int | None = None
    tar_bytes: int | None = None

    @property
    def ref(self) -> str:
        """Where it is in the repository."""
        return archive_ref(self.name, self.time)

    @property
    def when(self) -> datetime:
        """When it was made."""
        return datetime.strptime(self.time, _STAMP).replace(tzinfo=UTC)


def stamp(now: datetime) -> str:
    """A time as refs and files spell it."""
    return now.astimezone(UTC).strftime(_STAMP)


def is_stamp(text: str) -> bool:
    """Whether a time is spelled like this: what is not, nobody saved here."""
    try:
        return stamp(datetime.strptime(text, _STAMP).replace(tzinfo=UTC)) == text
    except ValueError:
        return False


def ref_part(name: str) -> str:
    """A workspace's name as one component of a ref: `auth/test` must not lie inside `auth`."""
    return name.replace("/", "--")


def archive_ref(name: str, time: str) -> str:
    """The ref of an archive."""
    return f"{ARCHIVES}{ref_part(name)}/{time}"


def commit_message(name: str, time: str, summary: Summary) -> str:
    """What the archive's commit says: a line for people, and all of the summary in one line for us."""
    document = {"format": FORMAT, "name": name, **asdict(summary)}
    return f"Archive of {name}, {time}\n\n{json.dumps(document)}\n"


def read_message(message: str) -> tuple[str, Summary] | None:
    """The name and the summary that a commit's message holds; None when it is not an archive's."""
    try:
        document: dict[str, Any] = json.loads(message.rpartition("\n\n")[2])
        if document.pop("format") != FORMAT:
            return None
        return str(document.pop("name")), Summary(**document)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
