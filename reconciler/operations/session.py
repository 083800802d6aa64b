"""Where a command works: the repository, the manifest in force, and who is working."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from reconciler.clients import files, lock
from reconciler.clients.excludes import global_excludes_file
from reconciler.clients.git import Git, Repository
from reconciler.clients.journal import JournalFile
from reconciler.clients.stale import complete_records
from reconciler.clients.survey import Survey, take_survey
from reconciler.clients.trees import Standing
from reconciler.clients.untracked import Untracked
from reconciler.errors import ClientError, OrchestraError, UsageError
from reconciler.kinds.memory import Memory
from reconciler.manifest.declaration import Manifest

MANIFEST_NAME = "orchestra.yaml"


@dataclass(frozen=True)
class Session:
    """The surroundings of one command.

    Attributes:
        root: the worktree whose manifest is in force; relative paths of the manifest start there.
        file: the manifest.
        survey: the repository as it was when the command began.
        on_secrets: told the values that must not be shown, as soon as they are known.
        generation: what the repository's lock said before anything was looked at: a plan is made again when another
            command changed something since.
        memory: what the kinds learn from the plan to the end of its apply.
    """

    environment: Mapping[str, str]
    git: Git
    repository: Repository
    root: Path
    file: Path
    survey: Survey
    on_secrets: Callable[[Mapping[str, str]], None]
    generation: int = 0
    memory: Memory = field(default_factory=Memory)

    @property
    def lock_file(self) -> Path:
        """The repository's lock."""
        return _lock_file(self.repository)

    @property
    def journal(self) -> JournalFile:
        """The repository's journal."""
        return JournalFile(self.repository.common_dir / "orchestra" / "journal.jsonl")

    @property
    def state(self) -> Path:
        """Where orchestra keeps what must outlive the repository's git directory, by the rule of XDG."""
        home, state = self.environment.get("HOME", "/"), self.environment.get("XDG_STATE_HOME", "")
        place = Path(state) if state.startswith("/") else Path(home, ".local", "state")  # a relative one is ignored
        return place / "orchestra"

    @property
    def kept(self) -> tuple[tuple[Path, str], ...]:
        """What no command in a sandbox may be given beside its area, each in words."""
        trees = ((record.path, "a tree of the repository") for record in self.survey.records)
        repository = ((path, "the repository") for path in (self.root, self.repository.common_dir))
        return (*repository, *trees, (self.state, "the archive"))

    @property
    def user(self) -> str:
        """Who is working, as git knows them."""
        return self.survey.config.get("user.email", "")

    @property
    def global_excludes(self) -> str:
        """The text of the user's own global excludes."""
        home = Path(self.environment.get("HOME", "/"))
        config_home = Path(self.environment.get("XDG_CONFIG_HOME") or home / ".config")
        file = global_excludes_file(self.survey.config.get("core.excludesfile"), home, config_home)
        try:
            entry = files.read(file.parent, file.name)
        except OrchestraError:
            return ""
        return (entry.content or b"").decode("utf-8", "surrogateescape") if entry else ""

    @property
    def untracked(self) -> Untracked:
        """What the worktree that holds the manifest has beside what git tracks."""
        return Untracked(self.git, self.root)

    def read(self, relative: str) -> bytes | None:
        """Read a file of the worktree that holds the manifest; None when there is none."""
        entry = files.read(self.root, relative)
        return entry.content if entry else None

    def load_manifest(self, *, values: bool = True) -> Manifest:
        """Load the manifest in force.

        Args:
            values: the values of `{env:NAME}` are needed; otherwise one that is not set is no error.

        Raises:
            ManifestError: it is not valid.
            UsageError: there is none.
        """
        from reconciler.manifest.loader import load  # noqa: PLC0415 - pydantic is slow to import

        if not self.file.is_file():
            raise UsageError(f"there is no manifest {self.file}", hint="`orchestra init` writes one")
        environment = self.environment if values else AnyEnvironment(self.environment)
        manifest = load(self.file, root=self.root, environment=environment)
        self.on_secrets(manifest.secrets)
        return manifest

    def holder(self, command: str, since: str) -> dict[str, str]:
        """What the lock tells others about us."""
        return {
            "pid": str(os.getpid()),
            "user": self.environment.get("USER") or str(os.getuid()),
            "host": platform.node(),
            "command": command,
            "since": since,
        }


class AnyEnvironment(dict[str, str]):
    """An environment in which every variable is set, for those who do not look at the values."""

    def __missing__(self, key: str) -> str:
        return f"{{env:{key}}}"

    def __contains__(self, key: object) -> bool:
        return True


def open_session(
    cwd: Path,
    environment: Mapping[str, str],
    *,
    file: Path | None = None,
    on_secrets: Callable[[Mapping[str, str]], None] = lambda _: None,
) -> Session:
    """Find the repository and the manifest in force, wherever the command is run.

    Args:
        cwd: where the command is run.
        environment: the environment of the command.
        file: the manifest, when it is not the one of the main worktree.
        on_secrets: told the values that must not be shown.

    Raises:
        UsageError: there is no repository, or a bare one without a worktree on its default branch, or one whose main
            worktree only those know who stand in it.
        ClientError: git failed.
    """
    git = Git(environment)
    repository = git.discover(cwd)
    seen = lock.generation(_lock_file(repository))
    survey = _take_survey(git, repository)
    root = _root(survey)
    if root is None and file is None and survey.is_main_hidden:
        message = f"{repository.common_dir} lies apart from its main worktree and does not say where that is"
        raise UsageError(message, hint="run the command in the main worktree, or give --file")
    if root is None and file is None:
        raise UsageError(
            f"{repository.common_dir} is bare and has no worktree on {survey.default_branch or 'its default branch'}",
            hint="make one with `git worktree add`, or give --file",
        )
    manifest = (cwd / file) if file else (root or cwd) / MANIFEST_NAME
    root = root or manifest.parent
    return Session(environment, git, repository, files.real_path(root), manifest, survey, on_secrets, seen)


def _take_survey(git: Git, repository: Repository) -> Survey:
    """Look, also where git itself cannot, since it was killed while it wrote a record."""
    try:
        return take_survey(git, repository)
    except ClientError:
        if not complete_records(repository):
            raise
        return take_survey(git, repository)


def renewed(session: Session) -> Session:
    """The same session after a new look at the world."""
    seen = lock.generation(session.lock_file)
    return replace(session, survey=take_survey(session.git, session.repository), generation=seen, memory=Memory())


def _lock_file(repository: Repository) -> Path:
    return repository.common_dir / "orchestra" / "lock"


def _root(survey: Survey) -> Path | None:
    """The main worktree; of a bare repository the worktree on the default branch."""
    if survey.main is not None or survey.is_main_hidden:
        return survey.main
    present = [record for record in survey.records if record.standing is Standing.PRESENT]
    return next((record.path for record in present if record.branch == survey.default_branch), None)
