"""Contracts: what an agent is told of its job, its area, its helpers and its end. Pure text from declarations."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from reconciler.boundaries import pathspec
from reconciler.manifest.areas import DeclaredArea
from reconciler.manifest.declaration import Declaration
from reconciler.manifest.rendering import scalar

_VARIABLE = re.compile(r"\{\{\s*([A-Za-z_][A-Za-z0-9_-]*)\s*(?:\|([^}]*))?\}\}")


@dataclass(frozen=True, slots=True)
class UnknownVariableError(Exception):
    """A template asks for a variable that has no value and no default.

    Attributes:
        name: the variable.
        line: where in the template, from 1.
        known: the variables that have a value.
    """

    name: str
    line: int
    known: tuple[str, ...]


def render(template: str, variables: Mapping[str, str]) -> str:
    """Fill `{{name}}` and `{{name|default}}`.

    Raises:
        UnknownVariableError: one has neither value nor default.
    """

    def fill(match: re.Match[str]) -> str:
        name, default = match[1], match[2]
        if name in variables:
            return variables[name]
        if default is None:
            raise UnknownVariableError(name, template.count("\n", 0, match.start()) + 1, tuple(sorted(variables)))
        return default.strip()

    return _VARIABLE.sub(fill, template)


def session_text(main: Declaration, area: DeclaredArea, helpers: Sequence[Declaration]) -> str:
    """The contract of a main agent, `SESSION.md`."""
    lines = [f"# Session: {main.name}", "", main.task or "No task is declared; ask the person who started you.", ""]
    return "\n".join([*lines, *_sections(main, area, helpers)])


def helper_text(job: str, helper: Declaration, area: DeclaredArea, helpers: Sequence[Declaration]) -> str:
    """The contract of a helper, `CONTRACT.md`: its job from the template, its limits from the declaration."""
    is_told = not helper.task or helper.task in job  # by a template that has `{{task}}`
    task = [] if is_told else ["", "## Task", "", helper.task]
    return "\n".join([job.rstrip(), *task, "", *_sections(helper, area, helpers)])


def _sections(declaration: Declaration, area: DeclaredArea, helpers: Sequence[Declaration]) -> list[str]:
    return [
        *_area(declaration, area),
        *_place(declaration),
        *_helpers(declaration, helpers),
        *_done(declaration, helpers),
    ]


def _area(declaration: Declaration, area: DeclaredArea) -> list[str]:
    lines = ["## Area", ""]
    if declaration.parent and not area.is_own:
        lines += ["You have no area of your own: you work alone, after the others, in your parent's.", ""]
    shared, denied = area.patterns("shared"), area.patterns("deny")
    lines += ["You may change:", "", *(["- everything"] if area.is_everything else _items(area.patterns("modify")))]
    if shared:
        lines += ["", "Others may change these too, so keep such changes small:", "", *_items(shared)]
    if denied:
        lines += ["", "You must not change, although it lies inside:", "", *_items(denied)]
    if not area.is_everything:
        lines += ["", "Nothing else. What you need changed elsewhere, ask for; do not do it."]
    if declaration.read:
        lines += ["", "Worth reading:", "", *_items(declaration.read)]
    return [*lines, ""]


def _place(declaration: Declaration) -> list[str]:
    if declaration.parent is None:
        text = (
            f"Stay in this directory, and on the branch that is checked out. It is declared as `{declaration.branch}`; "
            "if it has another name, it stays under that until somebody renames it."
        )
        return ["## Place", "", text, ""]
    if not declaration.tree:
        text = "You have no tree of your own: you work in your parent's, and your parent commits."
    else:
        text = (
            f"Your branch is declared as `{declaration.branch}` (if it has another name, it stays under that until "
            "somebody renames it); it starts from your parent's and goes back into it. "
            "Your tree is the directory that the file `WORKSPACE` on your desk names."
        )
    return ["## Place", "", text, ""]


def _helpers(declaration: Declaration, helpers: Sequence[Declaration]) -> list[str]:
    lines = ["## Helpers", "", f"- May start helpers: {_may_start(declaration, helpers)}"]
    if declaration.max_helpers:
        lines.append(f"- At most: {declaration.max_helpers}")
    for helper in helpers:
        after = f", after {', '.join(_short(name) for name in helper.needs)}" if helper.needs else ""
        task = f": {helper.task}" if helper.task else ""
        lines.append(f"- `{helper.name}`{after}{task}")
        lines.append(f"  - may change: {', '.join(f'`{p}`' for p in helper.modify) or 'your area, alone'}")
        lines.append(f"  - contract: `.sub-agents/{helper.name}/CONTRACT.md`")
    return [*lines, ""]


def _may_start(declaration: Declaration, helpers: Sequence[Declaration]) -> str:
    if declaration.max_helpers == 0 or declaration.level == 3:  # noqa: PLR2004 - the deepest level there is
        return "no"
    return "yes, those below" if helpers else "yes, inside your own area"


def _done(declaration: Declaration, helpers: Sequence[Declaration]) -> list[str]:
    commands = [f"`{command}` succeeds" for command in declaration.done_when]
    finished = ["every helper has finished"] if helpers else []
    return [
        "## Done when",
        "",
        *_items([*commands, *finished, "nothing outside your area was changed"], code=False),
        "",
    ]


def _items(values: Iterable[object], *, code: bool = True) -> list[str]:
    return [f"- `{value}`" if code else f"- {value}" for value in values]


def _short(full_name: str) -> str:
    return full_name.rpartition("--")[2]


def claude_text(contract: str) -> str:
    """`CLAUDE.local.md`: Claude Code reads it beside the repository's own and follows the import."""
    return f"@{contract}\n"


def codex_text(contract: str) -> str:
    """`AGENTS.override.md`: Codex reads it instead of the repository's `AGENTS.md` in the same directory."""
    return f"If there is an AGENTS.md in this directory, follow it too; where it differs, this holds.\n\n{contract}"


def allowed_paths_text(area: DeclaredArea) -> str:
    """`.allowed-paths`: the area as git pathspecs, one a line; git lists for them just what the area holds."""
    allowed = [":(top)"] if area.is_everything else [pathspec.of(each) for each in area.area.allowed]
    denied = map(pathspec.excluding, area.patterns("deny"))
    return "".join(f"{line}\n" for line in (*allowed, *denied))


def status_text(helpers: Sequence[Declaration]) -> str:
    """`status.yaml`: the skeleton that agents keep up to date."""
    lines = ["# Kept up to date by the agents that work here.", "helpers:" if helpers else "helpers: {}"]
    for helper in helpers:
        lines += [f"  {scalar(helper.name)}:", "    status: waiting"]
        if helper.needs:
            lines.append(f"    waiting_for: [{', '.join(scalar(_short(name)) for name in helper.needs)}]")
    return "".join(f"{line}\n" for line in lines)
