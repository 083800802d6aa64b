"""What the tests of containers stand on: an engine, and images that do what is asked of them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.support.engine import POSTGRES, SMALL, docker


@contextmanager
def running(*words: str) -> Iterator[str]:
    """Let a container run."""
    name = docker("run", "--detach", "--label", "orchestra-test=container", *words)
    try:
        yield name
    finally:
        docker("rm", "--force", "--volumes", name)


def test_the_small_image_has_a_shell() -> None:
    """And the few programs that tests use."""
    assert docker("run", "--rm", SMALL, "sh", "-c", "echo hello | cat") == "hello"


def test_postgres_makes_the_database_that_it_is_asked_for() -> None:
    """It honours database, user and password, as the official image does."""
    asked = ("POSTGRES_DB=shop-auth_app", "POSTGRES_USER=alex", "POSTGRES_PASSWORD=open")
    with running(*(f"--env={each}" for each in asked), POSTGRES) as name:
        for _ in range(300):
            ready = docker("exec", name, "sh", "-c", "pg_isready --quiet --host 127.0.0.1 && echo yes || true")
            if ready == "yes":
                break
            time.sleep(0.1)
        words = ("psql", "--host=127.0.0.1", "--username=alex", "--dbname=shop-auth_app", "--tuples-only", "--no-align")
        said = docker("exec", "--env=PGPASSWORD=open", name, *words, "--command=SELECT current_database()")
        assert said == "shop-auth_app"
        refused = docker("exec", "--env=PGPASSWORD=wrong", name, "sh", "-c", f"{' '.join(words)} 2>&1 || true")
        assert "password authentication failed" in refused
