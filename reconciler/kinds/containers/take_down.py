"""Take a project down: end it, save what its volumes hold where that is wanted, remove it, and see that it is gone."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from reconciler.clients.docker.engine import Container, Engine, Found, Network, TooLargeError, Volume, bearing
from reconciler.errors import PermanentError, RefusedError
from reconciler.kinds.containers.rewrite import Identity
from reconciler.kinds.containers.shelf import Shelf
from reconciler.kinds.containers.spec import ARCHIVE, KEEP, policy_for
from reconciler.kinds.containers.take_down_stack import StackTaker, require_all_at_hand
from reconciler.model.phrases import some


@dataclass(frozen=True, slots=True)
class Taker:
    """Takes the project of one workspace down.

    Attributes:
        policies: what becomes of each volume.
        limit_bytes: how much may be archived of one; a larger one is kept. None is no limit.
    """

    engine: Engine
    shelf: Shelf
    clone: str
    workspace: str
    policies: Mapping[str, str]
    limit_bytes: int | None = None

    def take_down(self) -> str:
        """Remove all that bears the label, but for volumes that are kept; say which are, though they were not to be.

        Raises:
            RefusedError: what a volume holds cannot be saved; it is kept, and so is everything else.
            ClientError: the engine refused, or something is still there.
        """
        found = self.engine.find(self.clone, self.workspace)
        self._end(found)
        large = {volume.name for volume in found.volumes if not self._is_saved(volume, found.containers)}
        found = self.engine.find(self.clone, self.workspace)
        self.engine.remove("container", (each.id for each in found.containers))
        self._remove_networks(found)
        self.engine.remove("volume", (each.name for each in self._going(found.volumes, large)))
        self._remove_images()
        self._require_gone(large)
        return self._why_kept(large) if large else ""

    def _end(self, found: Found) -> None:
        """End what runs: containers each within the time that it is given, which a swarm does by itself."""
        if not self.engine.place.is_swarm:
            self.engine.stop(each.id for each in found.containers)
            return
        require_all_at_hand(found.nodes, {volume.key: self._policy(volume) for volume in found.volumes})
        self._stack.end()

    def _remove_networks(self, found: Found) -> None:
        if self.engine.place.is_swarm:
            self._stack.remove_networks(each.id for each in found.networks)
            return
        try:
            self.engine.remove("network", (each.id for each in found.networks))
        except PermanentError as error:
            raise next(self._held(found.networks), error) from error

    def _held(self, networks: Iterable[Network]) -> Iterator[PermanentError]:
        """Say whose containers are in a network, if that is why it stays."""
        for network in networks:
            if names := self.engine.members(network.id):
                message = f"network {network.name} is held by somebody else's container: {some(names)}"
                hint = f"`docker rm --force {' '.join(names)}` if it may go, then destroy again"
                yield PermanentError(message, hint=hint)

    @property
    def _stack(self) -> StackTaker:
        return StackTaker(self.engine, self._identity)

    def _going(self, volumes: Iterable[Volume], large: Collection[str]) -> list[Volume]:
        return [volume for volume in volumes if self._policy(volume) != KEEP and volume.name not in large]

    def _why_kept(self, large: Collection[str]) -> str:
        names = some(tuple(sorted(large)))
        return f"kept volume {names}: an archive would hold more than {self.limit_bytes:,} bytes (`--archive-limit`)"

    def _is_saved(self, volume: Volume, containers: tuple[Container, ...]) -> bool:
        """Archive a volume that is to be; False where it is too large for that."""
        try:
            if self._policy(volume) == ARCHIVE:
                self._archive(volume, containers)
        except TooLargeError:
            return False
        return True

    def _archive(self, volume: Volume, containers: tuple[Container, ...]) -> None:
        """Save one, unless it was itself made from an archive that was not yet put back whole."""
        waiting = self.shelf.waiting(volume.key)
        if waiting and waiting.name == volume.restored_from:
            return
        image = next((each.image for each in containers), volume.image)
        if not image:
            message = f"volume {volume.name} cannot be archived: nothing says which image it is for"
            raise RefusedError(message, hint=f"save it, then `docker volume rm {volume.name}`")
        labels, limit = self._labels, self.limit_bytes
        self.shelf.keep(volume.key, lambda target: self.engine.save(volume, image, labels, target, limit))

    @property
    def _identity(self) -> Identity:
        return Identity("", self.clone, self.workspace, self.engine.place.is_swarm)

    @property
    def _labels(self) -> dict[str, str]:
        return self._identity.labels

    def _policy(self, volume: Volume) -> str:
        return policy_for(volume, self.policies)

    def _remove_images(self) -> None:
        """Images that were built for it; one that somebody else uses, or gave a name, stays."""
        narrow = bearing(*(f"{key}={value}" for key, value in self._labels.items()))
        images = set(self.engine.run("image", "ls", "--all", "--quiet", "--no-trunc", *narrow).text.split())
        for image in sorted(images):
            with contextlib.suppress(PermanentError):
                self.engine.run("image", "rm", image)

    def _require_gone(self, large: Collection[str]) -> None:
        if self.engine.place.is_swarm:
            self._stack.require_gone()
        left = self.engine.find(self.clone, self.workspace)
        names = [
            *(each.name for each in left.containers),
            *(each.name for each in left.networks),
            *(each.name for each in self._going(left.volumes, large)),
        ]
        if names:
            raise PermanentError(f"still there after its removal: {', '.join(names)}", hint="plan again, then destroy")
