"""Areas that do not fit together. A table for `test_bad_manifests.py`."""

# ruff: noqa: E501 - texts are compared as they are

from __future__ import annotations

_APART = "hint: let one of them need the other, put the path under `shared:` of both, or narrow one area"
_STARS = "/".join("*" * 20)

TABLE = [
    (
        "a helper leaves its parent's area",
        "worktrees:\n  auth:\n    modify: packages/auth\n    helpers:\n      docs: {modify: [packages/auth/docs, docs]}\n",
        "orchestra.yaml:5:43: `docs` is not in the area of `auth`",
        "hint: narrow it, or widen `modify` of `auth`",
    ),
    (
        "a module leads out",
        "modules: {ui: packages/ui}\nworktrees:\n  auth: {modify: packages/auth, helpers: {test: {modify: $ui/**}}}\n",
        "orchestra.yaml:3:58: `packages/ui/**` allows `packages/ui/x`, which is not in the area of `auth`",
        "hint: narrow it, or widen `modify` of `auth`",
    ),
    (
        "a wildcard leads out",
        "worktrees:\n  a: {modify: src/*.py, helpers: {h: {modify: 'src/*'}}}\n",
        "orchestra.yaml:2:47: `src/*` allows `src/x`, which is not in the area of `a`",
        "hint: narrow it, or widen `modify` of `a`",
    ),
    (
        "a helper's helper leads out",
        "worktrees:\n  a: {helpers: {h: {modify: src, helpers: {i: {modify: lib}}}}}\n",
        "orchestra.yaml:2:56: `lib` is not in the area of `a--h`",
        "hint: narrow it, or widen `modify` of `a--h`",
    ),
    (
        "a helper of one without an area leads out of the area above",
        "worktrees:\n  a: {modify: src, helpers: {h: {helpers: {i: {modify: lib}}}}}\n",
        "orchestra.yaml:2:56: `lib` is not in the area of `a--h`",
        "hint: narrow it, or widen `modify` of `a--h`",
    ),
    (
        "a path for one file",
        "worktrees:\n  a: {modify: 'docs/*.md', helpers: {h: {modify: docs/index.md}}}\n",
        "orchestra.yaml:2:50: `docs/index.md` allows `docs/index.md/x`, which is not in the area of `a`",
        "hint: a path covers all below it too; for the file alone write `docs/index\\.md`",
    ),
    (
        "the top of a tree",
        "worktrees:\n  a: {modify: src/**, helpers: {h: {modify: src}}}\n",
        "orchestra.yaml:2:45: `src` is not in the area of `a`",
        "hint: for what is below it write `src/**`",
    ),
    (
        "the top of a tree, with a slash",
        "worktrees:\n  a: {modify: src/**, helpers: {h: {modify: src/}}}\n",
        "orchestra.yaml:2:45: `src/` allows `src`, which is not in the area of `a`",
        "hint: for what is below it write `src/**`",
    ),
    (
        "what the parent must not change",
        "worktrees:\n  a: {modify: src, deny: [src/vendor], helpers: {h: {modify: src/**}}}\n",
        "orchestra.yaml:2:62: `src/**` allows `src/vendor`, which `src/vendor` denies `a` (orchestra.yaml:2:27)",
        "hint: put `src/vendor` under `deny:` of `a--h` too, or narrow the pattern",
    ),
    (
        "shared below and not above",
        "worktrees:\n  a: {modify: src, helpers: {h: {modify: src/h, shared: [pnpm-lock.yaml]}}}\n",
        "orchestra.yaml:2:58: `pnpm-lock.yaml` is not in the area of `a`",
        "hint: put it under `shared:` of `a` too, or say here what is shared",
    ),
    (
        "siblings overlap",
        "worktrees:\n  a:\n    helpers:\n      x: {modify: src/**}\n      y: {modify: '**/*.py'}\n",
        "orchestra.yaml:5:19: the areas of `a--y` and `a--x` overlap: `src/.py` is in `**/*.py` and in `src/**` (orchestra.yaml:4:19)",
        _APART,
    ),
    (
        "siblings overlap in one path",
        "worktrees:\n  a:\n    helpers:\n      x: {modify: src/*}\n      y: {modify: src/lib}\n",
        "orchestra.yaml:5:19: the areas of `a--y` and `a--x` overlap: `src/lib` is in `src/lib` and in `src/*` (orchestra.yaml:4:19)",
        "hint: for what is below it write `src/lib/**`",
    ),
    (
        "only one of them shares it",
        "worktrees:\n  a:\n    helpers:\n      x: {modify: src, shared: CHANGES}\n      y: {modify: [lib, CHANGES]}\n",
        "orchestra.yaml:5:25: the areas of `a--y` and `a--x` overlap: `CHANGES` is in `CHANGES` and in `CHANGES` (orchestra.yaml:4:32)",
        _APART,
    ),
    (
        "a witness that is no text",
        "worktrees:\n  a:\n    deny: ['[[:print:]]', '[[:cntrl:]]']\n    helpers:\n      x: {modify: '?', deny: ['[[:print:]]', '[[:cntrl:]]']}\n      y: {modify: '*', deny: ['[[:print:]]', '[[:cntrl:]]']}\n",
        'orchestra.yaml:6:19: the areas of `a--y` and `a--x` overlap: `"\\200"` is in `*` and in `?` (orchestra.yaml:5:19)',
        _APART,
    ),
    (
        "deny swallows everything",
        "worktrees:\n  a: {modify: [src/api, 'src/*.py'], deny: [src]}\n",
        "orchestra.yaml:2:45: `deny` takes out all that `a` may modify",
        "hint: narrow `deny`",
    ),
    (
        "deny swallows a tree without an area",
        "worktrees:\n  a: {deny: ['*', '*/**']}\n",
        "orchestra.yaml:2:19: `deny` takes out all that `a` may modify",
        "hint: narrow `deny`",
    ),
    (
        "the common deny swallows everything",
        "defaults: {deny: vendor}\nworktrees:\n  a: {modify: vendor/lib}\n",
        "orchestra.yaml:1:18: `deny` takes out all that `a` may modify",
        "hint: narrow `deny`",
    ),
    (
        "too costly to compare",
        f"worktrees:\n  a:\n    helpers:\n      x: {{modify: '**/a/{_STARS}'}}\n      y: {{modify: '**/b/{_STARS}'}}\n",
        f"orchestra.yaml:4:19: `**/a/{_STARS}` is too costly to compare",
        "hint: write it with fewer wildcards, or more exactly",
    ),
]
