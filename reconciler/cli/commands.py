"""The commands, as a literal table: help and completion read it and import no command.

Rule: a command `NAME` is the module `reconciler.cli.NAME` with `register(parser)` and `run(options, context)`.
"""

from __future__ import annotations

GROUPS = (
    (
        "desired state",
        (
            ("init", "write a first orchestra.yaml"),
            ("add", "declare a worktree or a helper"),
            ("remove", "take a worktree or a helper out of the manifest"),
            ("adopt", "put a worktree that exists under orchestra's care"),
            ("forget", "let go of a worktree and leave everything in place"),
            ("validate", "check the manifest"),
            ("graph", "show what is declared, as a tree"),
            ("plan", "show the difference between what is declared and what exists"),
            ("apply", "make what exists as it is declared"),
            ("sync", "bring what moved on in the base into worktrees"),
            ("destroy", "save what there is and take it down"),
        ),
    ),
    (
        "agents",
        (
            ("exec", "run a command in a workspace, which it cannot leave"),
            ("path", "print the directory of a workspace"),
        ),
    ),
    ("coordination", (("status", "show every workspace, and first who needs you"),)),
    ("review", (("check", "refuse commits that leave the area of their branch; say who may change a path"),)),
    (
        "history",
        (
            ("archive", "list, show, restore or prune what was saved of trees"),
            ("history", "show what was run before"),
        ),
    ),
    ("shell", (("completion", "print a completion script for bash, zsh or fish"),)),
)

SUMMARIES = {name: summary for _, commands in GROUPS for name, summary in commands}

GLOBAL_OPTIONS = (
    ("-C DIR", "run as if started in DIR"),
    ("--file FILE", "the manifest, where it is not the main worktree's orchestra.yaml"),
    ("--json", "print the answer, and errors, as JSON"),
    ("--no-color", "print without colour, as NO_COLOR does"),
    ("--version", "print the version"),
    ("--help", "print help; also after a command"),
)

EXIT_CODES = (
    "0 done or nothing to do; 1 error; 2 changes pending (only with --detailed-exitcode); 3 usage or manifest;\n"
    "4 some of it failed; 5 stale plan or conflict; 6 another apply holds the lock; 7 refused by a protection;\n"
    "130 interrupted."
)


def help_text() -> str:
    """Write what `orchestra --help` prints."""
    lines = ["usage: orchestra [OPTIONS] COMMAND ...", ""]
    lines += ["Declare worktrees and helpers for coding agents, plan the difference, apply it.", ""]
    for title, commands in (*GROUPS, ("options", GLOBAL_OPTIONS)):
        lines += [f"{title}:", *(f"  {name:<12} {summary}" for name, summary in commands), ""]
    lines += ["`orchestra COMMAND --help` tells the options of a command.", "", "exit codes:"]
    lines += [f"  {line}" for line in EXIT_CODES.split("\n")]
    return "\n".join(lines) + "\n"
