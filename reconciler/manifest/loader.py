"""`orchestra.yaml` to a `Manifest`, or all that is wrong with it.

The rule: `load` returns, or raises `ManifestError`; it makes nothing, executes nothing and asks no network.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from reconciler.clients.manifest_files import ManifestFiles
from reconciler.manifest import templates
from reconciler.manifest.area_checks import AreaChecks
from reconciler.manifest.areas import KEYS
from reconciler.manifest.build import Builder
from reconciler.manifest.checks import Unsure, check, comes_after
from reconciler.manifest.declaration import Declaration, GovernedDeclaration, Manifest
from reconciler.manifest.grammar import DEFAULT_PORT_RANGE, port_range
from reconciler.manifest.merge import Merger
from reconciler.manifest.nodes import MapNode, find
from reconciler.manifest.problems import Problems
from reconciler.manifest.reader import Reader
from reconciler.manifest.source import MOST_BYTES
from reconciler.manifest.substitution import Substitution
from reconciler.manifest.validation import Validated, validate


def load(file: Path, *, root: Path, environment: Mapping[str, str], reader: Reader | None = None) -> Manifest:
    """Load a manifest.

    Args:
        file: the manifest, relative to the root or absolute.
        root: the repository's own tree, absolute; paths in the manifest are seen from here.
        environment: where the values of `{env:NAME}` come from.
        reader: the files; the ones on disk when left out.

    Raises:
        ManifestError: everything that is wrong with it, each with place and hint.
    """
    merger = Merger(reader or ManifestFiles(root), Problems())
    document = merger.merge(_label(file, root))
    return _build(document, file, root, environment, merger)


def _label(file: Path, root: Path) -> str:
    path = file if file.is_absolute() else root / file
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.as_posix()


def _build(document: MapNode, file: Path, root: Path, environment: Mapping[str, str], merger: Merger) -> Manifest:
    problems = merger.problems
    validated = validate(document, problems)
    project = validated.document.project or root.name
    substitution = Substitution(validated, document, environment, problems)
    builder = Builder(validated, document, project, substitution, problems)
    declarations = builder.build()
    check(declarations, root, problems, _unsure(validated))
    _check_areas(declarations, builder, problems)
    if problems.found:
        _check_templates(declarations, project, merger, validated)
    problems.require_none()
    return Manifest(
        file=root / file,
        root=root,
        project=project,
        port_range=port_range(validated.document.port_range or DEFAULT_PORT_RANGE),
        declarations=declarations,
        sources=tuple(root / source for source in merger.sources),
        digest=merger.digest,
        values=substitution.values,
        secrets=_secrets(
            _listed(validated, environment) | substitution.values,
            "\n".join((str(root / file), project, *_lines(problems))),
        ),
        warnings=problems.in_order(problems.doubts),
        governed=_governed(validated, document),
    )


def _governed(validated: Validated, document: MapNode) -> tuple[GovernedDeclaration, ...]:
    texts = (validated.document.check and validated.document.check.governed) or ()
    return tuple(
        GovernedDeclaration(text, find(document, ("check", "governed", index)).where)
        for index, text in enumerate(texts)
    )


def _check_areas(declarations: Iterable[Declaration], builder: Builder, problems: Problems) -> None:
    """Compare the areas that are known for sure; where a parent's is not, those of its helpers are left alone too."""
    broken = {*builder.validated.broken, *builder.substitution.unsure}
    if any(path[0] == "defaults" and {*path[1:2], "deny"} <= {*KEYS} for path in broken):
        return
    unsure = {_full_name(path) for path in broken if {*path[2::2]} & {*KEYS}}
    sure: dict[str, Declaration] = {}
    for declaration in declarations:
        if declaration.full_name not in unsure and (declaration.parent is None or declaration.parent in sure):
            sure[declaration.full_name] = declaration
    unordered = {_full_name(path) for path in broken if "needs" in path[2::2]}
    AreaChecks(sure, comes_after, {*builder.unordered, *unordered}, problems).run()


def _full_name(path: tuple[str | int, ...]) -> str:
    """Whose key a path names: `worktrees`, a name, then `helpers` and a name for each level."""
    names = [path[1], *(name for key, name in zip(path[2::2], path[3::2], strict=False) if key == "helpers")]
    return "--".join(map(str, names))


def _check_templates(declarations: Iterable[Declaration], project: str, merger: Merger, validated: Validated) -> None:
    """Tell what would otherwise be told only when everything else is mended."""
    unsure = _without_variables(validated)
    for declaration in declarations:
        if declaration.full_name not in unsure:
            for problem in templates.faults(declaration, project, lambda path: merger.reader.read(path, MOST_BYTES)):
                merger.problems.add(problem.message, problem.where, problem.hint)


def _without_variables(validated: Validated) -> set[str]:
    """Full names of the helpers of whose variables one was taken out."""
    keys = ((path, depth) for path in validated.broken for depth in range(2, len(path), 2))
    return {"--".join(map(str, path[1:depth:2])) for path, depth in keys if path[depth] == "variables"}


def _listed(validated: Validated, environment: Mapping[str, str]) -> dict[str, str]:
    """The variables that may be named; what runs in a tree inherits the others of them as well."""
    return {name: environment[name] for name in validated.document.env or () if name in environment}


def _secrets(values: Mapping[str, str], public: str) -> dict[str, str]:
    """What everybody can read is no secret, and to hide it where it stands would tell it."""
    return {name: value for name, value in values.items() if value not in public}


def _lines(problems: Problems) -> Iterator[str]:
    return (line for lines in problems.lines.values() for line in lines)


def _unsure(validated: Validated) -> Unsure:
    everybody = frozenset(validated.document.worktrees or {})
    common = validated.broken & {("defaults", "path"), ("defaults",), ("project",)}
    branches = _broken(validated, "branch")
    return Unsure(branches, everybody if common else branches | _broken(validated, "path"))


def _broken(validated: Validated, key: str) -> frozenset[str]:
    return frozenset(str(path[1]) for path in validated.broken if path[:1] == ("worktrees",) and path[2:] == (key,))
