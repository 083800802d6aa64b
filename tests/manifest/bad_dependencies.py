"""What `dependencies` can say wrong. A table for `test_bad_manifests.py`."""

from __future__ import annotations

TABLE = [
    (
        "unknown provider",
        "worktrees:\n  auth: {dependencies: [pnmp]}\n",
        "orchestra.yaml:2:25: unknown provider `pnmp`",
        "hint: did you mean `pnpm`?",
    ),
    (
        "unknown provider that is near from behind",
        "worktrees:\n  auth: {dependencies: [pmpm]}\n",
        "orchestra.yaml:2:25: unknown provider `pmpm`",
        "hint: did you mean `pnpm`?",
    ),
    (
        "unknown provider as text",
        "worktrees:\n  auth: {dependencies: atuo}\n",
        "orchestra.yaml:2:24: unknown provider `atuo`",
        "hint: did you mean `auto`?",
    ),
    (
        "unknown provider with options",
        "worktrees:\n  auth: {dependencies: [{poetri: {group: test}}]}\n",
        "orchestra.yaml:2:26: unknown key `poetri`",
        "hint: did you mean `poetry`?",
    ),
    (
        "unknown option of a provider",
        "worktrees:\n  auth: {dependencies: [{uv: {projekt: a}}]}\n",
        "orchestra.yaml:2:31: unknown key `projekt`",
        "hint: did you mean `project`?",
    ),
    (
        "a filter that is an option",
        "worktrees:\n  auth: {dependencies: [{npm: {filter: --a}}]}\n",
        "orchestra.yaml:2:40: `--a` is not taken here: it begins with `-`, so the program would take it for an option",
        "hint: write the name alone",
    ),
    (
        "a group that is an option",
        "worktrees:\n  auth: {dependencies: [{uv: {group: [test, -v]}}]}\n",
        "orchestra.yaml:2:45: `-v` is not taken here: it begins with `-`, so the program would take it for an option",
        "hint: write the name alone",
    ),
    (
        "requirements outside",
        "worktrees:\n  auth: {dependencies: [{pip: {project: py, requirements: [../a.txt, ../../b.txt]}}]}\n",
        "orchestra.yaml:2:70: `../../b.txt` leads out of the repository",
        "hint: name a file inside of it",
    ),
    (
        "absolute requirements",
        "worktrees:\n  auth: {dependencies: [{pip: {requirements: /etc/b.txt}}]}\n",
        "orchestra.yaml:2:46: `/etc/b.txt` leads out of the repository",
        "hint: name a file inside of it",
    ),
    (
        "an option of another provider",
        "worktrees:\n  auth: {dependencies: [{uv: {filter: a}}]}\n",
        "orchestra.yaml:2:31: unknown key `filter`",
        "hint: known here: project, timeout, group, link",
    ),
    (
        "two owners of one directory",
        "worktrees:\n  auth:\n    dependencies:\n      - npm\n      - pnpm: {link: copy}\n",
        "orchestra.yaml:5:9: `pnpm` and `npm` (orchestra.yaml:4:9) both own `node_modules`",
        "hint: keep one of them, or give them different projects",
    ),
    (
        "two owners of one directory further down",
        "worktrees:\n  auth: {dependencies: [{uv: {project: a}}, {pip: {project: a}}]}\n",
        "orchestra.yaml:2:45: `pip` and `uv` (orchestra.yaml:2:25) both own `a/.venv`",
        "hint: keep one of them, or give them different projects",
    ),
    (
        "one provider twice",
        "worktrees:\n  auth: {dependencies: [go, go]}\n",
        "orchestra.yaml:2:29: `go` is there twice (orchestra.yaml:2:25)",
        "hint: keep one of them, or give them different projects",
    ),
    (
        "two in one entry",
        "worktrees:\n  auth: {dependencies: [{npm: {}, run: make}]}\n",
        "orchestra.yaml:2:25: `npm` and `run` stand in one entry",
        "hint: give each a `-` of its own",
    ),
    (
        "none in an entry",
        "worktrees:\n  auth: {dependencies: [{inputs: [a]}]}\n",
        "orchestra.yaml:2:25: an entry without a provider",
        "hint: name one, or write `run:`",
    ),
    (
        "inputs of a provider",
        "worktrees:\n  auth: {dependencies: [{npm: {}, inputs: [a]}]}\n",
        "orchestra.yaml:2:35: `inputs` is for `run`",
        "hint: remove it",
    ),
    (
        "run without a command",
        "worktrees:\n  auth: {dependencies: [run]}\n",
        "orchestra.yaml:2:25: unknown provider `run`",
        "hint: write `run: COMMAND`",
    ),
    (
        "a time that is none",
        "worktrees:\n  auth: {dependencies: [{run: make, timeout: 5 minutes}]}\n",
        "orchestra.yaml:2:46: `5 minutes` is not a length of time: it is no length of time",
        "hint: write for example `90s`, `5m` or `1h`",
    ),
    (
        "a time without a unit",
        "worktrees:\n  auth: {dependencies: [{run: make, timeout: 5}]}\n",
        "orchestra.yaml:2:46: `5` is not a length of time: it has no unit",
        "hint: write `5s`, `5m` or `5h`",
    ),
    (
        "a time in quotes without a unit",
        "worktrees:\n  auth: {dependencies: [{pnpm: {timeout: '90'}}]}\n",
        "orchestra.yaml:2:43: `90` is not a length of time: it has no unit",
        "hint: write `90s`, `90m` or `90h`",
    ),
    (
        "a time that is a truth",
        "worktrees:\n  auth: {dependencies: [{pnpm: {timeout: true}}]}\n",
        "orchestra.yaml:2:42: `true` is not a length of time: it is no length of time",
        "hint: write for example `90s`, `5m` or `1h`",
    ),
    (
        "an unknown provider in a mapping",
        "worktrees:\n  auth: {dependencies: {pnpn: {filter: web}}}\n",
        "orchestra.yaml:2:25: unknown key `pnpn`",
        "hint: did you mean `pnpm`?",
    ),
    (
        "two providers in a mapping",
        "worktrees:\n  auth: {dependencies: {pnpm: {}, uv: {}}}\n",
        "orchestra.yaml:2:24: `pnpm` and `uv` stand in one entry",
        "hint: give each a `-` of its own",
    ),
    (
        "a project outside",
        "worktrees:\n  auth: {dependencies: [{npm: {project: ../other}}]}\n",
        "orchestra.yaml:2:41: `../other` is not a path inside the repository: it leads out with `..`",
        "hint: write a path inside the repository",
    ),
    (
        "a variable that is not listed",
        "worktrees:\n  auth: {dependencies: [{run: make, env: {KEY: '{env:NOT_LISTED}'}}]}\n",
        "orchestra.yaml:2:49: `{env:NOT_LISTED}` is not listed in `env`",
        "hint: add it to `env:` at the top: `env: [NOT_LISTED]`",
    ),
    (
        "a variable that no shell can set",
        "worktrees:\n  auth: {dependencies: [{run: make, env: {MY-KEY: a}}]}\n",
        "orchestra.yaml:2:43: `MY-KEY` is not the name of an environment variable: no shell can set it",
        "hint: begin with a letter; then letters, digits and `_`",
    ),
    (
        "a worktree that inherits",
        "worktrees:\n  auth: {dependencies: inherit}\n",
        "orchestra.yaml:2:24: there is no parent to inherit from",
        "hint: write `auto`, or a list",
    ),
    (
        "a desk that installs",
        "worktrees:\n  auth: {helpers: {t: {workspace: desk, dependencies: [npm]}}}\n",
        "orchestra.yaml:2:41: a desk has no tree that something could be installed in",
        "hint: remove the key",
    ),
]
