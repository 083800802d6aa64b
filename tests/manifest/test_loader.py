"""Good manifests: what is declared, with defaults, modules, environment, includes and the local file put in."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from reconciler.errors import Location, ManifestError
from reconciler.manifest.loader import load
from tests.support.manifests import ROOT, complaints, declared, load_text
from tests.support.repository import file_tree

SIX_LINES = """\
worktrees:
  auth: {modify: packages/auth, task: Harden session handling}
  ui: {modify: packages/ui, helpers: {test: {modify: packages/ui/__tests__}}}
  docs:
"""
LONG = """\
# yaml-language-server: $schema=specs/orchestra.schema.json
version: 1
project: shop
env: [TOKEN]
check: {governed: ["agent/**"]}     # branches under these names must be declared
modules:                            # the repository's boundaries, named once, used as $auth
  auth: packages/auth
  billing: services/billing

defaults:                           # per worktree and per helper, each may be overridden there
  base: main
  path: ../{project}.wt/{name}
  checkout: full                    # full | sparse (what may be modified, and `read`)
  shared: [pnpm-lock.yaml, "**/CHANGELOG.md"]

worktrees:
  auth-feature:
    owner: alex@example.org         # apply takes mine and the unowned
    branch: feature/auth-hardening
    task: Harden session handling and add user roles
    modify: [$auth/**]              # git's globs, as in `:(top,glob)...`
    deny: [packages/auth/vendor/**]
    read: [packages/**]             # advice to the agent, and what `sparse` checks out
    max_helpers: 3                  # 0: cannot spawn
    done_when: [pnpm test]
    helpers:
      migration:
        template: migration
        task: Add the user_roles table
        modify: [$auth/migrations/**]
      test:
        variables: {module: packages/auth, coverage: 80, version: 1.10}
        modify: [$auth/__tests__/**]
        needs: [migration]
        eager: true
        helpers:
          fixtures: {modify: [$auth/__tests__/fixtures/**]}
      docs: {template: docs}        # no area of its own: runs alone, after its siblings
"""


def test_six_lines_are_useful() -> None:
    """Every key has a default."""
    found = declared(SIX_LINES)

    assert list(found) == ["auth", "ui", "ui--test", "docs"]
    assert found["auth"].modify == ("packages/auth",)
    docs = found["docs"]
    assert (docs.branch, docs.base, docs.path, docs.checkout) == ("docs", None, "../shop.wt/docs", "full")
    assert (docs.eager, docs.tree, docs.links, docs.submodules, docs.max_helpers) == (True, True, False, False, None)
    assert docs.modify == docs.deny == docs.read == docs.shared == docs.needs == docs.helpers == docs.files == ()


def test_the_long_example_is_read() -> None:
    """Modules are put in, owners inherited, branches and paths of helpers derived, values kept as they are written."""
    found = declared(LONG)
    test = found["auth-feature--test"]

    assert list(found) == [
        "auth-feature",
        "auth-feature--migration",
        "auth-feature--test",
        "auth-feature--test--fixtures",
        "auth-feature--docs",
    ]
    assert found["auth-feature"].helpers == ("auth-feature--migration", "auth-feature--test", "auth-feature--docs")
    assert (test.name, test.level, test.parent, test.owner) == ("test", 2, "auth-feature", "alex@example.org")
    assert (test.branch, test.base) == ("feature/auth-hardening--test", "feature/auth-hardening")
    assert test.path == "../shop.wt/auth-feature--test"
    assert test.modify == ("packages/auth/__tests__/**",)
    assert test.shared == ("pnpm-lock.yaml", "**/CHANGELOG.md")
    assert test.needs == ("auth-feature--migration",)
    assert test.variables == {"module": "packages/auth", "coverage": "80", "version": "1.10"}
    assert test.eager
    assert test.where == Location("orchestra.yaml", 31, 7)
    assert test.places["modify"] == Location("orchestra.yaml", 33, 9)
    assert test.places["modify.0"] == Location("orchestra.yaml", 33, 18)
    assert found["auth-feature--test--fixtures"].base == "feature/auth-hardening--test"
    assert not found["auth-feature--docs"].eager


def test_the_helper_of_a_desk_starts_from_the_nearest_tree() -> None:
    """A desk has no branch, so what is below it starts from the branch above it."""
    found = declared("worktrees: {a: {helpers: {d: {workspace: desk, helpers: {t: }}}}}\n")

    assert not found["a--d"].tree
    assert found["a--d--t"].base == "a"


def test_a_helper_is_checked_out_like_its_parent() -> None:
    """`checkout` and `submodules` are inherited from the parent, other keys from the defaults."""
    text = (
        "defaults: {links: true}\nworktrees: {a: {checkout: sparse, submodules: true, links: false, helpers: {t: }}}\n"
    )
    found = declared(text)["a--t"]

    assert (found.checkout, found.submodules, found.links) == ("sparse", True, True)


def test_project_names_the_directory() -> None:
    """`project` is the directory's name, and what `{project}` and `{branch}` in a path stand for."""
    text = 'worktrees: {a: {branch: x/y, path: "/trees/{project}/{branch}"}}\n'

    assert load_text(text).project == "shop"
    assert declared(text)["a"].path == "/trees/shop/x/y"


def test_a_byte_order_mark_and_windows_line_ends_are_read() -> None:
    """Neither moves a place."""
    assert declared("\ufeffworktrees:\r\n  auth:\r\n    task: x\r\n")["auth"].where == Location("orchestra.yaml", 2, 3)


def test_what_other_readers_of_yaml_convert_is_text() -> None:
    """YAML 1.2: `no`, `1_000`, `1:30` and dates are text."""
    for text in ("no", "on", "1_000", "1:30", "2024-01-01", "0b1"):
        assert declared(f"worktrees: {{a: {{task: {text}}}}}\n")["a"].task == text


def test_anchors_and_aliases_are_read() -> None:
    """A plain alias stands for what was written at its anchor."""
    found = declared("worktrees:\n  a: {modify: &area [src/**]}\n  b: {modify: *area}\n")

    assert found["b"].modify == ("src/**",)


def test_included_files_add_worktrees_and_modules() -> None:
    """Places name the file a thing is written in; the order is the one of the files."""
    others = {
        "orchestra.d/b.yaml": "worktrees:\n  ui: {modify: $ui/**}\n",
        "orchestra.d/a.yaml": "modules: {ui: packages/ui}\n",
        "orchestra.d/note.md": "not YAML: [",
    }
    manifest = load_text("include: [orchestra.d/*.yaml]\nworktrees: {auth: }\n", others)

    assert [declaration.name for declaration in manifest.declarations] == ["auth", "ui"]
    assert manifest.declarations[1].where == Location("orchestra.d/b.yaml", 2, 3)
    assert manifest.declarations[1].modify == ("packages/ui/**",)
    assert manifest.sources == tuple(
        ROOT / name for name in ("orchestra.yaml", "orchestra.d/a.yaml", "orchestra.d/b.yaml")
    )


def test_the_digest_covers_every_source() -> None:
    """It is the sha256 of all bytes that were read."""
    manifest = load_text("worktrees: {}\n", {"orchestra.local.yaml": "project: mine\n"})

    assert manifest.digest == hashlib.sha256(b"worktrees: {}\nproject: mine\n").hexdigest()


def test_the_local_file_is_merged_last() -> None:
    """Mappings are joined, lists and values replaced, an empty body takes nothing away; places follow."""
    text = "worktrees:\n  a: {task: x, modify: [src, lib]}\n  b: {task: y}\n"
    local = "worktrees:\n  a: {modify: [doc], owner: me@example.org}\n  b:\n  c:\n"
    found = declared(text, {"orchestra.local.yaml": local})

    assert (found["a"].task, found["a"].modify, found["a"].owner) == ("x", ("doc",), "me@example.org")
    assert found["a"].places["modify"] == Location("orchestra.local.yaml", 2, 7)
    assert found["a"].places["task"] == Location("orchestra.yaml", 2, 7)
    assert found["b"].task == "y"
    assert "c" in found


@pytest.mark.parametrize(
    ("others", "expected"),
    [
        pytest.param(
            {"x.yaml": "worktrees:\n  auth:\n"},
            [
                "x.yaml:2:3: `auth` is declared twice, first at orchestra.yaml:2:13",
                "hint: remove one of them, or give it another name",
            ],
            id="declared twice",
        ),
        pytest.param(
            {"x.yaml": "include: [y.yaml]\nenv: [HOME]\ndefaults: {}\n"},
            [
                "x.yaml:1:1: `include` cannot stand in an included file",
                "hint: move it to the manifest; an included file has `modules` and `worktrees`",
                "x.yaml:2:1: `env` cannot stand in an included file",
                "hint: move it to the manifest; an included file has `modules` and `worktrees`",
                "x.yaml:3:1: `defaults` cannot stand in an included file",
                "hint: move it to the manifest; an included file has `modules` and `worktrees`",
            ],
            id="keys of the manifest",
        ),
        pytest.param(
            {"x.yaml": "worktrees: {ui: {brnach: x}}\n", "orchestra.local.yaml": "worktrees: {ui: {tsk: x}}\n"},
            [
                "x.yaml:1:18: unknown key `brnach`",
                "hint: did you mean `branch`?",
                "orchestra.local.yaml:1:18: unknown key `tsk`",
                "hint: did you mean `task`?",
            ],
            id="mistakes in both",
        ),
        pytest.param(
            {"x.yaml": "worktrees: [\n"},
            [
                "x.yaml:2:1: a value is missing or misplaced here",
                "hint: quote texts that hold `[`, `]`, `{`, `}` or `,`",
            ],
            id="not YAML",
        ),
        pytest.param(
            {"x.yaml": "", "orchestra.local.yaml": "include: [z.yaml]\n"},
            [
                "orchestra.local.yaml:1:1: `include` cannot stand in orchestra.local.yaml",
                "hint: write it in the manifest",
            ],
            id="include in the local file",
        ),
    ],
)
def test_mistakes_in_other_files_are_told_there(others: dict[str, str], expected: list[str]) -> None:
    """Each file's mistakes have its own places."""
    assert complaints("include: [x.yaml]\nworktrees: {auth: }\n", others) == expected


def test_a_manifest_on_disk_is_found_by_relative_and_absolute_path(tmp_path: Path) -> None:
    """Inside the root places are relative to it."""
    file_tree(tmp_path / "shop", {"orchestra.yaml": "worktrees: {auth: }\n"})
    for file in (Path("orchestra.yaml"), tmp_path / "shop/orchestra.yaml"):
        manifest = load(file, root=tmp_path / "shop", environment={})

        assert manifest.file == tmp_path / "shop/orchestra.yaml"
        assert manifest.declarations[0].where.file == "orchestra.yaml"


def test_a_missing_manifest_is_an_error_with_a_hint(tmp_path: Path) -> None:
    """It says how to make one."""
    with pytest.raises(ManifestError) as caught:
        load(Path("orchestra.yaml"), root=tmp_path, environment={})

    assert "orchestra init" in caught.value.problems[0].hint


def test_what_is_no_regular_file_is_refused(tmp_path: Path) -> None:
    """A directory or a pipe is not waited for."""
    (tmp_path / "orchestra.yaml").mkdir()
    os.mkfifo(tmp_path / "pipe.yaml")
    for name in ("orchestra.yaml", "pipe.yaml"):
        with pytest.raises(ManifestError, match="cannot be read"):
            load(Path(name), root=tmp_path, environment={})


@pytest.mark.parametrize("pattern", ["x.yaml", "d/*.yaml", "link/x.yaml", "link/*"])
def test_an_include_does_not_leave_the_repository_through_a_link(tmp_path: Path, pattern: str) -> None:
    """A link that leads out is refused, whether it is the file or a directory on the way."""
    file_tree(tmp_path / "outside", {"x.yaml": "worktrees: {evil: }\n", "y": "", "z": ""})
    outside = tmp_path / "outside/x.yaml"
    file_tree(
        tmp_path / "shop",
        {
            "orchestra.yaml": f"include: ['{pattern}']\nworktrees: {{auth: }}\n",
            "x.yaml": outside,
            "d/x.yaml": outside,
            "link": outside.parent,
        },
    )

    with pytest.raises(ManifestError, match="leads out of the repository") as caught:
        load(Path("orchestra.yaml"), root=tmp_path / "shop", environment={})
    assert len(caught.value.problems) == 1


def test_governed_branches_are_read_with_their_places() -> None:
    """A text stands for a list; an empty mapping says nothing."""
    (one,) = load_text('check: {governed: "agent/**"}\nworktrees: {}\n').governed
    assert (one.text, one.where) == ("agent/**", Location("orchestra.yaml", 1, 19))
    assert [each.where.column for each in load_text(LONG).governed] == [20]
    assert load_text("check:\nworktrees: {}\n").governed == ()
