"""The pages of `specs/` tell the truth: every manifest in them is loaded, every link leads somewhere."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.manifest import models
from tests.support.repository import GitRepo, Project, project

ROOT = Path(__file__).parent.parent
PAGES = [
    *sorted((ROOT / "specs").rglob("*.md")),
    *sorted(ROOT.glob("*.md")),
    *sorted((ROOT / "examples").rglob("*.md")),
]
TEMPLATES = sorted((ROOT / "specs" / "helpers").glob("*.md"))
GIVEN = {"name", "module", "branch", "parent", "project"}
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_COMMIT = re.compile(r"at [0-9a-f]{9}\b")
COMPOSE = {"docker-compose.yml": "services: {db: {image: postgres, ports: [5432]}}\n"}
LINK = re.compile(r"\]\(([^)#\s]+)\)")
VARIABLE = re.compile(r"\{\{([^{}|]+)(\|[^{}]*)?\}\}")


def _blocks(language: str) -> Iterator[tuple[str, str]]:
    for page in PAGES:
        found = (
            match.group(2) for match in BLOCK.finditer(page.read_text(encoding="utf-8")) if match.group(1) == language
        )
        yield from ((f"{page.relative_to(ROOT)}-{number}", text) for number, text in enumerate(found, 1))


def _named(language: str) -> list[object]:
    return [pytest.param(text, id=name) for name, text in _blocks(language)]


@pytest.mark.parametrize("manifest", _named("yaml"))
def test_every_manifest_on_a_page_is_valid(manifest: str, tmp_path: Path) -> None:
    """What a page shows can be copied and used."""
    shop = project(tmp_path, {"orchestra.yaml": manifest, "orchestra.d/empty.yaml": "worktrees: {}\n", **COMPOSE})

    shop.run("validate", env={"TRACKER_URL": "https://tracker.example.org/1", "NPM_TOKEN": "none"}).expect(0)


@pytest.mark.parametrize("document", _named("json"))
def test_every_json_document_on_a_page_can_be_read(document: str) -> None:
    """What a page shows as JSON is JSON."""
    json.loads(document)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    """A relative link names a file or directory of this repository."""
    links = [link for link in LINK.findall(page.read_text(encoding="utf-8")) if "://" not in link]

    assert [link for link in links if not (page.parent / link).exists()] == []


def test_the_promised_templates_are_there() -> None:
    """Seven kinds of helper have a template."""
    assert {"general", "test", "docs", "refactor", "performance", "migration", "api"} == {
        path.stem for path in TEMPLATES
    }


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.stem)
def test_a_built_in_template_needs_no_variable(template: Path) -> None:
    """Whatever orchestra does not give itself has a default; the task is appended, so that it is not told twice."""
    used = VARIABLE.findall(template.read_text(encoding="utf-8"))

    assert {name for name, default in used if not default} <= GIVEN
    assert {"name", "parent", "branch"} <= {name for name, _ in used}


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.stem)
def test_a_built_in_template_has_the_same_chapters(template: Path) -> None:
    """Job, rules, what may be read and what done means: in this order, in each."""
    chapters = [line for line in template.read_text(encoding="utf-8").splitlines() if line.startswith("## ")]

    assert chapters == ["## Job", "## Rules", "## What you may read", "## Done means"]


def _page(name: str, language: str) -> list[str]:
    return [text for place, text in _blocks(language) if place.startswith(f"specs/{name}")]


def _run(script: str, cwd: Path, **variables: str) -> None:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    subprocess.run(["sh", "-eu", "-c", script], cwd=cwd, env={**os.environ, "PATH": path, **variables}, check=True)


@pytest.fixture
def night(tmp_path: Path) -> Project:
    """A project with a tree that holds a bit of everything; orchestra made it an hour ago."""
    shop = project(tmp_path, {"app/a.txt": "a\r\n", ".gitignore": ".env\n", "orchestra.yaml": "worktrees: {auth: }\n"})
    shop.apply()
    shop.tree("auth").write({"app/a.txt": "staged\n"})
    shop.tree("auth").git("add", "app/a.txt")
    shop.tree("auth").write({"app/a.txt": "mine\r\n", "new/b.txt": "mine\n", ".env": "TOKEN=1\n"})
    return shop


def test_an_archive_is_restored_by_hand_as_the_page_says(night: Project, tmp_path: Path) -> None:
    """With git and tar alone, from the ref; and the commit is in the bundle when the ref is gone."""
    before = night.tree("auth").status()
    from_the_ref, from_the_bundle = _page("archive.md", "sh")
    night.run("destroy", "--auto-approve").expect(0)
    clone = night.repository.git("config", "orchestra.clone").partition("@")[0]
    (tar,) = Path(os.environ["XDG_STATE_HOME"], "orchestra", "archive", clone).rglob("*.tar")
    (ref,) = night.repository.refs("refs/orchestra/archive")
    places = {"archive": ref, "state": str(tar.parent), "time": tar.stem, "tree": str(tmp_path / "again")}
    _run(from_the_ref, night.path, **places)
    again = GitRepo(tmp_path / "again")
    read = [(again.path / path).read_bytes() for path in ("app/a.txt", "new/b.txt", ".env")]
    assert read == [b"mine\r\n", b"mine\n", b"TOKEN=1\n"]
    assert again.status() == before
    commit = night.repository.commit_of(ref)
    night.repository.git("update-ref", "-d", ref)
    _run(from_the_bundle, night.path, **places)
    assert commit in night.repository.refs("refs/restored").values()


def test_the_nightly_script_parks_what_rests_and_keeps_what_somebody_is_at(night: Project) -> None:
    """It is what cron and systemd start, by its name; the next apply brings the work back."""
    (script,) = _page("nightly.md", "sh")
    _run(f"set -- {night.path}\n{script}", night.path)
    assert night.tree("auth").path.exists(), "somebody worked there just now"
    long_ago = time.time() - 86400
    touched = [*night.tree("auth").path.rglob("*"), *night.path.glob(".git/worktrees/*/logs/HEAD")]
    for path in touched:
        os.utime(path, (long_ago, long_ago))
    before = night.tree("auth").status()
    _run(f"set -- {night.path}\n{script}", night.path)
    assert not night.tree("auth").path.exists()
    night.apply()
    assert night.tree("auth").status() == before
    name = script.splitlines()[1].split()[1]
    assert all(name in block for block in (*_page("nightly.md", "ini"), _page("nightly.md", "text")[0]))


def test_the_picture_in_the_readme_is_what_plan_prints(tmp_path: Path) -> None:
    """The README shows the plan of `examples/minimal`, word for word but for place and commit."""
    shutil.copytree(ROOT / "examples" / "minimal", tmp_path / "shop")
    repository = GitRepo.init(tmp_path / "shop")
    repository.commit()
    printed = Project(repository).run("plan").expect(0).out.replace(str(tmp_path), "/src")
    (picture,) = (text for name, text in _blocks("console") if name.startswith("README.md"))

    assert _COMMIT.sub("at ...", "$ orchestra plan\n" + printed) == _COMMIT.sub("at ...", picture)


_BAD_AREAS = """\
worktrees:
  auth:
    modify: packages/auth
    helpers:
      docs: {modify: docs}
  ui:
    helpers:
      x: {modify: src/**}
      y: {modify: "**/*.py"}
"""


@pytest.mark.parametrize(
    ("page", "manifest"),
    [
        ("manifest.md", "worktrees:\n  auth:\n    modify: packages/auth\n    brnach: feature/auth\n"),
        ("areas.md", _BAD_AREAS),
    ],
)
def test_the_mistakes_on_a_page_are_told_so(page: str, manifest: str, tmp_path: Path) -> None:
    """Word for word, but for the count below several."""
    said = project(tmp_path, {"orchestra.yaml": manifest}).run("validate").expect(3).err
    (shown,) = _page(page, "text")

    assert said.partition("\n\n")[0].strip() == shown.strip()


def test_the_page_of_areas_shows_what_check_answers(tmp_path: Path) -> None:
    """Asked in `examples/areas`."""
    shutil.copytree(ROOT / "examples" / "areas", tmp_path / "shop")
    repository = GitRepo.init(tmp_path / "shop")
    repository.commit()
    (shown,) = _page("areas.md", "console")
    question, _, answer = shown.partition("\n")

    assert Project(repository).run(*question.split()[2:]).expect(0).out == answer


def test_the_page_of_the_manifest_names_every_key_and_no_other() -> None:
    """A key that is not described is not promised; one that does not exist is a lie."""
    text = (ROOT / "specs" / "manifest.md").read_text(encoding="utf-8")
    described = set(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE))
    classes = (models.Document, models.Worktree, models.Helper)

    assert described == {name for each in classes for name in models.keys_of(each)}
    assert all(f"`{name}`" in text for name in models.keys_of(models.Defaults))
