"""`check --path`: who may change a path, and which line of the manifest says so."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from reconciler.boundaries import paths
from reconciler.boundaries.reading import matches
from reconciler.errors import UsageError
from reconciler.manifest.areas import DeclaredArea, Key, Rule, areas_of
from reconciler.manifest.declaration import Declaration
from reconciler.operations.path import require_declared
from reconciler.operations.session import Session


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether one workspace may change a path.

    Attributes:
        name: its full name.
        because: the key that decides, or that the path is outside of its area.
        rule: what decides; None for what is outside.
        lent_to: its helpers that may too: while one of them works, the path is that helper's.
    """

    name: str
    because: Key | Literal["outside"]
    rule: Rule | None
    lent_to: tuple[str, ...] = ()

    @property
    def may(self) -> bool:
        """Whether it may change the path."""
        return self.because in {"modify", "shared"}


def who_may(session: Session, path: bytes, name: str | None = None) -> tuple[Verdict, ...]:
    """Judge a path for every workspace, or for one.

    Args:
        session: where the manifest is.
        path: from the top of the repository, as git records it.
        name: the full name of the one that is meant; None for all.

    Raises:
        ManifestError: the manifest is not valid.
        UsageError: git could not record such a path, or no such workspace is declared.
    """
    fault = paths.fault(path)
    if fault:
        hint = "write the path of a file from the top of the repository, as `git ls-files` does"
        raise UsageError(f"{paths.shown(path)} is no path: {fault}", hint=hint)
    manifest = session.load_manifest(values=False)
    if name is not None:
        require_declared(manifest, name)
    areas = areas_of(manifest.declarations)
    found = {each: deciding(area, path) for each, area in areas.items()}
    return tuple(
        _verdict(declaration, found, areas)
        for declaration in manifest.declarations
        if name in {None, declaration.full_name}
    )


def deciding(area: DeclaredArea, path: bytes) -> Rule | None:
    """The rule that decides on a path: what is denied is denied, whatever allows it; None for what is outside."""
    order: Iterable[Key] = ("deny", "modify", "shared")
    found = [rule for key in order for rule in area.rules if rule.key == key and matches(rule.pattern, path)]
    is_allowed = any(rule.key != "deny" for rule in found)
    return found[0] if is_allowed else None


def _verdict(declaration: Declaration, rules: dict[str, Rule | None], areas: dict[str, DeclaredArea]) -> Verdict:
    rule = rules[declaration.full_name]
    if rule is None:
        return Verdict(declaration.full_name, "outside", None)
    lent = (name for name in declaration.helpers if areas[name].is_own and allows(rules[name]))
    return Verdict(declaration.full_name, rule.key, rule, tuple(lent) if rule.key == "modify" else ())


def allows(rule: Rule | None) -> bool:
    """Whether a rule that decides on a path lets it be changed."""
    return rule is not None and rule.key != "deny"
