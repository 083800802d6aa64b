"""Every directory in `examples/` does what its README says."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.engine import POSTGRES, require_engine, sweep
from tests.support.repository import GitRepo, Project
from tests.support.world import World

EXAMPLES = Path(__file__).parent.parent / "examples"


def _copy(name: str, directory: Path) -> Project:
    shutil.copytree(EXAMPLES / name, directory / "shop")
    if name == "containers":
        require_engine()
        file = directory / "shop/docker-compose.yml"
        file.write_text(file.read_text().replace("postgres:16", POSTGRES))  # no test pulls an image
    repository = GitRepo.init(directory / "shop")
    repository.commit()
    return Project(repository)


@pytest.fixture(params=sorted(path.name for path in EXAMPLES.iterdir() if path.is_dir()))
def example(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Project]:
    made = _copy(request.param, tmp_path)
    yield made
    if request.param == "containers":
        sweep(World(made))


def _assert_clean(example: Project) -> None:
    dirty = {str(tree): GitRepo(tree).status() for tree in example.repository.worktrees()}
    assert set(dirty.values()) == {""}, dirty


def test_example_converges_and_goes(example: Project) -> None:
    """Validate, plan, apply, an empty plan, clean trees, destroy: nothing is left but repository and archives."""
    before = example.repository.refs()
    branches = example.repository.refs("refs/heads")
    example.run("validate").expect(0)
    example.run("plan", "--detailed-exitcode").expect(2)
    assert example.repository.refs() == before

    example.run("apply", "--auto-approve").expect(0)
    example.run("plan", "--detailed-exitcode").expect(0)
    assert len(example.repository.worktrees()) > 1
    _assert_clean(example)

    example.run("destroy", "--auto-approve").expect(0)
    assert example.repository.worktrees() == [example.path]
    assert example.repository.refs("refs/heads") == branches
    _assert_clean(example)


def test_running_copies_what_git_does_not_track(tmp_path: Path) -> None:
    """Into both trees, for its owner's eyes."""
    example = _copy("running", tmp_path)
    (example.path / ".env").write_text("TOKEN=1\n")
    (example.path / ".env").chmod(0o600)
    example.apply()

    assert example.tree("web").read(".env.orchestra") != example.tree("api").read(".env.orchestra")
    for name in ("web", "api"):
        assert example.tree(name).read(".env") == "TOKEN=1\n"
        assert (example.tree(name).path / ".env").stat().st_mode & 0o777 == 0o600


def test_minimal_makes_three_trees_and_a_desk(tmp_path: Path) -> None:
    """Six lines give three branches and trees; the helper has a desk and no tree."""
    example = _copy("minimal", tmp_path)
    example.apply()

    assert {"refs/heads/main", "refs/heads/auth", "refs/heads/ui", "refs/heads/docs"} == set(
        example.repository.refs("refs/heads")
    )
    assert "packages/auth" in example.tree("auth").read("SESSION.md")
    assert "packages/ui/__tests__" in example.tree("ui").read(".sub-agents/test/CONTRACT.md")


def test_team_takes_mine_and_the_unowned(tmp_path: Path) -> None:
    """Alex gets the worktree that is Alex's and the one that is nobody's; Kim's is left alone."""
    example = _copy("team", tmp_path)
    example.repository.git("config", "user.email", "alex@example.org")
    example.apply()

    assert {"main", "feature/auth-roles", "website"} == {
        name.removeprefix("refs/heads/") for name in example.repository.refs("refs/heads")
    }
    assert not (example.tree("website").path / "services").exists()


def test_team_reads_local_settings_last(tmp_path: Path) -> None:
    """The untracked file moves the trees on this machine, and nothing shows in git."""
    example = _copy("team", tmp_path)
    shutil.copy(example.path / "orchestra.local.yaml.example", example.path / "orchestra.local.yaml")
    example.apply()

    assert tmp_path / "my-trees" / "shop" / "website" in example.repository.worktrees()
    _assert_clean(example)


def test_helpers_have_contracts_of_three_origins(tmp_path: Path) -> None:
    """A contract of the repository wins over its template, and that over the built-in one."""
    example = _copy("helpers", tmp_path)
    example.apply()
    desk = example.tree("auth").path / ".sub-agents"

    assert "SQLite" in (desk / "migration" / "CONTRACT.md").read_text(encoding="utf-8")
    assert "90 percent" in (desk / "test" / "CONTRACT.md").read_text(encoding="utf-8")
    assert [path.name for path in example.tree("auth").path.parent.iterdir() if "--" in path.name] == ["auth--test"]
    fixtures = next((example.path.parent / "shop.wt").rglob("fixtures/CONTRACT.md"))
    assert "Names are invented" in fixtures.read_text(encoding="utf-8")


def test_the_page_of_areas_shows_what_check_prints(tmp_path: Path) -> None:
    """The picture in `specs/areas.md` is the answer in `examples/areas`, word for word."""
    example = _copy("areas", tmp_path)
    command = "check --path packages/auth/tests/roles_test.py"
    page = (EXAMPLES.parent / "specs" / "areas.md").read_text(encoding="utf-8")

    assert f"$ orchestra {command}\n{example.run(*command.split(' ')).expect(0).out}" in page


def test_the_example_of_areas_does_as_its_readme_says(tmp_path: Path) -> None:
    """What it invites to break is refused with the path that it names."""
    example = _copy("areas", tmp_path)
    text = (example.path / "orchestra.yaml").read_text(encoding="utf-8")
    example.run("check", "web", "--path", "packages/auth/roles.py").expect(7)

    (example.path / "orchestra.yaml").write_text(text.replace("needs: [roles]", "done_when: []"), encoding="utf-8")
    assert "overlap: `packages/auth/.py`" in example.run("validate").expect(3).err
    (example.path / "orchestra.yaml").write_text(text.replace("auth-roles\\.md", "auth-roles.md"), encoding="utf-8")
    assert "write `docs/auth-roles\\.md`" in example.run("validate").expect(3).err
