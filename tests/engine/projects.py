"""Small projects for tests, and what is there of them."""

from __future__ import annotations

import textwrap

from reconciler.model.change import Change
from tests.engine.own import OwnEngine
from tests.support.engine import SMALL, clone_of, docker
from tests.support.world import World

NOTHING: dict[str, list[str]] = {"container": [], "network": [], "volume": []}


def service(more: str = "", *, command: str = "sleep infinity") -> str:
    """A service that does nothing, at once, and ends when it is told to."""
    return f"{{image: {SMALL}, stop_signal: SIGKILL, command: {command}{', ' if more else ''}{more}}}"


def declare(world: World, compose: str, *names: str, more: str = "") -> None:
    """Declare worktrees that have what a Compose file says."""
    world.main.commit({"compose.yaml": textwrap.dedent(compose)})
    head = f"defaults: {{containers: {{compose: compose.yaml{', ' if more else ''}{more}}}}}\n"
    world.declare("".join(f"{name}:\n" for name in names or ("auth",)), head=head)


def containers(world: World, *, name: str = "auth", running: bool = False) -> dict[str, str]:
    """The containers of a workspace by service: their identities."""
    labels = (f"label=orchestra.clone={clone_of(world)}", f"label=orchestra.workspace={name}")
    narrow = [word for label in labels for word in ("--filter", label)]
    shown = '{{.Label "com.docker.compose.service"}} {{.ID}}'
    lines = docker("ps", *([] if running else ["--all"]), *narrow, "--format", shown).splitlines()
    return dict(line.split() for line in lines)  # type: ignore[misc]


def run_in(world: World, service: str, script: str, *, name: str = "auth") -> str:
    """Run a script in a container."""
    return docker("exec", containers(world, name=name)[service], "sh", "-c", script)


def run_on(engine: OwnEngine, world: World, service: str, script: str, *, name: str = "auth") -> str:
    """Run a script in a container of another engine."""
    labels = (
        f"orchestra.workspace={name}",
        f"orchestra.clone={clone_of(world)}",
        f"com.docker.compose.service={service}",
    )
    narrow = [word for label in labels for word in ("--filter", f"label={label}")]
    container = docker("--host", engine.host, "ps", "--quiet", *narrow)
    return docker("--host", engine.host, "exec", container, "sh", "-c", script)


def change(world: World, name: str = "auth") -> Change:
    """What a plan says of the containers of a workspace."""
    return world.change(f"containers:{name}")


def fields(world: World, name: str = "auth") -> dict[str, tuple[str | None, str | None]]:
    """The services that a plan changes, before and after."""
    found = {each.path: (each.before, each.after) for each in change(world, name).fields}
    return {path.removeprefix("service "): said for path, said in found.items() if path.startswith("service ")}
