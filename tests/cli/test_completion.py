from __future__ import annotations

import argparse
import contextlib
import os
import pty
import shutil
import subprocess
import sys

import pytest

from reconciler.cli import archive, completion
from reconciler.cli.arguments import NAME, add_selection
from reconciler.cli.commands import SUMMARIES
from reconciler.cli.completion import SCRIPTS, complete
from reconciler.cli.context import Context
from reconciler.cli.program import run
from reconciler.errors import UsageError
from tests.cli.support import Streams
from tests.support import tools


class Planning:
    def register(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("name", metavar=NAME, nargs="?")
        parser.add_argument("--prune", action="store_true")
        parser.add_argument("--owner", metavar="WHO")
        add_selection(parser)

    def run(self, options: argparse.Namespace, context: Context) -> int:
        return 0


@pytest.fixture(autouse=True)
def _declared(monkeypatch):
    monkeypatch.setattr(completion, "load", lambda _name: Planning())
    monkeypatch.setattr(completion, "_names", lambda _context, _file: ("auth", "auth--test", "ui"))


@pytest.mark.parametrize(
    ("words", "found"),
    [
        pytest.param([""], tuple(SUMMARIES), id="nothing"),
        pytest.param(["pl"], ("plan",), id="command"),
        pytest.param(["-C", "x", "pl"], ("plan",), id="command-after-options"),
        pytest.param(["plan", "--pr"], ("--prune",), id="option"),
        pytest.param(["plan", "--target", "a"], ("auth", "auth--test"), id="target"),
        pytest.param(["plan", "--prune", "u"], ("ui",), id="name-after-a-switch"),
        pytest.param(["plan", "--owner", ""], (), id="a-value-nobody-knows"),
        pytest.param(["plan", "--target", "workspace:u"], ("workspace:ui",), id="address"),
        pytest.param(["plan", "workspace:"], (), id="a-name-is-no-address"),
        pytest.param(["--js"], ("--json",), id="option-before-a-command"),
        pytest.param(["--file", "-"], (), id="a-file"),
        pytest.param(["plan", "--target=u"], ("--target=ui",), id="as-zsh-does-not"),
        pytest.param(["plan", "auth--"], ("auth--test",), id="helper"),
    ],
)
def test_words_are_completed(words, found):
    assert complete(words, Context(Streams().around)) == found


@pytest.mark.parametrize(("words", "found"), [(["archive", "r"], ("restore",)), (["archive", "show", "u"], ("ui",))])
def test_what_is_to_be_done_comes_before_a_name(monkeypatch, words, found):
    monkeypatch.setattr(completion, "load", lambda _name: archive)
    assert complete(words, Context(Streams().around)) == found


def test_a_mistake_is_not_told_at_a_tab(monkeypatch):
    def load(_name: str) -> Planning:
        raise UsageError("no")

    monkeypatch.setattr(completion, "load", load)
    assert complete(["xyzzy", ""], Context(Streams().around)) == ()


@pytest.mark.parametrize(
    ("words", "place"),
    [
        pytest.param(["-C", "sub", "plan", ""], "sub", id="before the command"),
        pytest.param(["plan", "-C", "sub", ""], "sub", id="behind it"),
        pytest.param(["plan", "-Csub", ""], "sub", id="in one word"),
        pytest.param(["-C", "'sub'", "plan", ""], "sub", id="as bash gives it"),
        pytest.param(["-C", "a\\ b", "plan", ""], "a b", id="a space, as bash gives it"),
        pytest.param(["-C", "a b", "plan", ""], "a b", id="a space, as fish gives it"),
        pytest.param(["exec", "auth", "--", "git", "-C", "sub", ""], "", id="somebody else's"),
        pytest.param(["-C", "nowhere", "plan", ""], None, id="not there"),
    ],
)
def test_names_are_those_of_where_the_command_will_act(monkeypatch, tmp_path, words, place):
    (tmp_path / "sub").mkdir()
    (tmp_path / "a b").mkdir()
    asked = []
    monkeypatch.setattr(completion, "_names", lambda context, _file: asked.append(context.cwd) or ("auth",))
    found = complete(words, Context(Streams(cwd=tmp_path).around))
    assert (asked, found) == (([tmp_path / place], ("auth",)) if place is not None else ([], ()))


def test_names_are_those_of_the_manifest_that_is_named(monkeypatch, tmp_path):
    asked = []
    monkeypatch.setattr(completion, "_names", lambda _context, file: asked.append(file) or ())
    for words in (["--file", "x", "plan", ""], ["plan", "--file=x", ""], ["plan", ""]):
        complete(words, Context(Streams(cwd=tmp_path).around))
    assert asked == [tmp_path / "x", tmp_path / "x", None]


def test_the_scripts_ask_this_command():
    monkey = Streams()
    assert run(["completion", "--words", "=orchestra", "=plan", "=--pr"], monkey.around) == 0
    assert monkey.out == "--prune\n"


@pytest.mark.parametrize("shell", ["bash", *filter(shutil.which, ("zsh", "fish"))])
def test_a_script_is_printed_and_its_shell_can_read_it(shell):
    streams = Streams()
    assert run(["completion", shell], streams.around) == 0
    assert streams.out == SCRIPTS[shell]
    check = subprocess.run([shell, "-n", "/dev/stdin"], input=streams.out, text=True, capture_output=True, check=False)
    assert (check.returncode, check.stderr) == (0, "")


def test_zsh_completes_at_the_first_tab_from_a_file_too(tmp_path):
    tools.require("zsh")
    (tmp_path / "_orchestra").write_text(SCRIPTS["zsh"])
    line = "words=(orchestra plan --target=u) CURRENT=3"
    told = "orchestra() { print -- --target=ui }; compadd() { print -r -- $@ }"
    script = f"fpath=({tmp_path}); autoload -U _orchestra; {told}; {line}; _orchestra"
    done = subprocess.run(["zsh", "-fc", script], text=True, capture_output=True, check=False)
    assert (done.stdout, done.stderr) == ("-- --target=ui\n", "")


def test_a_shell_must_be_named():
    streams = Streams()
    assert run(["completion"], streams.around) == 3
    assert streams.err == "error: which shell is it for?\nhint: `orchestra completion bash`, or zsh, or fish\n"


def test_another_shell_is_refused():
    streams = Streams()
    assert run(["completion", "tcsh"], streams.around) == 3
    assert "bash, zsh, fish" in streams.err


@pytest.fixture
def bash(tmp_path):
    """Give an interactive bash at a terminal, in which all completions of a line are put in and the line is run."""
    (tmp_path / "orchestra.yaml").write_text("worktrees: {auth: {helpers: {test: }}, ui: }\n")
    subprocess.run(["git", "init", "-q", "."], cwd=tmp_path, check=True)
    program = f"{sys.executable} -m reconciler"
    (tmp_path / "rc").write_text(
        f'orchestra() {{ [[ $1 == completion ]] && {program} "$@" || printf \'%s\\n\' "$@" > said; }}\n'
        f'source /dev/stdin <<< "$({program} completion bash)"\n'
    )

    def typed(line, setup=""):
        done = in_terminal(["bash", "--rcfile", "rc", "--noprofile", "-i"], f"{setup}\n{line}\x1b*\nexit\n", tmp_path)
        assert done == 0
        return (tmp_path / "said").read_text().splitlines()

    return typed


def in_terminal(command, keys, cwd):
    ours, theirs = pty.openpty()
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, cwd=cwd, start_new_session=True) as bash:
        os.close(theirs)
        os.write(ours, keys.encode())
        with contextlib.suppress(OSError):  # the terminal is gone when bash is
            while os.read(ours, 4096):
                pass
        os.close(ours)
    return bash.returncode


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    ("line", "words"),
    [
        pytest.param("orchestra --js", ["--json"], id="an option before a command"),
        pytest.param("orchestra --", [*("--file", "--help", "--json", "--no-color", "--version")], id="all of them"),
        pytest.param("orchestra plan --pru", ["plan", "--prune"], id="an option"),
        pytest.param("orchestra plan --target u", ["plan", "--target", "ui"], id="a name"),
        pytest.param(
            "orchestra plan --target workspace:",
            ["plan", "--target", "workspace:auth", "auth--test", "ui"],  # bash keeps what is before the colon, once
            id="addresses",
        ),
        pytest.param("orchestra plan --target workspace:u", ["plan", "--target", "workspace:ui"], id="an address"),
        pytest.param("orchestra plan --target=u", ["plan", "--target=ui"], id="behind an equals sign"),
        pytest.param("orchestra plan --target=workspace:u", ["plan", "--target=workspace:ui"], id="behind both"),
        pytest.param("orchestra  plan   --json  --target u", ["plan", "--json", "--target", "ui"], id="spaces"),
        pytest.param("orchestra -C 'a b' --file=x pla", ["-C", "a b", "--file=x", "plan"], id="quotes"),
    ],
)
def test_bash_completes(bash, line, words):
    assert bash(line) == words


@pytest.mark.timeout(60)
def test_bash_offers_the_options_of_a_command(bash):
    found = bash("orchestra plan --")
    assert found[0] == "plan"
    assert {"--json", "--prune", "--target"} < set(found)


@pytest.mark.timeout(60)
def test_bash_completes_where_colons_break_no_words(bash):
    line = "orchestra plan --target workspace:u"
    assert bash(line, "COMP_WORDBREAKS=${COMP_WORDBREAKS//:}") == ["plan", "--target", "workspace:ui"]
