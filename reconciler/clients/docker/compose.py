"""Compose and images, through python-on-whales, which is imported only here and only when something is to be done.

The library waits for its programs as long as they take; here each has a time limit, and ends when all is to be ended.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reconciler.clients.docker import limited
from reconciler.clients.docker.engine import Place, failure
from reconciler.clients.process import Runner
from reconciler.errors import ClientError, PermanentError

if TYPE_CHECKING:
    from python_on_whales import DockerClient
    from python_on_whales.exceptions import DockerException

QUICK_SECONDS = 60.0
LONG_SECONDS = 1800.0
"""For what may come over a network: pulling, building."""
_LOG_SECONDS = 10.0
_ASIDE = re.compile(r"^(?:Since|In a future release,) --detach=false .*\n?", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Project:
    """A Compose project.

    Attributes:
        name: its name; the file gets it as `COMPOSE_PROJECT_NAME`.
        file: the Compose file.
        directory: what relative paths in it are seen from.
        tree: what the file gets as `PWD`, wherever it is asked from.
        profiles: what else is to be there.
    """

    name: str
    file: Path
    directory: Path
    tree: Path
    profiles: tuple[str, ...] = ()

    @property
    def variables(self) -> dict[str, str]:
        """What it gets beside the environment. Which profiles there are is said here, and by no `.env` file."""
        return {"COMPOSE_PROJECT_NAME": self.name, "COMPOSE_PROFILES": ",".join(self.profiles), "PWD": str(self.tree)}


@dataclass(frozen=True)
class Compose:
    """Compose on one engine."""

    runner: Runner
    place: Place
    running: set[Path] = field(default_factory=set)
    """A file for each program that runs; one whose file is gone ends."""

    def __post_init__(self) -> None:
        """End what runs when all is to be ended."""
        self.runner.on_stop.append(self._stop)

    def _stop(self) -> None:
        for file in tuple(self.running):
            file.unlink(missing_ok=True)

    @contextlib.contextmanager
    def _alive(self) -> Iterator[Path]:
        descriptor, name = tempfile.mkstemp(prefix="orchestra-")
        os.close(descriptor)
        file = Path(name)
        self.running.add(file)
        try:
            yield file
        finally:
            self.running.discard(file)
            file.unlink(missing_ok=True)

    def resolve(self, project: Project) -> dict[str, Any]:
        """What the engine makes of a Compose file: variables put in, files included, everything in its long form.

        Raises:
            PermanentError: it does not accept it, or there is no Compose v2.
        """
        resolved: dict[str, Any]
        resolved = self._call(QUICK_SECONDS, lambda client: client.compose.config(return_json=True), project)
        return resolved

    def build(self, project: Project, services: Sequence[str], on_output: Callable[[str], None]) -> None:
        """Build the images of services.

        Raises:
            ClientError: one could not be built; with all that was said.
        """
        self._call(
            LONG_SECONDS,
            lambda client: _show(
                client.compose.build(services=list(services), progress="plain", stream_logs=True), on_output
            ),
            project,
        )

    def up(
        self, project: Project, seconds: float, on_output: Callable[[str], None], *, anew: Sequence[str] = ()
    ) -> None:
        """Make containers as a file says, and start them; one that is as it says is left alone.

        Args:
            project: the file.
            seconds: how long that may take.
            on_output: is shown what is said of it.
            anew: these services alone, and their containers are replaced although they are as the file says.

        Raises:
            ClientError: it could not be done; with all that was said.
        """

        def call(client: DockerClient) -> None:
            pieces = client.compose.up(
                services=list(anew) or None,
                force_recreate=bool(anew),
                dependencies=not anew,
                detach=True,
                no_build=True,
                color=False,
                stream_logs=True,
            )
            _show(pieces, on_output)

        self._call(seconds, call, project)

    def deploy(
        self, name: str, file: Path, seconds: float, on_output: Callable[[str], None], *, resolve: str = "never"
    ) -> None:
        """Make a stack as a file says; a service that is as it says is left alone, no other one is removed.

        Args:
            name: the name of the stack.
            file: a file in the format of stacks.
            seconds: how long that may take.
            on_output: is shown what is said of it.
            resolve: when a registry is asked which image a name stands for: `always`, `changed` or `never`.

        Raises:
            ClientError: the swarm refused.
        """

        def call(client: DockerClient) -> None:
            from python_on_whales.utils import run  # noqa: PLC0415 - slow to import

            words = ("stack", "deploy", "--compose-file", file, "--resolve-image", resolve, name)
            said: Any = run([*client.client_config.docker_cmd, *words])  # the library's own `deploy` prints
            for line in said.splitlines():
                on_output(line)

        self._call(seconds, call)

    def service_log(self, service: str, lines: int) -> str:
        """The last that the tasks of a service said; empty when the swarm cannot tell, or not in time."""
        from python_on_whales.utils import run  # noqa: PLC0415 - slow to import

        words = ("service", "logs", "--raw", "--tail", str(lines), service)
        with contextlib.suppress(ClientError):
            said = self._call(
                _LOG_SECONDS, lambda client: run([*client.client_config.docker_cmd, *words], return_stderr=True)
            )
            return "\n".join(filter(None, (part.strip() for part in said)))
        return ""

    def pull(self, image: str) -> None:
        """Pull an image.

        Raises:
            ClientError: it cannot be had.
        """
        self._call(LONG_SECONDS, lambda client: client.image.pull(image, quiet=True))

    def make_volume(self, name: str, labels: Mapping[str, str], driver: str | None, options: Mapping[str, str]) -> None:
        """Make a volume.

        Raises:
            ClientError: it could not be made.
        """
        self._call(
            QUICK_SECONDS,
            lambda client: client.volume.create(name, driver=driver, labels=dict(labels), options=dict(options)),
        )

    def _call(self, seconds: float, call: Callable[[DockerClient], Any], project: Project | None = None) -> Any:  # noqa: ANN401 - what the call gives
        from python_on_whales.client_config import ClientNotFoundError  # noqa: PLC0415 - slow to import
        from python_on_whales.exceptions import DockerException  # noqa: PLC0415

        with self._alive() as alive:
            given = [f"{name}={value}" for name, value in (project.variables if project else {}).items()]
            argv = [sys.executable, "-I", "-S", limited.__file__, str(seconds), str(alive), *given, "docker"]
            try:
                return call(self._client(argv, project))
            except DockerException as error:
                raise _explained(self.place, error) from error
            except ClientNotFoundError as error:
                raise PermanentError("there is no `docker` program", hint="install Docker and Compose v2") from error

    def _client(self, argv: list[str], project: Project | None) -> DockerClient:
        from python_on_whales import DockerClient  # noqa: PLC0415 - slow to import

        return DockerClient(
            context=self.place.context or None,
            host=self.place.host or None,
            client_call=argv,
            client_type="docker",
            compose_files=[project.file] if project else [],
            compose_project_name=project.name if project else None,
            compose_project_directory=project.directory if project else None,
            compose_profiles=list(project.profiles) if project else [],
        )


def _explained(place: Place, error: DockerException) -> ClientError:
    said = _ASIDE.sub("", (error.stderr or "").strip() or (error.stdout or "").strip())
    words = list(map(str, error.docker_command))
    shown = words[words.index("docker", 1) :] if "docker" in words[1:] else words
    if error.return_code == limited.LATE:
        return PermanentError(f"`docker {' '.join(shown[:2])}` took longer than it may", hint="give it more `timeout:`")
    if "FileNotFoundError" in said and "docker" in said:
        return PermanentError("there is no `docker` program", hint="install Docker and Compose v2")
    if "'compose' is not a docker command" in said or "unknown command: docker compose" in said:
        return PermanentError("there is no Compose v2", hint="install it as a plugin of the client: `docker compose`")
    if "unknown shorthand flag: 'f' in -f" in said or "unknown flag: --file" in said:
        return PermanentError("there is no Compose v2", hint="install it as a plugin of the client: `docker compose`")
    return failure(place, shown, said)


def _show(pieces: Any, on_output: Callable[[str], None]) -> None:  # noqa: ANN401 - the library does not say which overload
    for _, piece in pieces:
        for line in piece.decode("utf-8", "replace").splitlines():
            on_output(line)
