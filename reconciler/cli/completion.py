"""`orchestra completion`: print a script for a shell; the script asks `orchestra completion --words` at every Tab.

Rule: what cannot be completed is not completed; no mistake, not even a broken manifest, is told at a Tab.
"""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from reconciler.cli.arguments import ADDRESS, NAME, NAME_OR_PATH, Parser, add_global_options
from reconciler.cli.commands import GLOBAL_OPTIONS, SUMMARIES
from reconciler.cli.context import Context
from reconciler.cli.program import load, parser_for, take_apart
from reconciler.errors import OrchestraError, UsageError

_WORKSPACE = "workspace:"
_BEFORE_A_COMMAND = sorted(option.split()[0] for option, _ in GLOBAL_OPTIONS if option.startswith("--"))
SCRIPTS = {
    "bash": """\
# bash completion for orchestra: eval "$(orchestra completion bash)"
_orchestra() {
    local IFS=$'\\n' rest=${COMP_LINE:0:COMP_POINT} index word before breaks= words=()
    # bash takes words apart at `:` and `=`; what no space stands between is one word for us.
    for ((index = 0; index <= COMP_CWORD; index++)); do
        before=$rest rest=${rest#"${rest%%[! $'\\t']*}"} word=${COMP_WORDS[index]}
        ((index < COMP_CWORD)) || word=$rest
        if ((index == 0)) || [[ $rest != "$before" ]]; then
            words+=("$word")
        else
            words[${#words[@]}-1]+=$word
        fi
        rest=${rest#"$word"}
    done
    COMPREPLY=($(orchestra completion --words "${words[@]/#/=}" 2>/dev/null))
    # What bash replaces begins behind the last of them.
    [[ $COMP_WORDBREAKS != *:* ]] || breaks+=:
    [[ $COMP_WORDBREAKS != *=* ]] || breaks+==
    word=${words[${#words[@]}-1]}
    if [[ $breaks && $word == *["$breaks"]* ]]; then
        before=${word%"${word##*["$breaks"]}"}
        COMPREPLY=("${COMPREPLY[@]#"$before"}")
    fi
}
complete -o default -F _orchestra orchestra
""",
    "zsh": """\
#compdef orchestra
# zsh completion for orchestra: eval "$(orchestra completion zsh)" after compinit, or a file `_orchestra` in fpath
_orchestra() {
    local -a candidates
    candidates=("${(@f)$(orchestra completion --words "${(@)words[1,CURRENT]/#/=}" 2>/dev/null)}")
    if [[ -n "${candidates[1]}" ]]; then
        compadd -- "${candidates[@]}"
    else
        _files
    fi
}
if [[ ${funcstack[1]} == _orchestra ]]; then  # a file `_orchestra` in `fpath`, loaded by its first Tab
    _orchestra "$@"
else
    compdef _orchestra orchestra
fi
""",
    "fish": """\
# fish completion for orchestra: orchestra completion fish | source
function __orchestra_words
    set -l words (commandline -opc) (commandline -ct)
    orchestra completion --words =$words 2>/dev/null
end
complete -c orchestra -a '(__orchestra_words)'
""",
}


def register(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("shell", metavar="SHELL", nargs="?", help="bash, zsh or fish")
    parser.add_argument("--words", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("rest", metavar="WORD", nargs="*", help=argparse.SUPPRESS)


def run(options: argparse.Namespace, context: Context) -> int:
    """Print the script, or complete words.

    Raises:
        UsageError: no shell is named, or one that is not known.
    """
    if options.words:
        words = [word.removeprefix("=") for word in (options.shell, *options.rest) if word is not None]
        found = complete(words[1:], context)
        context.answer("".join(f"{word}\n" for word in found))
        return 0
    if options.shell is None:
        raise UsageError("which shell is it for?", hint="`orchestra completion bash`, or zsh, or fish")
    if options.shell not in SCRIPTS:
        raise UsageError(f"no completion for `{options.shell}`", hint="there is one for " + ", ".join(SCRIPTS))
    context.answer(SCRIPTS[options.shell])
    return 0


def complete(words: Sequence[str], context: Context) -> tuple[str, ...]:
    """List what the last word may become.

    Args:
        words: all that was typed after `orchestra`; the last one is being typed, perhaps empty.
        context: tells where the manifest is looked for.
    """
    before, current = list(words[:-1]), words[-1] if words else ""
    if current.startswith("--") and "=" in current:
        option, _, value = current.partition("=")
        return tuple(f"{option}={found}" for found in complete([*before, option, value], context))
    with suppress(OrchestraError, argparse.ArgumentError):
        line = take_apart(before)
        candidates = _within(line.command, before, current, context) if line.command else _first(before, current)
        return tuple(word for word in candidates if word.startswith(current) and word.isprintable())
    return ()


def _first(before: Sequence[str], current: str) -> Iterable[str]:
    """What may stand where no command was named yet: nothing we know for the value of an option."""
    if before and before[-1] in {"-C", "--file"}:
        return ()
    return _BEFORE_A_COMMAND if current.startswith("-") else SUMMARIES


def _within(command: str, before: Sequence[str], current: str, context: Context) -> Iterable[str]:
    parser = parser_for(command, load(command))
    awaited = parser.metavar_of(before[-1])
    if awaited is None and current.startswith("-"):
        return sorted(option for option in parser.options() if option.startswith("--"))
    actions = "".join(parser.positional_metavars()[:1])
    if "|" in actions and before[-1] == command:
        return actions.split("|")
    return _values(parser, awaited, [*before, current], context)


def _values(parser: Parser, awaited: str | None, words: Sequence[str], context: Context) -> Iterable[str]:
    metavars = (awaited,) if awaited else parser.positional_metavars()
    if "SHELL" in metavars:
        return tuple(SCRIPTS)
    if not {NAME, NAME_OR_PATH, ADDRESS} & set(metavars):
        return ()
    names = _names(context, _enter(words[:-1], context))
    if ADDRESS in metavars and words[-1].startswith(_WORKSPACE):
        return tuple(_WORKSPACE + name for name in names)
    return names


def _enter(before: Sequence[str], context: Context) -> Path | None:
    """Go where the command will act, and give the manifest that it will read where one is named.

    Raises:
        UsageError: there is no such directory.
    """
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    add_global_options(parser)
    options, _ = parser.parse_known_args(before)
    if options.directory is not None:
        context.enter(_as_typed(options.directory))
    return None if options.file is None else context.cwd / _as_typed(str(options.file))


def _as_typed(word: str) -> str:
    """What a word means, which a shell gives before it has taken off quotes and put a home in."""
    with suppress(ValueError, RuntimeError):
        bare = shlex.split(word)
        return str(Path(bare[0] if len(bare) == 1 else word).expanduser())
    return word


def _names(context: Context, file: Path | None) -> tuple[str, ...]:
    from reconciler.operations import validate  # noqa: PLC0415 - only names need the manifest
    from reconciler.operations.session import open_session  # noqa: PLC0415

    manifest = validate.validate(open_session(context.cwd, context.environment, file=file, on_secrets=context.conceal))
    return tuple(declaration.full_name for declaration in manifest.declarations)
