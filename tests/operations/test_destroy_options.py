"""What `destroy` is asked for: bounds, ages, owners, protections and losses, none implied by another."""

from __future__ import annotations

import pytest

from tests.operations import works
from tests.operations.looks import look
from tests.support.repository import CliRun
from tests.support.world import World


def destroy(world: World, *flags: str, code: int = 0) -> CliRun:
    return world.project.run("destroy", "--auto-approve", *flags).expect(code)


def gone(world: World, *names: str) -> list[bool]:
    return [not world.tree(name).path.exists() for name in names]


def test_a_bound_refuses_the_whole_run(world: World) -> None:
    """Nothing is done, and the exit code says that a protection refused it; what is kept does not count."""
    world.declare("auth:\nui:\ndocs:")
    world.settle()
    run = destroy(world, "--max-destroy", "2", code=7)
    assert "the plan removes 3 workspaces, and --max-destroy allows 2" in run.err
    assert gone(world, "auth", "ui", "docs") == [False, False, False]
    world.tree("docs").git("bisect", "start")
    destroy(world, "--max-destroy", "2")
    assert gone(world, "auth", "ui", "docs") == [True, True, False]


def test_prune_is_bounded_as_well(world: World) -> None:
    """An unattended apply removes no more than it was allowed to."""
    world.declare("auth:\nui:")
    world.settle()
    world.declare("docs:")
    prune = ("apply", "--auto-approve", "--prune", "--max-destroy")
    world.project.run(*prune, "1").expect(7)
    assert gone(world, "auth", "ui") == [False, False]
    world.project.run(*prune, "2").expect(0)
    assert gone(world, "auth", "ui", "docs") == [True, True, False]


def test_what_is_protected_stays_until_that_is_taken_off(auth: World) -> None:
    """Also when it is no longer declared, and from its mark alone."""
    auth.declare("auth: {protect: true}")
    auth.settle()
    assert "it is protected; apply `protect: false` first" in destroy(auth).out
    auth.declare("auth:")
    auth.settle()
    assert "it is protected" in destroy(auth).out, "to say nothing of it takes nothing off"
    auth.declare("ui:")
    auth.project.run("apply", "--auto-approve", "--prune").expect(0)
    (auth.project.path / "orchestra.yaml").unlink()
    destroy(auth)
    assert gone(auth, "auth") == [False]
    auth.declare("auth: {protect: false}")
    auth.settle()
    destroy(auth)
    assert gone(auth, "auth") == [True]


def test_what_others_own_stays(world: World) -> None:
    """Unless it is asked for."""
    world.main.git("config", "user.email", "alex@example.org")
    world.declare("auth: {owner: kim@example.org}\nui: {owner: alex@example.org}\ndocs:")
    world.project.apply("--all-owners")
    assert "it is kim@example.org's" in destroy(world).out
    assert gone(world, "auth", "ui", "docs") == [False, True, True]
    destroy(world, "--all-owners")
    assert gone(world, "auth") == [True]


@pytest.mark.parametrize(
    ("work", "flag", "lost", "saved"),
    [
        (works.ignored, "--discard-ignored", "1 ignored file (.env)", False),
        (works.nested_repository, "--discard-nested", "repositories lie in it that are no submodules (inner)", False),
        (works.merging, "--discard-half-done", "a merge is half done", True),
        (works.repository_in_place_of_a_submodule, "--discard-submodules", "part is a repository of its own", False),
    ],
)
def test_what_may_be_lost_is_named_and_nothing_else_is(
    auth: World, work: object, flag: str, lost: str, *, saved: bool
) -> None:
    """Beside it there is a file that comes back; no other flag implies this one."""
    work(auth)  # type: ignore[operator]
    auth.tree().write({"new.txt": "mine"})
    before = look(auth)
    others = {"--discard-ignored", "--discard-nested", "--discard-half-done", "--discard-submodules"} - {flag}
    if flag != "--discard-ignored":
        destroy(auth, *sorted(others))
        assert gone(auth, "auth") == [False]
    told = destroy(auth, flag).out
    assert f"lost, as requested: {lost}" in told
    auth.apply()
    assert auth.tree().read("new.txt") == "mine"
    assert (look(auth).seen == before.seen) is saved


def test_a_branch_that_goes_takes_nothing_along(auth: World) -> None:
    """Its upstream and its description come back with it."""
    works.pushed(auth)
    auth.main.git("config", "branch.auth.description", "mine")
    auth.tree().commit({"app/a.py": "a = 3\n"})
    before = look(auth)
    destroy(auth, "--delete-branches")
    assert "refs/heads/auth" not in auth.main.refs()
    auth.apply()
    assert look(auth) == before
    assert auth.tree().git("rev-parse", "--abbrev-ref", "auth@{upstream}") == "origin/auth"
    assert auth.main.git("config", "branch.auth.description") == "mine"


def test_it_needs_no_identity(auth: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Archives have an author of their own."""
    works.all_at_once(auth)
    before = look(auth)
    auth.main.git("config", "user.useConfigOnly", "true")
    for name in ("AUTHOR", "COMMITTER"):
        monkeypatch.delenv(f"GIT_{name}_NAME")
        monkeypatch.delenv(f"GIT_{name}_EMAIL")
    destroy(auth)
    auth.project.apply()
    assert look(auth) == before


def test_hooks_see_nothing_of_it(auth: World) -> None:
    """None runs for an archive, and so none can stop it."""
    hooks = auth.common_dir / "hooks"
    for name in ("pre-commit", "post-commit", "pre-auto-gc"):
        (hooks / name).write_text("#!/bin/sh\nexit 1\n")
    (hooks / "reference-transaction").write_text("#!/bin/sh\n! grep -q refs/orchestra/\n")
    for hook in hooks.iterdir():
        hook.chmod(0o755)
    works.dirty(auth)
    destroy(auth)
    assert gone(auth, "auth") == [True]
    auth.apply()
    assert auth.tree().read("app/a.py") == "mine\n"
