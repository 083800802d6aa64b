"""Keys and values of the wrong name, type or range. A table for `test_bad_manifests.py`."""

# ruff: noqa: E501 - texts are compared as they are

from __future__ import annotations

TABLE = [
    (
        "unknown key",
        "worktrees:\n  auth: {brnach: x}\n",
        "orchestra.yaml:2:10: unknown key `brnach`",
        "hint: did you mean `branch`?",
    ),
    (
        "unknown key at the top",
        "worktree: {}\n",
        "orchestra.yaml:1:1: unknown key `worktree`",
        "hint: did you mean `worktrees`?",
    ),
    (
        "key of another kind",
        "worktrees:\n  auth: {timeout: 1h}\n",
        "orchestra.yaml:2:10: unknown key `timeout`",
        "hint: known here: deny, read, shared, checkout, submodules, copy, ports, env_file, links, scratch, protect, max_helpers, done_when, dependencies, task, modify, needs, files, helpers, owner, branch, base, path, was, containers",
    ),
    (
        "helper key on a worktree",
        "worktrees:\n  auth: {template: test}\n",
        "orchestra.yaml:2:10: unknown key `template`",
        "hint: `template` is for helpers",
    ),
    (
        "worktree key on a helper",
        "worktrees:\n  auth: {helpers: {test: {base: main}}}\n",
        "orchestra.yaml:2:27: unknown key `base`",
        "hint: `base` is for worktrees",
    ),
    (
        "worktree key on a helper that is like one of a helper's",
        "worktrees:\n  auth: {helpers: {test: {branch: x}}}\n",
        "orchestra.yaml:2:27: unknown key `branch`",
        "hint: `branch` is for worktrees",
    ),
    (
        "wrong version",
        "version: 2\nworktrees: {}\n",
        "orchestra.yaml:1:10: `version` must be 1",
        "hint: write `version: 1`, or leave it out; another version needs another orchestra",
    ),
    (
        "version as text",
        'version: "1"\nworktrees: {}\n',
        "orchestra.yaml:1:10: `version` must be 1",
        "hint: write `version: 1`, or leave it out; another version needs another orchestra",
    ),
    (
        "key without a value",
        "worktrees:\n  auth:\n    task:\n",
        "orchestra.yaml:3:5: `task` has no value",
        "hint: write one after the colon, or remove the key",
    ),
    (
        "modify without a value",
        "worktrees:\n  auth:\n    modify:\n",
        "orchestra.yaml:3:5: `modify` has no value",
        "hint: write one after the colon, or remove the key",
    ),
    (
        "modify is empty",
        "worktrees:\n  auth: {modify: []}\n",
        "orchestra.yaml:2:18: `modify` is empty, which would allow nothing",
        "hint: leave the key out for no boundary, or list what may be changed",
    ),
    (
        "number for a task",
        "worktrees:\n  auth: {task: 42}\n",
        "orchestra.yaml:2:16: `task` must be text, not a number",
        'hint: quote it: `"42"`',
    ),
    (
        "number in a list",
        "worktrees:\n  auth: {modify: [1]}\n",
        "orchestra.yaml:2:19: an entry of `modify` must be text, not a number",
        'hint: quote it: `"1"`',
    ),
    (
        "mapping for a task",
        "worktrees:\n  auth: {task: {env:TOKEN}}\n",
        "orchestra.yaml:2:16: `task` must be text, not a mapping",
        'hint: braces make a mapping in YAML; quote the text: `"{env:TOKEN}"`',
    ),
    (
        "list for a worktree",
        "worktrees:\n  auth: [a]\n",
        "orchestra.yaml:2:9: `auth` must be a mapping, not a list",
        "hint: indent `key: value` lines below it",
    ),
    (
        "text for a worktree",
        "worktrees:\n  auth: packages/auth\n",
        "orchestra.yaml:2:9: `auth` must be a mapping, not text",
        "hint: indent `key: value` lines below it",
    ),
    (
        "mapping for modify",
        "worktrees:\n  auth: {modify: {a: b}}\n",
        "orchestra.yaml:2:18: `modify` must be a list or text, not a mapping",
        "hint: write `modify: [...]`",
    ),
    (
        "yes for true",
        "worktrees:\n  auth: {submodules: yes}\n",
        "orchestra.yaml:2:22: `submodules` must be `true` or `false`",
        "hint: YAML 1.2 reads it as text; write `true`",
    ),
    (
        "text for a number",
        'worktrees:\n  auth: {max_helpers: "3"}\n',
        "orchestra.yaml:2:23: `max_helpers` must be a whole number in plain digits",
        "hint: for example `3`, without quotes",
    ),
    (
        "octal number",
        "worktrees:\n  auth: {max_helpers: 010}\n",
        "orchestra.yaml:2:23: `max_helpers` must be a whole number in plain digits",
        "hint: for example `3`, without quotes",
    ),
    (
        "negative number",
        "worktrees:\n  auth: {max_helpers: -1}\n",
        "orchestra.yaml:2:23: `max_helpers` must be 0 or more",
        "hint: leave it out for no limit",
    ),
    (
        "unknown checkout",
        "worktrees:\n  auth: {checkout: spars}\n",
        "orchestra.yaml:2:20: `checkout` must be `full` or `sparse`",
        "hint: did you mean `sparse`?",
    ),
    (
        "unknown workspace",
        "worktrees:\n  auth: {helpers: {test: {workspace: dsk}}}\n",
        "orchestra.yaml:2:38: `workspace` must be `tree` or `desk`",
        "hint: did you mean `desk`?",
    ),
    (
        "port that names no variable",
        "worktrees:\n  auth: {ports: [web, 3000]}\n",
        "orchestra.yaml:2:23: an entry of `ports` must be text, not a number",
        'hint: quote it: `"3000"`',
    ),
    (
        "range as a number",
        "port_range: 20000\nworktrees: {}\n",
        "orchestra.yaml:1:13: `port_range` must be text, not a number",
        'hint: quote it: `"20000"`',
    ),
    (
        "key of another name in check",
        "check: {goverend: x}\n",
        "orchestra.yaml:1:9: unknown key `goverend`",
        "hint: did you mean `governed`?",
    ),
    (
        "check as a list",
        "check: [agent/**]\n",
        "orchestra.yaml:1:8: `check` must be a mapping, not a list",
        "hint: indent `key: value` lines below it",
    ),
    (
        "governed number",
        "check: {governed: [a, 1]}\n",
        "orchestra.yaml:1:23: an entry of `governed` must be text, not a number",
        'hint: quote it: `"1"`',
    ),
]
