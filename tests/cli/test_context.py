from __future__ import annotations

import io

import pytest

from reconciler.cli.context import Context, wants_colour
from reconciler.errors import RefusedError
from tests.cli.support import Streams, Terminal


@pytest.mark.parametrize(
    ("terminal", "environment", "no_color", "wanted"),
    [
        pytest.param(True, {}, False, True, id="terminal"),
        pytest.param(False, {}, False, False, id="pipe"),
        pytest.param(True, {"NO_COLOR": "1"}, False, False, id="NO_COLOR"),
        pytest.param(True, {"NO_COLOR": ""}, False, True, id="NO_COLOR-empty"),
        pytest.param(False, {"FORCE_COLOR": "1"}, False, True, id="FORCE_COLOR"),
        pytest.param(False, {"FORCE_COLOR": "0"}, False, False, id="FORCE_COLOR-0"),
        pytest.param(False, {"CLICOLOR_FORCE": "1"}, False, True, id="CLICOLOR_FORCE"),
        pytest.param(True, {"CLICOLOR": "0"}, False, False, id="CLICOLOR"),
        pytest.param(True, {"TERM": "dumb"}, False, False, id="dumb"),
        pytest.param(True, {"FORCE_COLOR": "1"}, True, False, id="flag"),
        pytest.param(True, {"NO_COLOR": "1", "FORCE_COLOR": "1"}, False, False, id="both"),
    ],
)
def test_colour_is_decided_by_flag_environment_and_stream(terminal, environment, no_color, wanted):
    stream = Terminal() if terminal else io.StringIO()
    assert wants_colour(stream, environment, no_color=no_color) is wanted


def test_a_question_is_asked_on_stderr():
    streams = Streams(typed=" yes \n")
    assert Context(streams.around).ask("Sure? ") == "yes"
    assert (streams.out, streams.err) == ("", "Sure? ")


def test_nobody_is_asked_where_nobody_is():
    with pytest.raises(RefusedError):
        Context(Streams().around).ask("Sure? ")


def test_both_streams_keep_secrets():
    streams = Streams()
    context = Context(streams.around)
    context.conceal({"TOKEN": "hunter22"})
    context.answer("a hunt")
    context.answer("er22 b")
    context.narrate("hunter22")
    context.release()
    assert (streams.out, streams.err) == ("a {env:TOKEN} b", "{env:TOKEN}")
