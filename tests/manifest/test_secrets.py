"""The values of `{env:NAME}`: they reach files and nothing that is shown."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from reconciler.cli.program import run
from reconciler.manifest.expand import expand
from tests.cli.support import Streams
from tests.support.manifests import SECRET, load_text
from tests.support.world import World

COMMANDS = (["plan"], ["plan", "--full"], ["plan", "--json"], ["graph"], ["graph", "--json"], ["validate", "--json"])
HEAD = "env: [TOK]\n"
WORKTREES = """\
auth:
  task: use {env:TOK}
  modify: app/auth/**
  done_when: 'make {env:TOK}'
  files: {notes: 'say {env:TOK}', plain: other}
  helpers: {test: {variables: {key: '{env:TOK}'}, task: 'try {env:TOK}'}}
"""


def shown(world: World, value: str) -> list[str]:
    """Run all commands that only show, with a value in the environment."""
    said = []
    for words in COMMANDS:
        streams = Streams(environment={**os.environ, "TOK": value}, cwd=world.project.path)
        assert run(words, streams.around) == 0
        lines = (streams.out + streams.err).splitlines()
        said.append("\n".join(line for line in lines if '"created":' not in line))
    return said


@pytest.mark.parametrize(
    "value", ["other", "create", "auth", "workspace", "action", "no-op", "content", "1", "hunter-2"]
)
def test_what_is_shown_does_not_depend_on_a_value(tmp_path: Path, value: str) -> None:
    """Neither the value nor what stands in its place gives it away, be it a word of ours or a name in the manifest."""
    world = World.make(tmp_path)
    world.declare(WORKTREES, head=HEAD)

    assert shown(world, value) == shown(world, "w5Hq-0Zk9")


def test_a_value_reaches_the_files_it_is_written_for() -> None:
    """Declarations keep the text as it is written; contracts and declared files hold the value."""
    manifest = load_text(
        "env: [TOKEN]\nworktrees:\n  a:\n    task: use {env:TOKEN}\n    done_when: 'x {env:TOKEN}'\n"
        "    files: {n.md: 'a {env:TOKEN}', m.md: no}\n"
        "    helpers: {t: {variables: {key: '{env:TOKEN}'}}}\n"
    )
    resources = expand(manifest, read=lambda _: None, real_path=lambda path: path)
    told = {each.address.name: each.spec for each in resources if each.address.kind == "file"}

    assert SECRET not in str(manifest.declarations)
    assert {name for name, spec in told.items() if SECRET.encode() in (spec.content or b"")} == {
        *("a/SESSION.md", "a/AGENTS.override.md", "a/n.md"),
    }
    assert {name for name, spec in told.items() if spec.secret} == {"a/SESSION.md", "a/AGENTS.override.md", "a/n.md"}


def test_a_template_is_given_values() -> None:
    """Of variables and of the task."""
    manifest = load_text(
        "env: [TOKEN]\nworktrees:\n  a:\n    files: {m.md: {template: x.md}}\n    task: use {env:TOKEN}\n"
        "    helpers: {t: {template: mine, variables: {key: 'k{env:TOKEN}'}}}\n"
    )
    texts = {"x.md": b"{{task}}", "agents/templates/mine-agent.md": b"It is {{key}}."}
    resources = expand(manifest, read=texts.get, real_path=lambda path: path)
    told = {each.address.name: each.spec for each in resources if each.address.kind == "file"}

    assert told["a/m.md"].content == f"use {SECRET}".encode()
    assert told["a/.sub-agents/t/CONTRACT.md"].content.startswith(f"It is k{SECRET}.".encode())
    assert told["a/m.md"].secret
    assert told["a/.sub-agents/t/CONTRACT.md"].secret


@pytest.mark.parametrize("value", ["auth-77x", "shop"])
def test_what_the_manifest_spells_out_is_no_secret(value: str) -> None:
    """To hide a name where it stands would tell that it is the value."""
    text = "env: [TOKEN]\nworktrees: {auth-77x: {task: 'use {env:TOKEN}'}}\n"

    assert load_text(text, environment={"TOKEN": value}).secrets == {}
    assert load_text(text).secrets == {"TOKEN": SECRET}
