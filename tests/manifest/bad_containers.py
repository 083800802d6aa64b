"""What `containers` can say wrong. A table for `test_bad_manifests.py`."""

from __future__ import annotations

TABLE = [
    (
        "neither file nor services",
        "worktrees:\n  auth: {containers: {pull: never}}\n",
        "orchestra.yaml:2:10: `containers` needs either `compose` or `services`",
        "hint: `compose: docker-compose.yml` names a file of the repository",
    ),
    (
        "file and services",
        "worktrees:\n  auth: {containers: {compose: a.yml, services: {a: {image: b}}}}\n",
        "orchestra.yaml:2:10: `containers` has both `compose` and `services`",
        "hint: `compose: docker-compose.yml` names a file of the repository",
    ),
    (
        "containers without a value",
        "worktrees:\n  auth:\n    containers:\n",
        "orchestra.yaml:3:5: `containers` has no value",
        "hint: write one after the colon, or remove the key",
    ),
    (
        "unknown key of containers",
        "worktrees:\n  auth: {containers: {compsoe: a.yml}}\n",
        "orchestra.yaml:2:23: unknown key `compsoe`",
        "hint: did you mean `compose`?",
    ),
    (
        "unknown key of containers in defaults",
        "defaults: {containers: {compose: a.yml, enviroment: x}}\nworktrees: {auth: }\n",
        "orchestra.yaml:1:41: unknown key `enviroment`",
        "hint: known here: compose, services, env_file, profiles, pull, timeout, volumes, engine, context, host",
    ),
    (
        "a file outside of the repository",
        "worktrees:\n  auth: {containers: {compose: ../a.yml}}\n",
        "orchestra.yaml:2:32: `../a.yml` is not a path inside the repository: it leads out with `..`",
        "hint: write a path inside the repository",
    ),
    (
        "an absolute file",
        "worktrees:\n  auth: {containers: {compose: /etc/a.yml}}\n",
        "orchestra.yaml:2:32: `/etc/a.yml` is not a path inside the repository: it is absolute",
        "hint: write a path inside the repository",
    ),
    (
        "unknown policy",
        "worktrees:\n  auth: {containers: {compose: a.yml, volumes: {data: loose}}}\n",
        "orchestra.yaml:2:55: `data` must be `remove`, `keep` or `archive`",
        "hint: leave it out for the default",
    ),
    (
        "an engine that there is not",
        "worktrees:\n  auth: {containers: {compose: a.yml, engine: podman}}\n",
        "orchestra.yaml:2:47: `engine` must be `docker` or `swarm`",
        "hint: leave it out for the default",
    ),
    (
        "two engines",
        "worktrees:\n  auth: {containers: {compose: a.yml, context: far, host: 'ssh://far'}}\n",
        "orchestra.yaml:2:53: `host` and `context` both say which engine is meant",
        "hint: remove one of them",
    ),
    (
        "an engine that reads as an option",
        "worktrees:\n  auth: {containers: {compose: a.yml, context: --host=evil}}\n",
        "orchestra.yaml:2:48: `--host=evil` is not a name or an address: it holds what neither of them has",
        "hint: write letters, digits and `_.:/@-`",
    ),
    (
        "containers of a helper",
        "worktrees:\n  auth: {helpers: {test: {containers: {compose: a.yml}}}}\n",
        "orchestra.yaml:2:27: unknown key `containers`",
        "hint: `containers` is for worktrees",
    ),
    (
        "two files that tell",
        "worktrees:\n  auth: {env_file: a.env, containers: {compose: a.yml, env_file: b.env}}\n",
        "orchestra.yaml:2:56: `env_file` is `a.env` already",
        "hint: keep one of them",
    ),
]
