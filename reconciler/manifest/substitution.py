"""Put modules into areas, and the environment into the texts of files.

The rule: declarations keep `{env:NAME}` as it is written, so that nothing that is made from them can tell a value; only
`reveal` puts it in, for the text of files and the environment of commands.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from reconciler.boundaries import pattern
from reconciler.boundaries.refusal import PatternError
from reconciler.manifest.declaration import Declaration
from reconciler.manifest.nodes import MapNode, Node, ScalarNode, find
from reconciler.manifest.problems import Problems, nearest, quote
from reconciler.manifest.validation import Path, Validated
from reconciler.model.variables import ENVIRONMENT


@dataclass(slots=True)
class Substitution:
    """Knows the modules and the environment.

    Attributes:
        values: fills up with what is taken from the environment.
        unsure: fills up with the paths of the patterns that could not be read.
    """

    validated: Validated
    root: MapNode
    environment: Mapping[str, str]
    problems: Problems
    values: dict[str, str] = field(default_factory=dict)
    unsure: set[Path] = field(default_factory=set)

    def area(self, globs: list[str], path: Path) -> tuple[str, ...]:
        """Put modules into the patterns of an area that is written at a path."""
        return tuple(self._expand(text, (*path, index)) for index, text in enumerate(globs))

    def _expand(self, text: str, path: Path) -> str:
        """Put a module's path in for `$name`, the whole first segment."""
        node = find(self.root, path)
        modules = self.validated.document.modules or {}
        first, slash, rest = text.partition("/")
        if not first.startswith("$"):
            self._refuse_late_module(text, node, modules)
            return text
        if first[1:] not in modules:
            self.unsure.add(path)
            hint = (
                nearest(first[1:], modules).replace("`", "`$", 1)
                or f"declare it under `modules:`, or write `\\{first}` for a name"
            )
            known = ("modules", first[1:]) in self.validated.broken
            if not known:
                self.problems.add(f"unknown module {quote(first)}", node.where, hint)
            return text
        expanded = modules[first[1:]].rstrip("/") + slash + rest
        try:
            pattern.parse(expanded)
        except PatternError as error:
            self.unsure.add(path)
            self.problems.add(f"{quote(expanded)} (from {quote(first)}): {error.message}", node.where, error.hint)
        return expanded

    def _refuse_late_module(self, text: str, node: Node, modules: Mapping[str, str]) -> None:
        for segment in text.split("/")[1:]:
            if segment.startswith("$") and segment[1:] in modules:
                place = node.place(text.index(segment)) if isinstance(node, ScalarNode) else node.where
                self.problems.add(
                    f"the module {quote(segment)} must come first", place, "a module is a path from the top"
                )

    def text(self, text: str, path: Path) -> str:
        """Take note of each `{env:NAME}`; names that are not listed or not set are problems."""
        for found in ENVIRONMENT.finditer(text):
            self._require_variable(found[1], text, found.start(), find(self.root, path))
        return text

    def _require_variable(self, name: str, text: str, offset: int, node: Node) -> None:
        where = node.where
        if isinstance(node, ScalarNode) and node.text == text:
            where = node.place(offset)
        listed = self.validated.document.env or []
        if name not in listed:
            if not any(broken[0] == "env" for broken in self.validated.broken):
                hint = nearest(name, listed) or f"add it to `env:` at the top: `env: [{name or 'NAME'}]`"
                self.problems.add(f"`{{env:{name}}}` is not listed in `env`", where, hint)
        elif name not in self.environment:
            self.problems.add(
                f"the environment variable {quote(name)} is not set",
                where,
                f"set it before the command: `export {name}=…`",
            )
        else:
            self.values[name] = self.environment[name]


def reveal(declaration: Declaration, values: Mapping[str, str]) -> Declaration:
    """Put the values in; the texts of this declaration are for files and the environment of commands alone."""

    def text(written: str) -> str:
        return ENVIRONMENT.sub(lambda found: values.get(found[1], found[0]), written)

    files = (replace(file, content=None if file.content is None else text(file.content)) for file in declaration.files)
    dependencies = (
        replace(each, environment={name: text(value) for name, value in each.environment.items()})
        for each in declaration.dependencies
    )
    return replace(
        declaration,
        dependencies=tuple(dependencies),
        task=text(declaration.task),
        done_when=tuple(map(text, declaration.done_when)),
        variables={name: text(value) for name, value in declaration.variables.items()},
        files=tuple(files),
    )
