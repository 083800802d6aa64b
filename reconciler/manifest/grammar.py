"""The small languages of the manifest: names, branches, paths, environment names.

The rule: each function answers None, or what is wrong and a way out. A branch is judged as git judges it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from reconciler.model.layout import DESKS

LONGEST_NAME = 64
LONGEST_PART = 255
"""Bytes of one component of a path, in most file systems."""

LONGEST_PATH = 4000
"""Bytes; Linux takes 4,096, and there are files below."""

LONGEST_BRANCH_PART = 240
"""Bytes of one path component of a ref: 255 in most file systems, less room for `.lock`."""

RESERVED_FILES = frozenset({"session.md", "contract.md", "claude.local.md", "agents.override.md", ".allowed-paths"})

# What the JSON Schema tells editors, in the words that JavaScript's and Python's patterns have in common.
NAME_PATTERN = rf"^(?!.*(?:--|\.\.|[.-]$|\.lock$))[A-Za-z0-9][A-Za-z0-9._-]{{0,{LONGEST_NAME - 1}}}$"
IDENTIFIER_PATTERN = r"^[A-Za-z_][A-Za-z0-9_.-]*$"
ENVIRONMENT_PATTERN = r"^[A-Za-z_][A-Za-z0-9_]*$"
PORT_RANGE_PATTERN = r"^[0-9]{1,6}-[0-9]{1,6}$"

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_REF_FORBIDDEN = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]")
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_PORT_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,39}")
_PORT_RANGE = re.compile(r"([0-9]{1,6})-([0-9]{1,6})")
DEFAULT_PORT_RANGE = "20000-29999"
"""Below what systems take for outgoing connections, above what most services are known by."""
_LOWEST_PORT, _HIGHEST_PORT = 1024, 65535  # below, programs need privileges
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a text, where in it, and one way out."""

    message: str
    hint: str = ""
    offset: int = 0


def name_fault(name: str) -> Fault | None:
    """Judge the name of a worktree, a helper, a project or a template."""
    for is_wrong, message in (
        (not name, "it is empty"),
        (name.startswith("-"), "it begins with `-`, so programs would take it for an option"),
        (_NAME.fullmatch(name) is None, "it holds or begins with a character that is not allowed"),
        ("--" in name, "it holds `--`, which separates a helper from its parent"),
        (".." in name or name.endswith((".", ".lock")), "git refuses such a branch"),
        (name.endswith("-"), "it ends with `-`"),
        (len(name) > LONGEST_NAME, f"it is longer than {LONGEST_NAME} characters"),
    ):
        if is_wrong:
            return Fault(message, f"letters, digits, `.`, `_` and single `-`{_suggestion(name)}")
    return None


def _suggestion(name: str) -> str:
    better = re.sub(r"\.{2,}", ".", re.sub(r"[^A-Za-z0-9._]+", "-", name)).strip("-._")[:LONGEST_NAME]
    better = re.sub(r"(?:\.lock|[-._])+$", "", better)
    return f", for example `{better}`" if better and better != name else ""


def branch_fault(branch: str) -> Fault | None:
    """Judge a branch as `git check-ref-format --branch` does, and refuse `@`, which git reads as HEAD elsewhere."""
    forbidden = _REF_FORBIDDEN.search(branch)
    parts = branch.split("/")
    for is_wrong, message in (
        (not branch, "it is empty"),
        (branch.startswith("-"), "it begins with `-`"),
        (branch in {"HEAD", "@"}, "git means something else by it"),
        (".." in branch, "it holds `..`"),
        ("@{" in branch, "it holds `@{`"),
        ("" in parts, "it begins or ends with `/`, or holds `//`"),
        (any(part.startswith(".") for part in parts), "a part of it begins with `.`"),
        (branch.endswith("."), "it ends with `.`"),
        (any(part.endswith(".lock") for part in parts), "a part of it ends with `.lock`"),
    ):
        if is_wrong:
            return Fault(message, "see `git help check-ref-format`")
    if forbidden:
        shown = (
            "a space" if forbidden[0] == " " else "a control character" if forbidden[0] < " " else f"`{forbidden[0]}`"
        )
        return Fault(f"it holds {shown}", "use `-` instead", forbidden.start())
    return None


def own_branch_fault(branch: str) -> Fault | None:
    """Judge whether git can store a branch as files, and will read its name as that of a branch."""
    if branch.startswith("refs/"):
        short = branch.removeprefix("refs/heads/")
        return Fault("it is written as a whole ref", f"write the branch alone: `{short.removeprefix('refs/')}`")
    if re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", branch):
        return Fault("git reads it as a commit", "choose another name")
    if any(len(part.encode()) > LONGEST_BRANCH_PART for part in branch.split("/")):
        return Fault(f"a part of it is longer than {LONGEST_BRANCH_PART} bytes", "use shorter names")
    return None


def base_fault(base: str) -> Fault | None:
    """Judge where a branch starts: a branch, a tag or a commit, by name."""
    return None if base == "HEAD" else branch_fault(base)


def file_path_fault(path: str) -> Fault | None:
    """Judge a path inside a tree or inside the repository."""
    parts = path.split("/")
    control = _CONTROL.search(path)
    for is_wrong, message, hint in (
        (not path, "it is empty", "write a path inside the repository"),
        (path.startswith("/"), "it is absolute", "write a path inside the repository"),
        (path.startswith("~"), "`~` is not expanded", "write a path inside the repository"),
        (".." in parts, "it leads out with `..`", "write a path inside the repository"),
        (
            "." in parts or "" in parts,
            "it holds an empty part or `.`",
            "write it without `./`, `//` and a `/` at the end",
        ),
        ("\\" in path, "it holds a backslash", "write `/` between directories"),
        (any(part.lower() == ".git" for part in parts), "`.git` is git's own", "choose another place"),
        (_is_too_long(path), "no file system takes a name of that length", "choose a shorter one"),
    ):
        if is_wrong:
            return Fault(message, hint)
    return Fault("it holds a control character", "remove it", control.start()) if control else None


def _is_too_long(path: str) -> bool:
    written = path.encode("utf-8", "surrogateescape")
    return len(written) > LONGEST_PATH or any(len(part) > LONGEST_PART for part in written.split(b"/"))


def own_file_fault(path: str) -> Fault | None:
    """Judge whether a declared file would stand in the way of one that orchestra writes."""
    first = path.partition("/")[0].lower()
    if first == DESKS:
        return Fault("`.sub-agents/` belongs to orchestra", "choose another directory")
    if path.lower() in RESERVED_FILES:
        return Fault("orchestra writes this file itself", "for a contract of your own see `agents/contracts/`")
    return None


def ignore_line_fault(line: str) -> Fault | None:
    """Judge a line in the syntax of `.gitignore`: git takes any, and some match no file whatever its name."""
    if line.startswith("#"):
        return None
    if control := _CONTROL.search(line):
        return Fault("it holds a control character", "remove it", control.start())
    bare = re.sub(r"\\.", "..", line)
    if bare.endswith("\\"):
        return Fault("a `\\` at the end matches no file", "remove it", len(line) - 1)
    opened = re.search(r"\[(?![!^]?\]?[^\]]*\])", bare)
    if opened:
        return Fault("`[` without `]` matches no file", "write `\\[` for the character itself", opened.start())
    return None


def installed_fault(path: str) -> Fault | None:
    """Judge whether a file would go with the next installation."""
    inside = [part for part in path.split("/") if part.lower() in {"node_modules", ".venv"}]
    return Fault(f"installing empties `{inside[0]}`", "choose another directory") if inside else None


def port_name_fault(name: str) -> Fault | None:
    """Judge the name of a port; the variable that tells its number is made of it."""
    if not _PORT_NAME.fullmatch(name):
        return Fault("it must be a letter, then letters, digits, `-` and `_`, 40 at most", "for example `web`")
    return None


def port_range_fault(text: str) -> Fault | None:
    """Judge a range of ports, `20000-29999`."""
    match = _PORT_RANGE.fullmatch(text)
    hint = "write the first and the last, for example `20000-29999`"
    if not match:
        return Fault("it is not two numbers with a `-` between them", hint)
    low, high = int(match[1]), int(match[2])
    if low > high:
        return Fault("it ends before it begins", hint)
    if low < _LOWEST_PORT or high > _HIGHEST_PORT:
        return Fault(f"it is not between {_LOWEST_PORT} and {_HIGHEST_PORT}", hint)
    return None


def port_range(text: str) -> tuple[int, int]:
    """The first and the last port of a range that was judged to be one."""
    low, _, high = text.partition("-")
    return int(low), int(high)


def template_fault(path: str) -> Fault | None:
    """Judge the template of a worktree's path."""
    for is_wrong, message, hint in (
        (not path.strip(), "it is empty", "leave the key out for `../{project}.wt/{name}`"),
        (path.startswith("~"), "`~` is not expanded", "write it from the root (`../trees/{name}`) or absolute"),
        (
            any(re.match(r"\$[A-Za-z_{]", part) for part in path.split("/")),
            "variables are not expanded",
            "write it from the root (`../trees/{name}`) or absolute",
        ),
        (path.startswith("-"), "it begins with `-`", "write `./…`"),
        (any(part.lower() == ".git" for part in path.split("/")), "`.git` is git's own", "choose another place"),
        (_CONTROL.search(path) is not None, "it holds a control character", "remove it"),
        (_is_too_long(path), "no file system takes a name of that length", "choose a shorter one"),
    ):
        if is_wrong:
            return Fault(message, hint)
    for found in _PLACEHOLDER.finditer(path):
        if found[1] not in {"project", "name", "branch"}:
            return Fault(
                f"`{found[0]}` is no placeholder", "there are `{project}`, `{name}` and `{branch}`", found.start()
            )
    return None


def fill(template: str, values: dict[str, str]) -> str:
    """Put values in for `{placeholders}`, once."""
    return _PLACEHOLDER.sub(lambda found: values.get(found[1], found[0]), template)


def identifier_fault(name: str) -> Fault | None:
    """Judge the name of a template's variable or a module."""
    if re.fullmatch(IDENTIFIER_PATTERN, name):
        return None
    return Fault("it is not a name", "begin with a letter; then letters, digits, `_`, `-` and `.`")


_DURATION = re.compile(r"([1-9][0-9]{0,5})(s|m|h)")
_UNIT_SECONDS = {"s": 1, "m": 60, "h": 3600}


def duration_fault(text: str) -> Fault | None:
    """Judge a length of time."""
    if _DURATION.fullmatch(text):
        return None
    if _DURATION.fullmatch(f"{text}s"):
        return Fault("it has no unit", f"write `{text}s`, `{text}m` or `{text}h`")
    return Fault("it is no length of time", "write for example `90s`, `5m` or `1h`")


def seconds_of(duration: str) -> float:
    """Read a length of time."""
    found = _DURATION.fullmatch(duration)
    return float(found[1]) * _UNIT_SECONDS[found[2]] if found else 0.0


def environment_fault(name: str) -> Fault | None:
    """Judge the name of an environment variable as a shell does."""
    if re.fullmatch(ENVIRONMENT_PATTERN, name):
        return None
    return Fault("no shell can set it", "begin with a letter; then letters, digits and `_`")
