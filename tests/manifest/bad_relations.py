"""What declarations say of each other, of files and of the environment. A table for `test_bad_manifests.py`."""

# ruff: noqa: E501 - texts are compared as they are

from __future__ import annotations

TABLE = [
    (
        "needs nobody",
        "worktrees:\n  auth: {helpers: {test: {needs: [migraton]}, migration: }}\n",
        "orchestra.yaml:2:35: `test` needs `migraton`, which is not declared beside it",
        "hint: did you mean `migration`?",
    ),
    (
        "needs itself",
        "worktrees:\n  auth: {helpers: {test: {needs: test}}}\n",
        "orchestra.yaml:2:34: `test` needs itself",
        "hint: remove it",
    ),
    (
        "cycle",
        "worktrees:\n  auth:\n    helpers:\n      a: {needs: [b]}\n      b: {needs: [c]}\n      c: {needs: [a]}\n",
        "orchestra.yaml:4:19: a circle of `needs`: `a` needs `b` (orchestra.yaml:4:19), `b` needs `c` (orchestra.yaml:5:19), `c` needs `a` (orchestra.yaml:6:19)",
        "hint: remove one of them",
    ),
    (
        "cycle of worktrees",
        "worktrees:\n  a: {needs: b}\n  b: {needs: a}\n",
        "orchestra.yaml:2:14: a circle of `needs`: `a` needs `b` (orchestra.yaml:2:14), `b` needs `a` (orchestra.yaml:3:14)",
        "hint: remove one of them",
    ),
    (
        "base is itself",
        "worktrees:\n  a: {branch: x, base: x}\n",
        "orchestra.yaml:2:24: `base: x` is its own branch",
        "hint: name a branch that is there before it, or leave `base` out",
    ),
    (
        "base is its own helper",
        "worktrees:\n  a: {base: a--h, helpers: {h: {eager: true}}}\n",
        "orchestra.yaml:2:13: `base: a--h` starts from this worktree itself",
        "hint: name a branch that is there before it, or leave `base` out",
    ),
    (
        "circle of bases",
        "worktrees:\n  a: {base: c}\n  b: {branch: bb, base: a}\n  c: {base: bb}\n",
        "orchestra.yaml:2:13: a circle of `base`: `a` starts from `c` (orchestra.yaml:2:13), `c` starts from `b` (orchestra.yaml:4:13), `b` starts from `a` (orchestra.yaml:3:25)",
        "hint: remove one of them",
    ),
    (
        "circle of a base and a need, through a helper",
        "worktrees:\n  a: {needs: b, helpers: {h: {eager: true}}}\n  b: {base: a--h}\n",
        "orchestra.yaml:2:14: a circle of `needs` and `base`: `a` needs `b` (orchestra.yaml:2:14), `b` starts from `a--h` (orchestra.yaml:3:13)",
        "hint: remove one of them",
    ),
    (
        "circle through the default base",
        "defaults: {base: b}\nworktrees:\n  a:\n  b: {base: a}\n",
        "orchestra.yaml:1:18: a circle of `base`: `a` starts from `b` (orchestra.yaml:1:18), `b` starts from `a` (orchestra.yaml:4:13)",
        "hint: remove one of them",
    ),
    (
        "fourth level",
        "worktrees:\n  auth: {helpers: {a: {helpers: {b: {helpers: {c: }}}}}}\n",
        "orchestra.yaml:2:38: helpers on level 4",
        "hint: a worktree is level 1, its helper 2, a helper's helper 3; move these up",
    ),
    (
        "too many helpers",
        "worktrees:\n  auth: {max_helpers: 1, helpers: {a: , b: }}\n",
        "orchestra.yaml:2:10: `max_helpers` is 1, but 2 helpers are declared",
        "hint: raise `max_helpers` to 2 here",
    ),
    (
        "more than the default",
        "defaults: {max_helpers: 0}\nworktrees:\n  auth: {helpers: {a: }}\n",
        "orchestra.yaml:3:10: `max_helpers` is 0, but 1 helper is declared",
        "hint: raise `max_helpers` to 1 here",
    ),
    (
        "eager desk",
        "worktrees:\n  auth: {helpers: {a: {workspace: desk, eager: true}}}\n",
        "orchestra.yaml:2:41: a desk has no tree that could be eager",
        "hint: remove one of them",
    ),
    (
        "was is declared",
        "worktrees:\n  login: {was: auth}\n  auth: {branch: x}\n",
        "orchestra.yaml:2:16: `was: auth` names a worktree that is declared (orchestra.yaml:3:3)",
        "hint: remove `auth`, or this line",
    ),
    (
        "was is its own name",
        "worktrees:\n  auth: {was: auth}\n",
        "orchestra.yaml:2:15: `was: auth` is its own name",
        "hint: remove the line",
    ),
    (
        "two were one",
        "worktrees:\n  a: {was: x}\n  b: {was: x}\n",
        "orchestra.yaml:3:12: two worktrees were `x`: `a` and this one",
        "hint: keep one `was:`",
    ),
    (
        "file leads out",
        "worktrees:\n  auth: {files: {../x: y}}\n",
        "orchestra.yaml:2:18: `../x` cannot be a file of a tree: it leads out with `..`",
        "hint: write a path inside the repository",
    ),
    (
        "absolute file",
        "worktrees:\n  auth: {files: {/etc/passwd: y}}\n",
        "orchestra.yaml:2:18: `/etc/passwd` cannot be a file of a tree: it is absolute",
        "hint: write a path inside the repository",
    ),
    (
        "file in .git",
        "worktrees:\n  auth: {files: {.git/hooks/pre-commit: y}}\n",
        "orchestra.yaml:2:18: `.git/hooks/pre-commit` cannot be a file of a tree: `.git` is git's own",
        "hint: choose another place",
    ),
    (
        "file of ours",
        "worktrees:\n  auth: {files: {CONTRACT.md: y}}\n",
        "orchestra.yaml:2:18: `CONTRACT.md` cannot be a file of a tree: orchestra writes this file itself",
        "hint: for a contract of your own see `agents/contracts/`",
    ),
    (
        "file on a desk",
        "worktrees:\n  auth: {files: {.sub-agents/x: y}}\n",
        "orchestra.yaml:2:18: `.sub-agents/x` cannot be a file of a tree: `.sub-agents/` belongs to orchestra",
        "hint: choose another directory",
    ),
    (
        "file with two sources",
        "worktrees:\n  auth: {files: {a: {content: x, template: y}}}\n",
        "orchestra.yaml:2:18: `a` needs either `content` or `template`",
        "hint: give it one of them",
    ),
    (
        "file without a source",
        "worktrees:\n  auth: {files: {a: {}}}\n",
        "orchestra.yaml:2:18: `a` needs either `content` or `template`",
        "hint: give it one of them",
    ),
    (
        "files in each other's way",
        "worktrees:\n  auth: {files: {a: x, a/b: y}}\n",
        "orchestra.yaml:2:24: `a/b` and `a` (orchestra.yaml:2:18) cannot both exist",
        "hint: rename one of them",
    ),
    (
        "template leads out",
        "worktrees:\n  auth: {files: {a: {template: ../../x}}}\n",
        "orchestra.yaml:2:32: `../../x` is not a path inside the repository: it leads out with `..`",
        "hint: write a path inside the repository",
    ),
    (
        "variable not listed",
        'worktrees:\n  auth: {task: "use {env:TOKEN}"}\n',
        "orchestra.yaml:2:21: `{env:TOKEN}` is not listed in `env`",
        "hint: add it to `env:` at the top: `env: [TOKEN]`",
    ),
    (
        "variable not set",
        'env: [UNSET]\nworktrees:\n  auth: {task: "use {env:UNSET}"}\n',
        "orchestra.yaml:3:21: the environment variable `UNSET` is not set",
        "hint: set it before the command: `export UNSET=…`",
    ),
    (
        "variable in a branch",
        'env: [TOKEN]\nworktrees:\n  auth: {branch: "x/{env:TOKEN}"}\n',
        "orchestra.yaml:3:19: `{env:…}` cannot stand in a branch",
        "hint: it is read in `task`, `variables`, `done_when` and the text of `files`",
    ),
    (
        "variable in a path",
        'env: [TOKEN]\nworktrees:\n  auth: {path: "{env:TOKEN}/x"}\n',
        "orchestra.yaml:3:17: `{env:…}` cannot stand in a path for a tree",
        "hint: it is read in `task`, `variables`, `done_when` and the text of `files`",
    ),
    (
        "variable in a pattern",
        'env: [TOKEN]\nworktrees:\n  auth: {modify: "{env:TOKEN}/**"}\n',
        "orchestra.yaml:3:19: `{env:…}` cannot stand in a pattern",
        "hint: write the path itself",
    ),
    (
        "include leads out",
        "include: [../x.yaml]\nworktrees: {}\n",
        "orchestra.yaml:1:11: `../x.yaml` cannot be included: it leads out with `..`",
        "hint: write a path inside the repository",
    ),
    (
        "absolute include",
        "include: [/etc/x.yaml]\nworktrees: {}\n",
        "orchestra.yaml:1:11: `/etc/x.yaml` cannot be included: it is absolute",
        "hint: write a path inside the repository",
    ),
    (
        "include is missing",
        "include: [orchestra.d/a.yaml]\nworktrees: {}\n",
        "orchestra.yaml:1:11: there is no `orchestra.d/a.yaml` to include",
        "hint: write the path from the root of the repository",
    ),
    (
        "include of itself",
        "include: ['*.yaml']\nworktrees: {}\n",
        "orchestra.yaml:1:11: `orchestra.yaml` would include itself",
        "hint: choose a narrower pattern",
    ),
]
