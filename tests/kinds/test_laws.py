"""What holds for every kind there is: each contributes a sample here, and the laws do the rest."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from reconciler.boundaries.area import Area
from reconciler.boundaries.pattern import parse
from reconciler.clients.clone import prepare_clone
from reconciler.clients.files import read, write
from reconciler.clients.git import Git
from reconciler.clients.survey import take_survey
from reconciler.kinds.containers import ContainersSpec, PortWish
from reconciler.kinds.containers import Source as ComposeSource
from reconciler.kinds.dependency import DependencySpec, Options
from reconciler.kinds.file import FileSpec, Source
from reconciler.kinds.guard.spec import GuardSpec
from reconciler.kinds.memory import Memory
from reconciler.kinds.ports.spec import PortsSpec
from reconciler.kinds.registry import build_kinds
from reconciler.kinds.scope import Scope
from reconciler.kinds.workspace import WorkspaceSpec
from reconciler.model.address import Address
from reconciler.model.change import Action
from reconciler.model.kind import Kind
from reconciler.model.resource import Resource
from tests.support.engine import SMALL, require_engine, sweep
from tests.support.world import World, snapshot


@dataclass(frozen=True, slots=True)
class Sample:
    """One resource of a kind, and what must be there before it."""

    resource: Resource[Any]
    before: tuple[Resource[Any], ...] = ()


def _auth(root: Path, **spec: Any) -> Resource[Any]:
    return _workspace("auth", root, **spec)


def _workspace(name: str, root: Path, **spec: Any) -> Resource[Any]:
    fields = {"level": 1, "branch": name, "base": None, "path": root / "shop.wt" / name, **spec}
    return Resource(Address("workspace", name), WorkspaceSpec(name=name, **fields))


def _file(path: str, root: Path, **spec: Any) -> Resource[Any]:
    fields = {"workspace": "auth", "tree": root / "shop.wt/auth", "path": path, "starts": (("auth", None),), **spec}
    return Resource(Address("file", f"auth/{path}"), FileSpec(**fields))


def _run(root: Path, name: str = "run", **options: Any) -> Sample:
    ignoring = _file(".sub-agents/.gitignore", root, content=b"*\n")
    spec = DependencySpec("auth", root / "shop.wt/auth", "run", options=Options(**options))
    return Sample(Resource(Address("dependency", f"auth/{name}"), spec), (_auth(root), ignoring))


def _test(root: Path, **spec: Any) -> Resource[Any]:
    fields = {"level": 2, "branch": "auth--test", "base": "auth", "host": root / "shop.wt/auth", **spec}
    return _workspace("auth--test", root, desk=".sub-agents/test", **fields)


def _in_auth(root: Path, path: str, **spec: Any) -> Sample:
    ignoring = _file(".sub-agents/.gitignore", root, content=b"*\n")
    return Sample(_file(path, root, **spec), (_auth(root), ignoring))


def _ports(root: Path) -> Resource[Any]:
    spec = PortsSpec("auth", root / "shop.wt/auth", ("web", "api"), ".env.orchestra", (20000, 29999), (("auth", None),))
    return Resource(Address("ports", "auth"), spec)


def _guard(root: Path) -> Resource[Any]:
    area = Area((parse("app"),), (), (parse("app/vendor/**"),))
    return Resource(Address("guard", "auth"), GuardSpec("auth", root / "shop.wt/auth", "auth", area))


def _containers(root: Path) -> Sample:
    text = (
        f"services: {{web: {{image: {SMALL}, stop_signal: SIGKILL, ports: [80], volumes: [data:/data]}}, "
        f"once: {{image: {SMALL}, command: [sh, -c, exit]}}}}\nvolumes: {{data: {{}}}}"
    )
    source, wish = ComposeSource("compose.yaml", text), PortWish("web", "web", 80)
    tree = root / "shop.wt/auth"
    spec = ContainersSpec("auth", tree, "shop", source, ("web", "once"), (wish,), wait_seconds=30)
    ports = replace(_ports(root).spec, names=("web",), project="shop")
    before = (_auth(root), _file("SESSION.md", root, content=b"x"), replace(_ports(root), spec=ports))
    return Sample(Resource(Address("containers", "auth"), spec), before)


def _source(root: Path) -> Source:
    write(root / "shop", ".git/info/exclude", b"/.env\n")
    write(root / "shop", ".env", b"x", mode=0o600)
    return Source(root / "shop", 0o600, "orchestra.yaml:1:1")


SAMPLES: dict[str, Callable[[Path], Sample]] = {
    "workspace": lambda root: Sample(_auth(root)),
    "workspace: sparse": lambda root: Sample(_auth(root, sparse=("/app",))),
    "workspace: on another branch": lambda root: Sample(_auth(root, branch="feature/x")),
    "workspace: a desk": lambda root: Sample(_test(root, tree=False), (_auth(root),)),
    "workspace: a helper's tree": lambda root: Sample(_test(root), (_auth(root),)),
    "file": lambda root: _in_auth(root, "SESSION.md", content=b"hello\n"),
    "file: in a desk": lambda root: _in_auth(root, ".sub-agents/test/x.md", content=b"x"),
    "file: a seed": lambda root: _in_auth(root, "a/b.txt", content=b"x", seed=True),
    "file: a link": lambda root: _in_auth(root, "link", link="/nowhere"),
    "file: a copy": lambda root: _in_auth(root, ".env", content=b"x", source=_source(root)),
    "ports": lambda root: Sample(_ports(root), (_auth(root), _file("SESSION.md", root, content=b"x"))),
    "guard": lambda root: Sample(_guard(root), (_auth(root),)),
    "containers": _containers,
    "dependency": lambda root: _run(root, command="true"),
    "dependency: inputs and outputs": lambda root: _run(
        root, command="cp app/a.py .sub-agents/out", inputs=("app/**",), outputs=(".sub-agents/out",)
    ),
    "file: where the repository has one": lambda root: _in_auth(root, "top.txt", content=b"x"),
}


@dataclass(frozen=True)
class Bench:
    """A sample on a repository, and its kind."""

    world: World
    kinds: dict[str, Kind[Any, Any, Any]]
    git: Git
    sample: Sample

    @property
    def kind(self) -> Kind[Any, Any, Any]:
        return self.kinds[self.sample.resource.address.kind]

    @property
    def resource(self) -> Resource[Any]:
        return self.sample.resource

    def scope(self) -> Scope:
        survey = take_survey(self.git, self.git.discover(self.world.project.path))
        return Scope(survey, examine=True, declared=frozenset({"auth"}))

    def observe(self, *resources: Resource[Any]) -> Any:
        """Observe as a plan does: all kinds, of the same snapshot."""
        scope, found = self.scope(), {}
        for name, kind in self.kinds.items():
            found.update(kind.observe([each for each in resources if each.address.kind == name], scope))
        return found

    def apply(self, resource: Resource[Any]) -> None:
        """Apply one resource as the engine does."""
        kind = self.kinds[resource.address.kind]
        self.observe(*self.sample.before, resource)
        actual = kind.look(resource)
        change = kind.diff(resource, actual)
        if change.action is not Action.NO_OP:
            kind.apply(change, resource, actual)

    def everything(self) -> dict[str, str]:
        """Describe git directory and all trees, to the time of the last change."""
        return snapshot(self.world.project.path.parent, times=True)


@pytest.fixture(params=SAMPLES, ids=str)
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    """Give a sample, with everything there that it needs."""
    if request.param == "containers":
        require_engine()
    world = World.make(tmp_path)
    git = Git(os.environ)
    repository = git.discover(world.project.path)
    kinds = build_kinds(
        git,
        repository,
        clone=prepare_clone(git, repository),
        state=tmp_path / "state",
        global_excludes="*.swp\n",
        memory=Memory(),
        environment=os.environ,
    )
    bench = Bench(world, kinds, git, SAMPLES[request.param](tmp_path))
    for resource in bench.sample.before:
        bench.apply(resource)
    yield bench
    if request.param == "containers":
        sweep(world)


def test_every_kind_has_a_sample(tmp_path: Path) -> None:
    """A new kind contributes one here."""
    git = Git(os.environ)
    repository = git.discover(Path(__file__).parent)
    kinds = build_kinds(git, repository, clone=None, state=tmp_path, global_excludes="", memory=Memory())
    assert {name.partition(":")[0] for name in SAMPLES} == set(kinds)


def test_the_diff_of_nothing_is_a_create(bench: Bench) -> None:
    """Whether nothing was given, looked at or observed."""
    assert bench.kind.diff(bench.resource, None).action is Action.CREATE
    assert bench.kind.diff(bench.resource, bench.kind.look(bench.resource)).action is Action.CREATE
    found = bench.observe(*bench.sample.before, bench.resource)
    assert bench.kind.diff(bench.resource, found.get(bench.resource.address)).action is Action.CREATE


def test_the_diff_of_what_is_assumed_is_nothing(bench: Bench) -> None:
    """A plan against another revision starts from it."""
    change = bench.kind.diff(bench.resource, bench.kind.assume(bench.resource))
    assert (change.action, change.notes) == (Action.NO_OP, ())


def test_after_apply_the_diff_is_nothing_however_it_is_looked_at(bench: Bench) -> None:
    """One by one, or all at once."""
    bench.apply(bench.resource)
    assert bench.kind.diff(bench.resource, bench.kind.look(bench.resource)).action is Action.NO_OP
    found = bench.observe(*bench.sample.before, bench.resource)
    assert bench.kind.diff(bench.resource, found[bench.resource.address]).action is Action.NO_OP
    assert bench.world.main.status() == ""


def test_to_apply_twice_is_to_apply_once(bench: Bench) -> None:
    """The same order, carried out again, does no harm."""
    bench.observe(*bench.sample.before, bench.resource)
    nothing = bench.kind.look(bench.resource)
    change = bench.kind.diff(bench.resource, nothing)
    bench.kind.apply(change, bench.resource, nothing)
    once = snapshot(bench.world.project.path.parent, skip=("shop/.git",))
    bench.kind.apply(change, bench.resource, bench.kind.look(bench.resource))
    assert snapshot(bench.world.project.path.parent, skip=("shop/.git",)) == once
    assert bench.kind.diff(bench.resource, bench.kind.look(bench.resource)).action is Action.NO_OP


def test_to_look_and_to_observe_change_nothing(bench: Bench) -> None:
    """Not a byte, a time or an inode, in git directory or trees."""
    for _ in ("before", "after"):
        before = bench.everything()
        bench.observe(*bench.sample.before, bench.resource)
        bench.observe()
        bench.kind.look(bench.resource)
        assert bench.everything() == before
        bench.apply(bench.resource)


def test_to_destroy_twice_is_safe(bench: Bench) -> None:
    """And what was destroyed can be made again."""
    bench.apply(bench.resource)
    left = bench.observe(*bench.sample.before)
    actual = left[bench.resource.address]
    assert bench.kind.orphan(bench.resource.address, actual).action is Action.DELETE
    for _ in ("once", "twice"):
        bench.kind.destroy(bench.resource.address, actual)
    again = bench.observe(*bench.sample.before)
    assert bench.resource.address not in again
    bench.apply(bench.resource)
    assert bench.kind.diff(bench.resource, bench.kind.look(bench.resource)).action is Action.NO_OP


def test_what_somebody_wrote_into_it_since_it_was_planned_is_not_lost(bench: Bench) -> None:
    """Each kind looks once more: it refuses, or the workspace brings it back."""
    if isinstance(bench.resource.spec, DependencySpec | GuardSpec | ContainersSpec):
        return  # they remove nothing that a person writes: each has tests of its own for that
    bench.apply(bench.resource)
    actual = bench.observe(*bench.sample.before)[bench.resource.address]
    spec = bench.resource.spec
    place = spec.tree / actual.path if isinstance(spec, FileSpec | PortsSpec) else None
    if place is None:
        place = (spec.path if spec.tree else spec.host / spec.desk) / "mine.txt"
    place.unlink(missing_ok=True)
    place.write_text("mine")
    if isinstance(spec, WorkspaceSpec) and spec.tree:
        bench.kind.destroy(bench.resource.address, actual)
        assert not spec.path.exists()
        bench.apply(bench.resource)
    else:
        with pytest.raises(Exception, match=r"was edited|is not empty"):
            bench.kind.destroy(bench.resource.address, actual)
    entry = read(place.parent, place.name)
    assert entry is not None
    assert entry.content == b"mine"
