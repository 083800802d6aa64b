from __future__ import annotations

import json
from pathlib import Path

import pytest

from reconciler import errors
from reconciler.cli import program
from reconciler.cli.commands import SUMMARIES
from reconciler.cli.context import Context
from reconciler.cli.program import Line, run, take_apart
from tests.cli.support import FakeCommand, Streams


def raising(error: BaseException):
    def work(_context: Context) -> int:
        raise error

    return FakeCommand(work)


@pytest.fixture
def command(monkeypatch):
    """Put a fake behind every command's name."""

    def install(fake: FakeCommand) -> None:
        monkeypatch.setattr(program, "load", lambda _name: fake)

    return install


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.OrchestraError("x"), 1),
        (errors.PermanentError("x"), 1),
        (errors.TransientError("x"), 1),
        (errors.UsageError("x"), 3),
        (errors.ManifestError((errors.Problem("x"),)), 3),
        (errors.ConflictError("x"), 5),
        (errors.LockHeldError("x"), 6),
        (errors.RefusedError("x"), 7),
        (errors.InterruptedByUserError("x"), 130),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else str(value),
)
def test_every_error_has_its_exit_code_and_is_told(command, error, code):
    command(raising(error))
    streams = Streams()
    assert run(["plan"], streams.around) == code
    assert (streams.out, streams.err) == ("", "error: x\n")


def test_with_json_an_error_is_also_the_answer(command):
    command(raising(errors.ConflictError("moved", hint="again")))
    streams = Streams()
    assert run(["plan", "--json"], streams.around) == 5
    body = json.loads(streams.out)["error"]
    assert (body["kind"], body["exit_code"], body["problems"][0]["hint"]) == ("ConflictError", 5, "again")


def test_ctrl_c_is_130_and_a_word(command):
    command(raising(KeyboardInterrupt()))
    streams = Streams()
    assert run(["plan"], streams.around) == 130
    assert streams.err == "Interrupted.\n"


def test_a_reader_who_left_is_met_with_silence(command):
    command(raising(BrokenPipeError()))
    streams = Streams()
    assert run(["plan"], streams.around) == 1
    assert streams.err == ""


def test_a_bug_is_one_line_and_a_file(command, tmp_path):
    command(raising(ZeroDivisionError("by \x1b zero")))
    streams = Streams(environment={"XDG_STATE_HOME": str(tmp_path)})
    assert run(["plan", "--prune"], streams.around) == 1
    (report,) = (tmp_path / "orchestra").iterdir()
    assert streams.err.count("\n") == 1
    assert str(report) in streams.err
    assert "\x1b" not in streams.err
    assert "Traceback" not in streams.err
    text = report.read_text()
    assert "Traceback" in text
    assert "['plan', '--prune']" in text


def test_a_report_holds_no_secret(command, tmp_path):
    def work(context: Context) -> int:
        context.conceal({"TOKEN": "hunter22"})
        raise ZeroDivisionError("hunter22")

    command(FakeCommand(work))
    streams = Streams(environment={"XDG_STATE_HOME": str(tmp_path)})
    run(["plan"], streams.around)
    (report,) = (tmp_path / "orchestra").iterdir()
    assert "hunter22" not in report.read_text() + streams.err


def test_a_report_goes_elsewhere_when_the_state_directory_cannot_be_written(command, tmp_path, monkeypatch):
    (tmp_path / "state").write_text("a file")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    command(raising(ZeroDivisionError()))
    streams = Streams(environment={"XDG_STATE_HOME": str(tmp_path / "state")})
    run(["plan"], streams.around)
    assert len(list(tmp_path.glob("report-*.txt"))) == 1


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        (["paln"], "unknown command `paln`", "did you mean `plan`?"),
        (["xyzzy"], "unknown command `xyzzy`", "`orchestra --help` lists the commands"),
        (["plan", "--traget", "x"], "orchestra plan: unknown option `--traget`", "did you mean `--target`?"),
        (["plan", "--prun"], "orchestra plan: unknown option `--prun`", "did you mean `--prune`?"),
        (["plan", "x"], "orchestra plan: unexpected argument `x`", "`orchestra plan --help` tells the usage"),
        (["exec", "auth", "make"], "unexpected argument `make`", "`orchestra exec NAME -- make`"),
        (["destroy", "--logs"], "unknown option `--logs`", "`orchestra destroy --help` tells the options"),
        (["plan", "--target"], "argument --target: expected one argument", "`orchestra plan --help` tells the options"),
        (["--jsno"], "unknown option `--jsno`", "`orchestra --help` lists the options"),
        (["-C", "nowhere", "plan"], "-C nowhere: there is no such directory", "name one that exists"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_wrong_command_line_is_3_with_a_way_out(monkeypatch, words, message, hint):
    real = program.load
    fake = FakeCommand(lambda _context: 0)
    monkeypatch.setattr(program, "load", lambda name: fake if name == "plan" else real(name))
    streams = Streams()
    assert run(words, streams.around) == 3
    assert message in streams.err
    assert hint in streams.err


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["plan"], Line("plan", ())),
        (["-C", "plan", "--json", "apply", "x"], Line("apply", ("-C", "plan", "--json", "x"))),
        (["--file", "f", "plan", "-C", "d"], Line("plan", ("--file", "f", "-C", "d"))),
        (["help", "plan"], Line("plan", ("--help",))),
        (["help"], Line("", ("--help",))),
        (["--json"], Line("", ("--json",))),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_the_command_is_found_among_options(words, line):
    assert take_apart(words) == line


def test_directory_is_where_the_command_acts(command, tmp_path):
    seen: list[Path] = []
    command(FakeCommand(lambda context: seen.append(context.cwd) or 0))
    (tmp_path / "sub").mkdir()
    assert run(["-C", "sub", "plan"], Streams(cwd=tmp_path).around) == 0
    assert seen == [tmp_path / "sub"]


def test_every_command_has_its_module():
    directory = Path(program.__file__).parent
    assert [name for name in SUMMARIES if not (directory / f"{name}.py").is_file()] == []
