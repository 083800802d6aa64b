"""Names, branches and paths that cannot be, or cannot be together. A table for `test_bad_manifests.py`."""

# ruff: noqa: E501 - texts are compared as they are

from __future__ import annotations

TABLE = [
    (
        "name begins with a dash",
        "worktrees:\n  -rf:\n",
        "orchestra.yaml:2:3: `-rf` is not a name: it begins with `-`, so programs would take it for an option",
        "hint: letters, digits, `.`, `_` and single `-`, for example `rf`",
    ),
    (
        "name leads out",
        "worktrees:\n  ../x:\n",
        "orchestra.yaml:2:3: `../x` is not a name: it holds or begins with a character that is not allowed",
        "hint: letters, digits, `.`, `_` and single `-`, for example `x`",
    ),
    (
        "name with a separator",
        "worktrees:\n  a--b:\n",
        "orchestra.yaml:2:3: `a--b` is not a name: it holds `--`, which separates a helper from its parent",
        "hint: letters, digits, `.`, `_` and single `-`, for example `a-b`",
    ),
    (
        "name with a space",
        "worktrees:\n  my work:\n",
        "orchestra.yaml:2:3: `my work` is not a name: it holds or begins with a character that is not allowed",
        "hint: letters, digits, `.`, `_` and single `-`, for example `my-work`",
    ),
    (
        "name ends with .lock",
        "worktrees:\n  auth.lock:\n",
        "orchestra.yaml:2:3: `auth.lock` is not a name: git refuses such a branch",
        "hint: letters, digits, `.`, `_` and single `-`, for example `auth`",
    ),
    (
        "name too long",
        "worktrees:\n  aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa:\n",
        "orchestra.yaml:2:3: `aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa…` is not a name: it is longer than 64 characters",
        "hint: letters, digits, `.`, `_` and single `-`, for example `aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa`",
    ),
    (
        "git's own name",
        "worktrees:\n  .git:\n",
        "orchestra.yaml:2:3: `.git` is not a name: it holds or begins with a character that is not allowed",
        "hint: letters, digits, `.`, `_` and single `-`, for example `git`",
    ),
    (
        "a name that is no branch",
        "worktrees:\n  HEAD: {helpers: {t: }}\n",
        "orchestra.yaml:2:3: `HEAD` cannot name its branch too: git means something else by it",
        "hint: give it a `branch:`, or another name",
    ),
    (
        "names differ in case",
        "worktrees:\n  auth:\n  Auth:\n",
        "orchestra.yaml:3:3: `Auth` and `auth` (orchestra.yaml:2:3) differ in case only",
        "hint: some disks do not tell them apart; rename one",
    ),
    (
        "branch with a space",
        "worktrees:\n  auth: {branch: my work}\n",
        "orchestra.yaml:2:20: `my work` is not a branch that git accepts: it holds a space",
        "hint: use `-` instead",
    ),
    (
        "branch begins with a dash",
        "worktrees:\n  auth: {branch: --force}\n",
        "orchestra.yaml:2:18: `--force` is not a branch that git accepts: it begins with `-`",
        "hint: see `git help check-ref-format`",
    ),
    (
        "branch with dots",
        "worktrees:\n  auth: {branch: a..b}\n",
        "orchestra.yaml:2:18: `a..b` is not a branch that git accepts: it holds `..`",
        "hint: see `git help check-ref-format`",
    ),
    (
        "branch is HEAD",
        "worktrees:\n  auth: {branch: HEAD}\n",
        "orchestra.yaml:2:18: `HEAD` is not a branch that git accepts: git means something else by it",
        "hint: see `git help check-ref-format`",
    ),
    (
        "same branch",
        "worktrees:\n  auth:\n  login: {branch: auth}\n",
        "orchestra.yaml:3:19: the branch `auth` is already the one of `auth` (orchestra.yaml:2:3)",
        "hint: if auth was renamed, remove it and write `was: auth` under login; else choose another `branch:`",
    ),
    (
        "branches differ in case",
        "worktrees:\n  auth: {branch: Feature}\n  ui: {branch: feature}\n",
        "orchestra.yaml:3:16: the branch `feature` differs in case only from `Feature`, the one of `auth` (orchestra.yaml:2:18)",
        "hint: give one of them another `branch:`",
    ),
    (
        "branch is a directory of another",
        "worktrees:\n  auth: {branch: feature}\n  ui: {branch: feature/ui}\n",
        "orchestra.yaml:3:16: the branches `feature/ui` and `feature` (orchestra.yaml:2:18) cannot both exist: git stores one as a file and the other needs a directory of that name",
        "hint: rename one, for example `feature-main`",
    ),
    (
        "helper's branch is taken",
        "worktrees:\n  auth: {helpers: {test: }}\n  ui: {branch: auth--test}\n",
        "orchestra.yaml:3:16: the branch `auth--test` is already the one of `auth--test` (orchestra.yaml:2:20)",
        "hint: give one of them another `branch:`",
    ),
    (
        "branch too long",
        "worktrees:\n  auth: {branch: bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb}\n",
        "orchestra.yaml:2:18: the branch of `auth`: a part of it is longer than 240 bytes",
        "hint: use shorter names",
    ),
    (
        "same path",
        "worktrees:\n  auth: {path: ../one}\n  ui: {path: ../one}\n",
        "orchestra.yaml:3:14: the path `../one` is already the one of `auth` (orchestra.yaml:2:16)",
        "hint: if auth was renamed, remove it and write `was: auth` under ui; else choose another `path:`",
    ),
    (
        "paths differ in case",
        "worktrees:\n  auth: {path: ../One}\n  ui: {path: ../one}\n",
        "orchestra.yaml:3:14: the path `../one` is one place with `../One` on some disks, the one of `auth` (orchestra.yaml:2:16)",
        "hint: put `{name}` into the path",
    ),
    (
        "path inside another",
        "worktrees:\n  auth: {path: ../wt/a}\n  ui: {path: ../wt/a/ui}\n",
        "orchestra.yaml:3:14: the path `../wt/a/ui` lies inside that of `auth` (orchestra.yaml:2:16), where git deletes it without a word",
        "hint: put them side by side",
    ),
    (
        "path inside the repository",
        "worktrees:\n  auth: {path: trees/auth}\n",
        "orchestra.yaml:2:16: the path `trees/auth` lies inside the repository's own tree, where git deletes it without a word",
        "hint: write a path beside it, for example `../{project}.wt/{name}`",
    ),
    (
        "path is the repository",
        "worktrees:\n  auth: {path: .}\n",
        "orchestra.yaml:2:16: the path `.` lies inside the repository's own tree, where git deletes it without a word",
        "hint: write a path beside it, for example `../{project}.wt/{name}`",
    ),
    (
        "path above the repository",
        "worktrees:\n  auth: {path: ..}\n",
        "orchestra.yaml:2:16: the path `..` holds the repository itself",
        "hint: write a path beside it, for example `../{project}.wt/{name}`",
    ),
    (
        "path with a tilde",
        "worktrees:\n  auth: {path: ~/trees}\n",
        "orchestra.yaml:2:16: `~/trees` is not a path for a tree: `~` is not expanded",
        "hint: write it from the root (`../trees/{name}`) or absolute",
    ),
    (
        "unknown placeholder",
        'worktrees:\n  auth: {path: "../{nmae}"}\n',
        "orchestra.yaml:2:20: `../{nmae}` is not a path for a tree: `{nmae}` is no placeholder",
        "hint: there are `{project}`, `{name}` and `{branch}`",
    ),
    (
        "path into .git",
        "worktrees:\n  auth: {path: ../other/.git/x}\n",
        "orchestra.yaml:2:16: `../other/.git/x` is not a path for a tree: `.git` is git's own",
        "hint: choose another place",
    ),
    (
        "placeholder left out",
        "defaults: {path: ../wt}\nworktrees: {auth: , ui: }\n",
        "orchestra.yaml:2:21: the path `../wt` is already the one of `auth` (orchestra.yaml:2:13)",
        "hint: put `{name}` into the path",
    ),
    (
        "branch as a whole ref",
        "worktrees:\n  auth: {branch: refs/heads/auth}\n",
        "orchestra.yaml:2:18: the branch of `auth`: it is written as a whole ref",
        "hint: write the branch alone: `auth`",
    ),
    (
        "branch that is a commit",
        "worktrees:\n  auth: {branch: a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1}\n",
        "orchestra.yaml:2:18: the branch of `auth`: git reads it as a commit",
        "hint: choose another name",
    ),
    (
        "path that no disk takes",
        f"worktrees:\n  auth: {{path: ../{'a/' * 2500}a}}\n",
        "orchestra.yaml:2:16: `../a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/…` is not a path for a tree: no file system takes a name of that length",
        "hint: choose a shorter one",
    ),
    (
        "file name that no disk takes",
        f"worktrees:\n  auth: {{files: {{{'a' * 300}: x}}}}\n",
        f"orchestra.yaml:2:18: `{'a' * 59}…` cannot be a file of a tree: no file system takes a name of that length",
        "hint: choose a shorter one",
    ),
]
