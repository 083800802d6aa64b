"""Patterns that git would silently misread. A table for `test_bad_manifests.py`."""

from __future__ import annotations

TABLE = [
    (
        "absolute pattern",
        "worktrees:\n  auth: {modify: /packages}\n",
        "orchestra.yaml:2:18: a pattern cannot be absolute",
        "hint: write it from the top of the repository: `packages`",
    ),
    (
        "pattern leads out",
        "worktrees:\n  auth: {modify: ../other/**}\n",
        "orchestra.yaml:2:18: `..` leads nowhere in a pattern",
        "hint: write it from the top of the repository",
    ),
    (
        "pattern begins with a dot",
        "worktrees:\n  auth: {modify: ./src}\n",
        "orchestra.yaml:2:18: a `.` segment matches nothing",
        "hint: write it from the top: `src`",
    ),
    (
        "braces in a pattern",
        'worktrees:\n  auth: {modify: "src/*.{ts,tsx}"}\n',
        "orchestra.yaml:2:25: `{` has no meaning in git's patterns",
        "hint: git has no braces: write one pattern for each alternative; for the character itself write `\\{`",
    ),
    (
        "negated pattern",
        'worktrees:\n  auth: {modify: "!vendor/**"}\n',
        "orchestra.yaml:2:19: `!` does not negate here",
        "hint: put `vendor/**` under `deny:`; for a name that starts with `!` write `\\!`",
    ),
    (
        "route segment",
        'worktrees:\n  auth: {modify: "apps/[slug]/**"}\n',
        "orchestra.yaml:2:24: `[slug]` is a character class: it matches one character",
        "hint: for the name itself write `apps/\\[slug\\]/**`",
    ),
    (
        "glued double star",
        "worktrees:\n  auth: {modify: src/a**}\n",
        "orchestra.yaml:2:23: `**` must be a whole segment",
        "hint: write `src/a*/**`",
    ),
    (
        "too many double stars",
        'worktrees:\n  auth: {modify: "**/a/**/b/**/c/**/d/**"}\n',
        "orchestra.yaml:2:39: more than 4 `**` in one pattern",
        "hint: git's matcher takes seconds for it; simplify it",
    ),
    (
        "class never closed",
        'worktrees:\n  auth: {modify: "src/[a-"}\n',
        "orchestra.yaml:2:23: `[` opens a character class that never ends",
        "hint: write `\\[` for the character itself",
    ),
    (
        "empty pattern",
        'worktrees:\n  auth: {modify: ""}\n',
        "orchestra.yaml:2:19: an empty pattern",
        "hint: write `**` for every path",
    ),
    (
        "double slash",
        "worktrees:\n  auth: {modify: src//a}\n",
        "orchestra.yaml:2:22: `//` matches nothing",
        "hint: write one `/`",
    ),
    (
        "windows separators",
        "worktrees:\n  auth: {modify: src\\api}\n",
        "orchestra.yaml:2:21: `\\a` is an escape for nothing",
        "hint: write `/` between directories; a backslash escapes `*?[]{}`",
    ),
    (
        "backslash at the end",
        "worktrees:\n  auth: {modify: src\\}\n",
        "orchestra.yaml:2:21: a backslash at the end escapes nothing",
        "hint: write `/` between directories",
    ),
    (
        "slash behind a wildcard",
        'worktrees:\n  auth: {modify: "src/*/"}\n',
        "orchestra.yaml:2:24: a pattern with wildcards that ends in `/` covers nothing",
        "hint: write `src/*/**`",
    ),
    (
        "git magic",
        'worktrees:\n  auth: {modify: ":(top)src"}\n',
        "orchestra.yaml:2:19: git's `:` magic is not used here",
        "hint: write the bare pattern; it is read as `:(top,glob)`; for a name write `\\:`",
    ),
    (
        "unknown module",
        "modules: {auth: packages/auth}\nworktrees:\n  auth: {modify: $auht/**}\n",
        "orchestra.yaml:3:18: unknown module `$auht`",
        "hint: did you mean `$auth`?",
    ),
    (
        "undeclared module",
        "worktrees:\n  auth: {modify: $auth/**}\n",
        "orchestra.yaml:2:18: unknown module `$auth`",
        "hint: declare it under `modules:`, or write `\\$auth` for a name",
    ),
    (
        "late module",
        "modules: {auth: packages/auth}\nworktrees:\n  auth: {modify: src/$auth}\n",
        "orchestra.yaml:3:22: the module `$auth` must come first",
        "hint: a module is a path from the top",
    ),
    (
        "module of a module",
        "modules: {a: packages/a, b: $a/b}\nworktrees: {}\n",
        "orchestra.yaml:1:29: `$a/b` is not the path of a module: a module cannot stand for another module",
        "hint: write the path itself",
    ),
    (
        "copy leads out",
        "worktrees:\n  auth: {copy: [.env, ../.env]}\n",
        "orchestra.yaml:2:23: `..` leads nowhere in a pattern",
        "hint: write it from the top of the repository",
    ),
    (
        "copy is absolute",
        "defaults: {copy: /etc/passwd}\nworktrees: {}\n",
        "orchestra.yaml:1:18: a pattern cannot be absolute",
        "hint: write it from the top of the repository: `etc/passwd`",
    ),
    (
        "copy of git's own",
        "worktrees:\n  auth: {copy: .git/config}\n",
        "orchestra.yaml:2:16: `.git` is git's own",
        "hint: leave it out; nothing there is ever committed",
    ),
    (
        "copy of a value",
        'worktrees:\n  auth: {copy: "{env:TOKEN}"}\n',
        "orchestra.yaml:2:17: `{env:…}` cannot stand in a pattern",
        "hint: write the path itself",
    ),
    (
        "copy that is no text",
        "worktrees:\n  auth: {copy: [.env, {a: b}]}\n",
        "orchestra.yaml:2:23: an entry of `copy` must be text, not a mapping",
        'hint: a `: ` makes a mapping in YAML; quote the text: `"a: b"`',
    ),
    (
        "copy into a desk",
        "worktrees:\n  auth: {helpers: {test: {workspace: desk, copy: .env}}}\n",
        "orchestra.yaml:2:44: a desk has no tree to copy into",
        "hint: remove one of them",
    ),
]
