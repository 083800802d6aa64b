"""Where the text of a contract comes from: the repository's own contract, its template, or a built-in template."""

from __future__ import annotations

import difflib
import importlib.resources
from collections.abc import Callable, Iterator
from functools import cache, partial

from reconciler.errors import Location, ManifestError, OrchestraError, Problem
from reconciler.manifest.contract import UnknownVariableError, render
from reconciler.manifest.declaration import Declaration, FileDeclaration

Reader = Callable[[str], bytes | None]


def faults(declaration: Declaration, project: str, read: Reader) -> list[Problem]:
    """List all that is wrong with the templates of one workspace."""
    uses: list[Callable[[], object]] = [
        partial(render_file, declaration, project, file, read)
        for file in declaration.files
        if file.template and file.content is None
    ]
    if declaration.parent is not None:
        uses.append(partial(_use_template, declaration, project, read))
    found: list[Problem] = []
    for use in uses:
        try:
            use()
        except ManifestError as error:
            found += error.problems
    return found


def _use_template(declaration: Declaration, project: str, read: Reader) -> None:
    if own_contract(declaration, read) is None:
        job_text(declaration, project, read)


def own_contract(declaration: Declaration, read: Reader) -> str | None:
    """The contract that the repository itself keeps for a workspace; it is taken as it is.

    Raises:
        ManifestError: it cannot be read.
    """
    content = _content(f"agents/contracts/{declaration.full_name}.md", declaration.where, read)
    return None if content is None else content.decode("utf-8", "replace")


def job_text(declaration: Declaration, project: str, read: Reader) -> str:
    """Render a helper's template.

    Raises:
        ManifestError: there is no such template, or it asks for a variable that has no value.
    """
    name, text, source = _find(declaration, read)
    try:
        return render(text, _variables(declaration, project))
    except UnknownVariableError as unknown:
        place = declaration.places.get("variables", declaration.places.get("template", declaration.where))
        message = f"template {name} ({source}:{unknown.line}) uses {{{{{unknown.name}}}}}, which has no value"
        hint = (
            f"give it: `variables: {{{unknown.name}: ...}}`, or a default in the template: {{{{{unknown.name}|...}}}}"
        )
        raise ManifestError((Problem(message, place, hint),)) from unknown


def render_file(declaration: Declaration, project: str, file: FileDeclaration, read: Reader) -> str:
    """Render a file of the repository that is the template of a declared file.

    Raises:
        ManifestError: there is no such file, or it asks for a variable that has no value.
    """
    source, place = str(file.template), file.where
    content = _content(source, place, read)
    if content is None:
        raise ManifestError((Problem(f"there is no file {source}", place, "name a file of the repository"),))
    try:
        return render(content.decode("utf-8", "replace"), _variables(declaration, project))
    except UnknownVariableError as unknown:
        message = f"{source}:{unknown.line} uses {{{{{unknown.name}}}}}, which has no value"
        raise ManifestError((Problem(message, place, f"give it a default: {{{{{unknown.name}|...}}}}"),)) from unknown


def _content(source: str, place: Location, read: Reader) -> bytes | None:
    try:
        return read(source)
    except (OrchestraError, OSError) as error:
        reason = error.message if isinstance(error, OrchestraError) else error.strerror
        hint = "name a file of the repository"
        raise ManifestError((Problem(f"{source} cannot be read: {reason}", place, hint),)) from error


def _find(declaration: Declaration, read: Reader) -> tuple[str, str, str]:
    wanted = [declaration.template] if declaration.template else [declaration.name, "general"]
    for name in wanted:
        source = f"agents/templates/{name}-agent.md"
        content = _content(source, declaration.places.get("template", declaration.where), read)
        if content is not None:
            return name, content.decode("utf-8", "replace"), source
        if name in built_in():
            return name, built_in()[name], f"built-in {name}.md"
    raise ManifestError((_unknown_template(declaration, wanted[0]),))


def _unknown_template(declaration: Declaration, name: str) -> Problem:
    close = difflib.get_close_matches(name, built_in(), n=1)
    meant = f"did you mean `{close[0]}`? or " if close else f"built in are {', '.join(sorted(built_in()))}; "
    place = declaration.places.get("template", declaration.where)
    return Problem(f"there is no template `{name}`", place, f"{meant}write agents/templates/{name}-agent.md")


@cache
def built_in() -> dict[str, str]:
    """The templates that come with orchestra, by name."""
    return dict(_shipped())


def _shipped() -> Iterator[tuple[str, str]]:
    for file in (importlib.resources.files("reconciler") / "specs" / "helpers").iterdir():
        if file.name.endswith(".md"):
            yield file.name.removesuffix(".md"), file.read_text(encoding="utf-8")


def _variables(declaration: Declaration, project: str) -> dict[str, str]:
    return {
        "name": declaration.name,
        "task": declaration.task,
        "module": declaration.modify[0] if declaration.modify else "the whole repository",
        "branch": declaration.branch,
        "parent": declaration.parent or "",
        "project": project,
        **declaration.variables,
    }
