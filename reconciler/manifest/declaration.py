"""What a manifest says, as frozen values: defaults applied, modules put in, every name checked.

The rule: `{env:NAME}` stays as it is written; its value is in `Manifest.values` only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from reconciler.errors import Location, Problem
from reconciler.manifest.nodes import MapNode


@dataclass(frozen=True, slots=True)
class FileDeclaration:
    """A file that the manifest wants in a tree.

    Attributes:
        path: relative to the tree.
        content: its text; None when it comes from a template.
        template: a path in the repository; None when the text is given.
    """

    path: str
    content: str | None
    template: str | None
    where: Location


@dataclass(frozen=True, slots=True)
class CopyDeclaration:
    """A pattern of files that the main worktree has and git does not track.

    Attributes:
        text: a git glob; a literal one covers all below it.
    """

    text: str
    where: Location


@dataclass(frozen=True, slots=True)
class GovernedDeclaration:
    """A pattern of branches that must be declared.

    Attributes:
        text: a git glob, read over the name of a branch as over a path.
    """

    text: str
    where: Location


@dataclass(frozen=True, slots=True)
class DependencyDeclaration:
    """Something to install in a tree, or a command to run there.

    Attributes:
        provider: who does it; `auto` stands for those that the lock files at the top of the tree name.
        project: where in the tree; empty for the top.
        command: what `run` gives to a shell.
        time_limit_seconds: how long it may take; None when nothing is said of it.
        environment: what it gets beside the environment of all.
    """

    provider: str
    where: Location
    project: str = ""
    groups: tuple[str, ...] = ()
    filters: tuple[str, ...] = ()
    link: str | None = None
    requirements: tuple[str, ...] = ()
    command: str = ""
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    time_limit_seconds: float | None = None
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ContainersDeclaration:
    """The containers of a worktree.

    Attributes:
        compose: a Compose file of the repository; None where `services` stands in the manifest.
        volumes: what becomes of each volume, by its name; the one named `` is for all others.
        seconds: how long it may take until all work; None when nothing is said of it.
        is_swarm: a stack is wanted, not a project.
        context: which engine, by a context of the client.
        host: which engine, by where it listens.
    """

    where: Location
    compose: str | None
    services: MapNode | None
    profiles: tuple[str, ...]
    pull: str | None
    seconds: float | None
    volumes: Mapping[str, str]
    is_swarm: bool
    context: str
    host: str


@dataclass(frozen=True, slots=True)
class Declaration:
    """One workspace of any level.

    Attributes:
        full_name: `auth--test`; the same as `name` for level 1.
        level: 1 a worktree, 2 a helper, 3 a helper's helper.
        parent: the parent's full name.
        where: the place of its key.
        places: the place of each key that is written for it (`branch`, `modify`), and of each item (`modify.0`);
            those of `base`, `deny`, `read` and `shared` also where `defaults` says it.
        owner: inherited from its worktree.
        branch: for a helper `<parent's branch>--<name>`.
        base: None is the repository's default branch; for a helper the branch of the nearest tree above it (of the
            nearest that apply makes, when it is eager itself).
        starts_from: full name of the workspace whose branch its base is, where apply makes that too; level 1 only.
        path: relative to the root, or absolute; for a helper `<parent's path>--<name>`.
        checkout: `full` or `sparse`.
        eager: its tree is made by apply; always true for level 1.
        tree: it has a tree of its own; false for `workspace: desk`.
        links: its desk has a link to its tree.
        was: its name until now.
        modify: git globs; empty means no area was declared.
        scratch: git globs of what no archive holds.
        copy: what is copied into its tree beside what `.worktreeinclude` names; None: nothing at all.
        ports: names of ports.
        env_file: the file in the tree that tells their numbers.
        protect: its tree is kept whatever is destroyed; None when nothing is said of it.
        max_helpers: None is no limit.
        template: None is the helper's own name when there is such a template, else `general`.
        needs: full names of siblings.
        helpers: full names, in order.
        containers: None: there are none.
        dependencies: in the order in which they are written; a helper's are its parent's, if it says nothing else.
    """

    name: str
    full_name: str
    level: int
    parent: str | None
    where: Location
    places: Mapping[str, Location]
    owner: str | None
    branch: str
    base: str | None
    starts_from: str | None
    path: str
    checkout: str
    submodules: bool
    eager: bool
    tree: bool
    links: bool
    was: str | None
    task: str
    modify: tuple[str, ...]
    deny: tuple[str, ...]
    read: tuple[str, ...]
    shared: tuple[str, ...]
    scratch: tuple[str, ...]
    copy: tuple[CopyDeclaration, ...] | None
    ports: tuple[str, ...]
    env_file: str
    protect: bool | None
    max_helpers: int | None
    done_when: tuple[str, ...]
    template: str | None
    variables: Mapping[str, str]
    needs: tuple[str, ...]
    helpers: tuple[str, ...]
    files: tuple[FileDeclaration, ...]
    dependencies: tuple[DependencyDeclaration, ...] = ()
    containers: ContainersDeclaration | None = None


@dataclass(frozen=True, slots=True)
class Manifest:
    """A whole manifest.

    Attributes:
        declarations: parents before children, in the order of the files.
        port_range: the first and the last number that a port may get.
        sources: every file that was read.
        digest: sha256 of the bytes of all sources.
        values: what every `{env:NAME}` that is used stands for; for the text of files alone.
        secrets: those that must not be shown: all but what the manifest, or where it lies, spells out itself.
        governed: which branches must be declared.
        warnings: what may be meant as it is written, and is likely a mistake.
    """

    file: Path
    root: Path
    project: str
    declarations: tuple[Declaration, ...]
    port_range: tuple[int, int]
    sources: tuple[Path, ...]
    digest: str
    values: Mapping[str, str]
    secrets: Mapping[str, str]
    warnings: tuple[Problem, ...] = ()
    governed: tuple[GovernedDeclaration, ...] = ()
