"""Bring a project up: resolve, rewrite, make what it stands on, start, wait until it works, and only then mark it.

The rule: volumes are made and filled before anything starts that could write to them, and none is ever removed here.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from reconciler.clients import files
from reconciler.clients.command import DIRECTORY
from reconciler.clients.docker.compose import Compose, Project
from reconciler.clients.docker.engine import (
    IMAGE,
    POLICY,
    RESTORED_FROM,
    VOLUME,
    Container,
    Engine,
    Found,
    Image,
    NetworkOrder,
    Volume,
)
from reconciler.clients.marks import Mark, change_book
from reconciler.clients.refusals import refused
from reconciler.errors import ClientError, Location, PermanentError, RefusedError
from reconciler.kinds.containers.find import Finder
from reconciler.kinds.containers.record import record, take_back, written
from reconciler.kinds.containers.rewrite import Identity, Rewritten, VolumeOrder, image_of, rewrite
from reconciler.kinds.containers.roll_out import Rollout
from reconciler.kinds.containers.spec import (
    ARCHIVE,
    BUILT,
    REMOVE,
    ContainersActual,
    ContainersSpec,
    policy_of,
)
from reconciler.kinds.containers.stack import Stack, make_stack
from reconciler.kinds.containers.stack_drift import expected_of
from reconciler.kinds.containers.start import Starter
from reconciler.kinds.containers.take_down_stack import StackTaker, require_all_at_hand
from reconciler.kinds.tree import Tree
from reconciler.model.resource import Resource

STARTING = "starting"
_ROOMS = ("services", "networks", "volumes", "secrets", "configs")
_PULLS = {"if_not_present": "missing", "missing": "missing", "always": "always", "never": "never"}


@dataclass(frozen=True, slots=True)
class Bringer:
    """Brings the project of one workspace up.

    Attributes:
        tree: its tree; `git_dir` its private git directory.
        on_output: is shown what the engine says.
    """

    finder: Finder
    engine: Engine
    compose: Compose
    clone: str
    resource: Resource[ContainersSpec]
    tree: Tree
    git_dir: Path
    on_output: Callable[[str], None]
    sleep: Callable[[float], None] = time.sleep  # noqa: TID251 - handed on, and replaced in tests
    clock: Callable[[], float] = time.monotonic

    @property
    def spec(self) -> ContainersSpec:
        """What is declared."""
        return self.resource.spec

    @property
    def identity(self) -> Identity:
        """Whose project it is."""
        return Identity(self.finder.name(self.spec), self.clone, self.spec.workspace, self.spec.place.is_swarm)

    def bring_up(self, actual: ContainersActual) -> None:
        """Make it as it is declared.

        Raises:
            TransientError: another attempt may help.
            OrchestraError: it may not.
        """
        end = self.clock() + self.spec.wait_seconds
        record(self.finder.common_dir, self.spec.place)
        take_back(self.finder.common_dir, self.spec.workspace)
        facts = {**self.spec.declared, **self.finder.facts(self.spec, self.tree)}
        ready = self._prepare()
        self._require_all_at_hand(ready, actual.found)
        self._mark(STARTING, {"facts": {}, "expected": {}, "policies": self._policies(ready)})
        self._make_what_it_stands_on(ready, actual.found)
        if self.spec.place.is_swarm:
            seen = self._roll_out(ready, actual.found, end)
        else:
            self._remove_undeclared(ready, actual.found)
            self._put_back(ready)
            starter = self._starter(ready, end)
            seen = {"expected": starter.start(actual.found.containers, actual.sick)}
        self._remove_networks(ready, actual.found)
        networks = {name: ", ".join(services) for name, services in _members(ready).items()}
        done = {"facts": facts, **seen, "policies": self._policies(ready)}
        self._mark("ready", {**done, "networks": networks})
        self.finder.built[self.spec.workspace] = {name: fact for name, fact in facts.items() if name.startswith(BUILT)}

    # --- the project -------------------------------------------------------------------------------------------------

    def resolved(self) -> dict[str, Any]:
        """What the engine makes of the file.

        Raises:
            PermanentError: it does not accept it, at the place that it complains of.
        """
        file = self._write("compose.yaml", self.spec.source.text)
        directory = self.tree.path / self.spec.source.directory
        project = Project(self.identity.name, file, directory, self.tree.path, self.spec.profiles)
        try:
            return self.compose.resolve(project)
        except PermanentError as error:
            raise self._placed(error) from error

    def _prepare(self) -> Rewritten:
        """Have all images, and rewrite the file by what they say of themselves."""
        resolved, numbers = self.resolved(), self.finder.numbers(self.spec, self.tree)
        there = self._pull(resolved)
        built = [name for name, service in sorted(resolved["services"].items()) if service.get("build")]
        if built:
            self._write_project(self.rewritten(resolved, numbers, {}))
            self.compose.build(self._project, built, self.on_output)
        images = {name: image_of(self.identity, name, resolved) for name in resolved["services"]}
        there |= self.engine.images(image for image in images.values() if image not in there)
        kept = {name: there[image].volumes for name, image in images.items() if image in there}
        ready = self.rewritten(resolved, numbers, kept)
        self._write_project(ready)
        return ready

    def rewritten(
        self, resolved: Mapping[str, Any], numbers: Mapping[str, int], kept: Mapping[str, Sequence[str]]
    ) -> Rewritten:
        """Make a project of its own of it; arguments as of `rewrite`.

        Raises:
            PermanentError: it can be none, at the place of the service.
        """
        try:
            return rewrite(resolved, self.identity, self.spec.ports, numbers, kept)
        except PermanentError as error:
            raise self._placed(error) from error

    def _pull(self, resolved: Mapping[str, Any]) -> dict[str, Image]:
        """Have the images that are not built; gives those that were there, and stay what they were."""
        services, identity = resolved["services"], self.identity
        images = {name: image_of(identity, name, resolved) for name in sorted(services)}
        images = {name: image for name, image in images.items() if image == services[name].get("image")}
        there = self.engine.images(images.values())
        for name, image in images.items():
            policy = self.spec.pull or _PULLS.get(services[name].get("pull_policy", ""), "missing")
            if policy == "always" or (policy == "missing" and image not in there):
                self._pull_one(name, image)
                there.pop(image, None)
            elif image not in there:
                message = f"image {image} of service {name} is not there, and is not to be pulled"
                raise PermanentError(message, where=self._place_of(f"services.{name}"), hint=f"`docker pull {image}`")
        return there

    def _pull_one(self, service: str, image: str) -> None:
        try:
            self.compose.pull(image)
        except ClientError as error:
            message = f"image {image} of service {service} cannot be had: {error.message}"
            place = self._place_of(f"services.{service}.image", f"services.{service}")
            raise type(error)(message, where=place, hint=f"see what `docker pull {image}` says") from error

    @property
    def _project(self) -> Project:
        file = self.git_dir / DIRECTORY / "compose.json"
        return Project(self.identity.name, file, self.tree.path / self.spec.source.directory, self.tree.path)

    def _write_project(self, ready: Rewritten) -> None:
        self._write("compose.json", json.dumps(ready.document))

    def _write(self, name: str, text: str) -> Path:
        """Write a file beside the marks; what variables stand for may be secret."""
        files.write(self.git_dir, f"{DIRECTORY}/{name}", text.encode("utf-8", "surrogateescape"), mode=0o600)
        return self.git_dir / DIRECTORY / name

    # --- what it stands on -------------------------------------------------------------------------------------------

    def _make_what_it_stands_on(self, ready: Rewritten, found: Found) -> None:
        self._make_networks(ready, found)
        there = {volume.name for volume in found.volumes}
        shelf = self.finder.shelf(self.spec.workspace)
        for order in ready.volumes:
            if order.name not in there:
                labels = self._labels(order, shelf.waiting(order.key))
                self.compose.make_volume(order.name, labels, order.driver, order.options)

    def _make_networks(self, ready: Rewritten, found: Found) -> None:
        """Make what is missing. A container knows its network by an identity that a new one has not: it goes before."""
        there, members = {network.name for network in found.networks}, _members(ready)
        for network in ready.networks:
            if network.name not in there:
                self._take_away(each for each in found.containers if each.service in members[network.name])
                self.engine.make_network(self._spanning(network))

    def _spanning(self, network: NetworkOrder) -> NetworkOrder:
        """That of a stack reaches all nodes."""
        return replace(network, driver=network.driver or "overlay") if self.spec.place.is_swarm else network

    def _labels(self, order: VolumeOrder, archive: Path | None) -> dict[str, str]:
        """What a volume says of itself, also when the tree that says more is gone.

        A label stays, whatever is declared later: that data may be lost only the mark says.
        """
        policy = policy_of(order.key, self.spec.volumes)
        said = {VOLUME: order.key, IMAGE: order.image, POLICY: ARCHIVE if policy == REMOVE else policy}
        return {**self.identity.labels, **said, **({RESTORED_FROM: archive.name} if archive else {})}

    def _remove_undeclared(self, ready: Rewritten, found: Found) -> None:
        """Containers of services that are no longer there; their volumes stay."""
        self._take_away(each for each in found.containers if each.service not in ready.services)

    def _take_away(self, containers: Iterable[Container]) -> None:
        gone = [each.id for each in containers]
        self.engine.stop(gone)
        self.engine.remove("container", gone)

    def _remove_networks(self, ready: Rewritten, found: Found) -> None:
        wanted = {network.name for network in ready.networks}
        gone = [each.id for each in found.networks if each.name not in wanted]
        if self.spec.place.is_swarm:
            StackTaker(self.engine, self.identity).remove_networks(gone)
        else:
            self.engine.remove("network", gone)

    def _put_back(self, ready: Rewritten) -> None:
        """Fill volumes from their archives, before anything runs that could write to them."""
        shelf = self.finder.shelf(self.spec.workspace)
        waiting = {order.key: (order, archive) for order in ready.volumes if (archive := shelf.waiting(order.key))}
        if not waiting:
            return
        volumes = {volume.key: volume for volume in self.engine.find(self.clone, self.spec.workspace).volumes}
        for key, (order, archive) in waiting.items():
            if volumes[key].restored_from == archive.name:  # else the volume was still there: it has what is newer
                self._fill(volumes[key], order, archive)
            shelf.set_aside(archive)

    def _fill(self, volume: Volume, order: VolumeOrder, archive: Path) -> None:
        try:
            self.engine.restore(volume, order.image, self.identity.labels, archive)
        except OSError as error:
            raise refused(f"cannot read {archive}", error) from error

    # --- a stack -----------------------------------------------------------------------------------------------------

    def _require_all_at_hand(self, ready: Rewritten, found: Found) -> None:
        """Make no volume that could not be dealt with later as it is declared."""
        try:
            require_all_at_hand(found.nodes, {o.key: policy_of(o.key, self.spec.volumes) for o in ready.volumes})
        except RefusedError as error:
            place = self._place_of(*(f"volumes.{order.key}" for order in ready.volumes))
            raise RefusedError(error.message, where=place, hint=error.hint) from error

    def _roll_out(self, ready: Rewritten, found: Found, end: float) -> dict[str, dict[str, str]]:
        """Have the swarm do it; how each service is when all is well, and what it is made of."""
        try:
            stack = make_stack(ready, self.identity, self._contents(ready))
            self._put_back(ready)
            services = self._rollout(stack, end).roll_out(found)
        except PermanentError as error:
            raise error if error.where else self._placed(error) from error
        return {
            "expected": {name: expected_of(each) for name, each in services.items()},
            "made_as": {name: each.made_as for name, each in services.items()},
        }

    def _rollout(self, stack: Stack, end: float) -> Rollout:
        return Rollout(
            engine=self.engine,
            compose=self.compose,
            identity=self.identity,
            stack=stack,
            file=self._write("stack.json", json.dumps(stack.document)),
            resolve="always" if self.spec.pull == "always" else "never",
            seconds=self.spec.wait_seconds,
            end=end,
            on_output=self.on_output,
            place_of=self._place_of,
            sleep=self.sleep,
            clock=self.clock,
        )

    def _contents(self, ready: Rewritten) -> dict[str, bytes]:
        """What the files hold that secrets and configs are made of.

        Raises:
            PermanentError: one cannot be read.
        """
        found = {}
        for what in ("secrets", "configs"):
            for key, thing in (ready.document.get(what) or {}).items():
                if path := thing.get("file"):
                    entry = files.read(Path(path).parent, Path(path).name)
                    if entry is None or entry.content is None:
                        message = f"{what}.{key}: there is no file {path}"
                        raise PermanentError(message, where=self._place_of(f"{what}.{key}"), hint="write it")
                    found[path] = entry.content
        return found

    # --- a project ---------------------------------------------------------------------------------------------------

    def _starter(self, ready: Rewritten, end: float) -> Starter:
        return Starter(
            engine=self.engine,
            compose=self.compose,
            identity=self.identity,
            project=self._project,
            ready=ready,
            seconds=self.spec.wait_seconds,
            end=end,
            on_output=self.on_output,
            place_of=self._place_of,
            sleep=self.sleep,
            clock=self.clock,
        )

    # --- telling -----------------------------------------------------------------------------------------------------

    def _place_of(self, *paths: str) -> Location | None:
        places = self.spec.source.places
        return next((places[path] for path in paths if path in places), self.resource.where)

    def _placed(self, error: PermanentError) -> PermanentError:
        """Point at what the engine complains of, in the file itself."""
        message = error.message.partition(" failed: ")[2] or error.message
        message = re.sub(r"validating \S+: ", "", message)
        place = blamed(message, self.spec.source.places) or self.resource.where
        return PermanentError(message, where=place, hint=error.hint)

    def _policies(self, ready: Rewritten) -> dict[str, str]:
        return {**self.spec.volumes, **{o.key: policy_of(o.key, self.spec.volumes) for o in ready.volumes}}

    def _mark(self, state: str, more: Mapping[str, object]) -> None:
        said = {"place": written(self.spec.place), "project": self.identity.name, **more}
        address, was = self.resource.address, self.spec.was

        change_book(
            self.git_dir,
            self.clone,
            lambda book: (book.drop(was) if was else book).put(address, Mark(said, state)),
        )


def blamed(message: str, places: Mapping[str, Location]) -> Location | None:
    """The place of what Compose complains of: the longest dotted path that its message names, or a name that it has."""
    words = re.findall(r"[\w.-]+", re.sub(r"\[(\d+)\]", r".\1", message))
    paths = [path for word in words for path in _with_parents(word.strip("."))]
    within = (f"{room}.{path}" for room in _ROOMS for path in paths)
    found = [path for path in paths if path in places] or [path for path in within if path in places][:1]
    if not found:
        return None
    longest = max(found, key=lambda path: path.count("."))
    inner = next((f"{longest}.{word}" for word in words if f"{longest}.{word}" in places), longest)
    return places[inner]


def _with_parents(path: str) -> Iterator[str]:
    """`a.b.c`, `a.b`, `a`."""
    while path:
        yield path
        path = path.rpartition(".")[0]


def _members(ready: Rewritten) -> dict[str, list[str]]:
    """The services in each network of the project's own."""
    document = ready.document
    members: dict[str, list[str]] = {network.name: [] for network in ready.networks}
    for service, said in document["services"].items():
        names = {document["networks"][key]["name"] for key in said.get("networks") or ()}
        for name in sorted(names & members.keys()):
            members[name].append(service)
    return members
