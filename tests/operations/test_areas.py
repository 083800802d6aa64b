"""What the command line says of areas, and that contract, `.allowed-paths` and sparse tree say the same."""

from __future__ import annotations

import json

import pytest

from reconciler.boundaries.reading import covering
from reconciler.manifest.areas import areas_of
from tests.support.manifests import load_text
from tests.support.repository import Project, project

MANIFEST = """\
modules: {auth: packages/auth}
defaults: {shared: ["**/CHANGES"]}
worktrees:
  auth:
    modify: [$auth/**, "docs/*.md"]
    deny: [packages/auth/vendor]
    checkout: sparse
    helpers:
      test: {modify: $auth/tests/**, eager: true}
      docs: {deny: "docs/*.md", eager: true}
  ui: {modify: packages/ui}
  all: {deny: "packages/*/*.lock"}
"""
FILES = [
    *("packages/auth/a.py", "packages/auth/tests/t.py", "packages/auth/vendor/v.py", "packages/auth/CHANGES", "README"),
    *("docs/i.md", "docs/deep/i.md", "docs/*.md/x", "packages/ui/u.js", "packages/ui/x.lock", "packages/auth/x.lock"),
]


@pytest.fixture
def team(tmp_path) -> Project:
    return project(tmp_path, {**dict.fromkeys(FILES, "x\n"), "orchestra.yaml": MANIFEST})


@pytest.mark.parametrize(
    ("path", "code", "lines"),
    [
        pytest.param(
            "packages/auth/tests/t.py",
            0,
            [
                "packages/auth/tests/t.py",
                (
                    "  auth        may, by `modify: packages/auth/**` (orchestra.yaml:5:14); "
                    "lent to auth--test while that works"
                ),
                "  auth--test  may, by `modify: packages/auth/tests/**` (orchestra.yaml:9:22)",
                "  auth--docs  may, by `modify: packages/auth/**` (orchestra.yaml:5:14), declared for auth",
                "  all         may, by `modify: **` (orchestra.yaml:12:3)",
                "Outside of the area of 1 more workspace.",
            ],
            id="lent",
        ),
        pytest.param(
            "packages/auth/x.lock",
            0,
            [
                "packages/auth/x.lock",
                "  auth        may, by `modify: packages/auth/**` (orchestra.yaml:5:14)",
                "  auth--docs  may, by `modify: packages/auth/**` (orchestra.yaml:5:14), declared for auth",
                "  all         may not, by `deny: packages/*/*.lock` (orchestra.yaml:12:15)",
                "Outside of the area of 2 more workspaces.",
            ],
            id="denied to one",
        ),
        pytest.param(
            "packages/ui/CHANGES",
            0,
            [
                "packages/ui/CHANGES",
                "  auth        may, by `shared: **/CHANGES` (orchestra.yaml:2:21)",
                "  auth--test  may, by `shared: **/CHANGES` (orchestra.yaml:2:21)",
                "  auth--docs  may, by `shared: **/CHANGES` (orchestra.yaml:2:21), declared for auth",
                "  ui          may, by `modify: packages/ui` (orchestra.yaml:11:16)",
                "  all         may, by `modify: **` (orchestra.yaml:12:3)",
            ],
            id="shared",
        ),
    ],
)
def test_check_says_who_may_change_a_path_and_why(team: Project, path: str, code: int, lines: list[str]) -> None:
    """Each answer names the key, the pattern and its place."""
    assert team.run("check", "--path", path).expect(code).out.splitlines() == lines


def test_check_of_one_workspace_answers_by_its_exit_code(team: Project) -> None:
    """A script can ask; what is refused is refused by a protection."""
    team.run("check", "auth", "--path", "docs/i.md").expect(0)
    answer = team.run("check", "ui", "--path", "docs/i.md").expect(7)
    assert answer.out.splitlines() == [
        "docs/i.md",
        "  ui  may not, it is outside of its area",
    ]
    assert "Nobody may change it." in team.run("check", "--path", "packages/x/y.lock").expect(7).out
    team.run("check", "auth--docs", "--path", "docs/i.md").expect(7)
    team.run("check", "auth", "--path", "packages/auth/vendor/v.py").expect(7)


def test_check_as_json_names_places(team: Project) -> None:
    """Every workspace is in it."""
    answer = json.loads(team.run("check", "--json", "--path", "packages/ui/x.lock").expect(0).out)

    assert answer["may"] == ["ui"]
    assert [each["because"] for each in answer["workspaces"]] == ["outside", "outside", "outside", "modify", "deny"]
    assert answer["workspaces"][4]["rule"] == {
        "key": "deny",
        "pattern": "packages/*/*.lock",
        "where": {"file": "orchestra.yaml", "line": 12, "column": 15},
        "declared_for": "all",
    }


@pytest.mark.parametrize(
    ("words", "told"),
    [
        pytest.param(["--path", "/etc/passwd"], "/etc/passwd is no path: it is absolute", id="absolute"),
        pytest.param(["--path", "a/../b"], "a/../b is no path: it leads out with `..`", id="dots"),
        pytest.param(["--path", "a//b"], "a//b is no path: it holds an empty part or `.`", id="slashes"),
        pytest.param(["--path", "packages/"], "packages/ is no path: it holds an empty part or `.`", id="directory"),
        pytest.param(["--path", ""], " is no path: it is empty", id="empty"),
        pytest.param(["--path", "a/.GIT/x"], "a/.GIT/x is no path: `.git` is git's own", id="git"),
        pytest.param(["--path", "b" * 256], "longer than any file system takes", id="long"),
        pytest.param(["uo", "--path", "a"], "no workspace `uo` is declared", id="nobody"),
    ],
)
def test_check_refuses_what_is_no_path(team: Project, words: list[str], told: str) -> None:
    """With a reason and a way out."""
    answer = team.run("check", *words).expect(3)
    assert told in answer.err
    assert "hint: " in answer.err


def test_a_name_that_is_no_text_is_shown_as_git_shows_it(team: Project) -> None:
    """And judged byte by byte."""
    answer = team.run("check", "auth", "--path", "packages/auth/\udcff\n").expect(0)
    assert answer.out.splitlines()[0] == '"packages/auth/\\377\\n"'


def test_graph_shows_the_areas(team: Project) -> None:
    """With the place of each pattern."""
    lines = team.run("graph", "--areas").expect(0).out.splitlines()
    assert lines[:2] == [
        "auth",
        "│   may change   packages/auth/**      orchestra.yaml:5:14",
    ]
    assert "└── docs" in lines
    assert "        never        docs/*.md             orchestra.yaml:10:20" in lines
    assert json.loads(team.run("graph", "--areas", "--json").out)["workspaces"][0]["area"][0]["key"] == "modify"
    assert "area" not in json.loads(team.run("graph", "--json").out)["workspaces"][0]


def test_worktrees_that_overlap_are_told_everywhere_and_refuse_nothing(tmp_path) -> None:
    """validate, plan and graph show it; applying goes on."""
    text = "worktrees:\n  a: {modify: src}\n  b: {modify: src/b}\n"
    shop = project(tmp_path, {"orchestra.yaml": text, "src/b": "x"})
    told = "the areas of `b` and `a` overlap: `src/b` is in `src/b` and in `src` (orchestra.yaml:2:15)"

    assert f"orchestra.yaml:3:15: warning: {told}" in shop.run("validate").expect(0).err
    assert json.loads(shop.run("validate", "--json").out)["warnings"][0]["message"] == told
    assert f"Note: orchestra.yaml:3:15: {told}" in shop.run("plan").expect(0).out
    assert told in shop.run("plan", "--markdown").expect(0).out
    assert told in shop.run("graph", "--areas").expect(0).err
    shop.apply()
    shop.run("plan", "--detailed-exitcode").expect(0)


@pytest.mark.parametrize("name", ["auth", "auth--test", "auth--docs", "all"])
def test_what_is_written_into_a_tree_is_the_area(team: Project, name: str) -> None:
    """git lists for `.allowed-paths` just what the area holds; the contract names the same patterns."""
    team.apply()
    tree = team.tree(name)
    declared = areas_of(load_text(MANIFEST).declarations)[name]
    area = declared.area

    listed = set(tree.git("ls-files", "-z", "--", *tree.read(".allowed-paths").splitlines()).split("\0")) - {""}

    files = [*FILES, "orchestra.yaml"]
    assert listed == {
        file
        for file in files
        if covering(area.allowed, file.encode()) is not None and covering(area.deny, file.encode()) is None
    }
    contract = tree.read("CONTRACT.md" if "--" in name else "SESSION.md").partition("## Place")[0]
    assert all(f"- `{rule.pattern}`" in contract or str(rule.pattern) == "**" for rule in declared.rules)
    assert ("alone, after the others" in contract) is (name == "auth--docs")


def test_a_sparse_tree_holds_the_area_and_what_is_shared(team: Project) -> None:
    """What git's sparse language says more widely is checked out too."""
    team.apply()
    there = {
        str(path.relative_to(team.tree("auth").path)) for path in team.tree("auth").path.rglob("*") if path.is_file()
    }

    assert {"packages/auth/a.py", "docs/i.md", "packages/auth/CHANGES"} <= there
    assert not {"README", "packages/ui/u.js", "docs/deep/i.md"} & there
