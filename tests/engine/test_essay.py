"""The essay's own case: `db` and `test-db` beside each worktree, for programs that know only the file that tells."""

from __future__ import annotations

from pathlib import Path

from tests.support.engine import POSTGRES, clone_of, docker, left_of, sweep
from tests.support.repository import GitRepo, Project
from tests.support.world import World

HEALTH = """
    healthcheck:
      test: [CMD, pg_isready, --quiet, --host, 127.0.0.1]
      interval: 1s
      retries: 30
"""
# The essay publishes 5433 of `test-db`, where nobody listens unless Postgres is told to.
ESSAY = f"""\
name: ${{COMPOSE_PROJECT_NAME:-${{PWD##*/}}}}
services:
  db:
    image: {POSTGRES}
    environment:
      POSTGRES_DB: ${{COMPOSE_PROJECT_NAME}}_app
      POSTGRES_PASSWORD: open
    ports:
      - "5432"{HEALTH}
  # This one's just for tests
  test-db:
    image: {POSTGRES}
    environment:
      POSTGRES_DB: ${{COMPOSE_PROJECT_NAME}}_test
      POSTGRES_PASSWORD: open
      PGPORT: 5433
    ports:
      - "5433"{HEALTH}
"""
CLASHING = (
    ESSAY.replace('"5432"', '"5432:5432"')
    .replace('"5433"', '"127.0.0.1:5433:5433"')
    .replace("    image:", "    container_name: the-database\n    image:", 1)
)


WRITE = "CREATE TABLE who (name text); INSERT INTO who VALUES ('$COMPOSE_PROJECT_NAME'); SELECT current_database()"


def ask(tree: Path, statements: str) -> list[str]:
    """Ask both databases, as a program does that knows the file in its tree and nothing else; a line from each."""
    words = "psql --no-psqlrc --quiet --tuples-only --no-align --host 127.0.0.1 --username postgres"
    script = "set -e\n" + "\n".join(
        f'{words} --port "${port}" --dbname "${{COMPOSE_PROJECT_NAME}}_{suffix}" --command "{statements}"'
        for port, suffix in (("DB_PORT", "app"), ("TEST_DB_PORT", "test"))
    )
    known = ("--env-file", str(tree / ".env.orchestra"), "--env", "PGPASSWORD=open")
    around = ("--rm", "--network", "host", "--label", "orchestra-test=child", "--entrypoint", "sh")
    return docker("run", *around, *known, POSTGRES, "-c", script).splitlines()


def require_apart(*trees: Path) -> None:
    """Write a row from each tree into both of its databases, and see from each only its own."""
    names = {tree: ask(tree, WRITE) for tree in trees}
    assert len({name for asked in names.values() for name in asked}) == 2 * len(trees)
    for tree, (app, test) in names.items():
        project = app.removesuffix("_app")
        assert (app, test) == (f"{project}_app", f"{project}_test")
        assert project.startswith(f"{tree.parent.name.removesuffix('.wt')}-{tree.name}-")
        assert ask(tree, "SELECT name FROM who") == [project, project]


NOTHING: dict[str, list[str]] = {"container": [], "network": [], "volume": []}


def declare(world: World, text: str) -> None:
    """Commit a Compose file, and declare two worktrees that have what it says."""
    world.main.commit({"docker-compose.yml": text})
    world.declare("auth:\nui:", head="defaults: {containers: {compose: docker-compose.yml}}\n")


def test_two_worktrees_have_databases_of_their_own(world: World) -> None:
    """Each is named after its worktree; neither sees what the other writes."""
    declare(world, ESSAY)
    world.settle()
    require_apart(world.tree("auth").path, world.tree("ui").path)
    world.destroy()
    assert left_of(clone_of(world)) == NOTHING


def test_fixed_ports_and_names_do_not_clash(world: World) -> None:
    """A file that only one worktree could use serves two."""
    declare(world, CLASHING)
    world.settle()
    require_apart(world.tree("auth").path, world.tree("ui").path)


def test_two_clones_have_what_they_have_at_once(world: World, tmp_path: Path) -> None:
    """Of the same names, on one engine; to destroy the one leaves the other alone."""
    declare(world, ESSAY)
    world.settle()
    (tmp_path / "other").mkdir()
    world.main.git("clone", "--quiet", str(world.main.path), str(tmp_path / "other/shop"))
    other = World.of(Project(GitRepo(tmp_path / "other/shop")))
    try:
        other.declare("auth:", head="defaults: {containers: {compose: docker-compose.yml}}\n")
        other.settle()
        require_apart(world.tree("auth").path, world.tree("ui").path, other.tree("auth").path)
        other.destroy()
        assert left_of(clone_of(other)) == NOTHING
        assert world.plan().is_empty
        assert len(left_of(clone_of(world))["container"]) == 4
    finally:
        sweep(other)
