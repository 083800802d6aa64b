"""What `dependencies` stands for: the list in its order, `auto` by lock files, and what helpers inherit."""

from __future__ import annotations

import pytest

from reconciler.errors import ManifestError
from reconciler.kinds.dependency import PROVIDERS, DependencySpec
from reconciler.manifest.dependency_models import OPTIONS, PROVIDER_KEYS
from reconciler.manifest.expand import expand
from reconciler.model.resource import Resource
from tests.support.manifests import declared, load_text


def resources(text: str, *top: str) -> dict[str, Resource[DependencySpec]]:
    """Expand a manifest over a repository with these files at its top."""
    found = expand(load_text(text), read=lambda path: b"" if path in top else None, real_path=lambda path: path)
    return {str(each.address): each for each in found if isinstance(each.spec, DependencySpec)}


def test_every_provider_can_be_declared() -> None:
    """The keys of the manifest are the providers there are."""
    assert set(PROVIDER_KEYS) - {"auto", "inherit"} == set(PROVIDERS)
    assert set(OPTIONS) == set(PROVIDER_KEYS) - {"run"}


@pytest.mark.parametrize("name", sorted(PROVIDERS.keys() - {"run"}))
def test_auto_is_what_the_lock_files_say(name: str) -> None:
    """Each lock file that a provider knows."""
    for lock in PROVIDERS[name].locks:
        assert list(resources("worktrees: {a: {dependencies: auto}}", lock)) == [f"dependency:a/{name}"]


def test_one_mapping_stands_for_a_list_of_it() -> None:
    """As one name does."""
    found = resources("worktrees: {a: {dependencies: {uv: {group: test}}}, b: {dependencies: {run: make}}}")
    assert found["dependency:a/uv"].spec.options.groups == ("test",)
    assert found["dependency:b/run"].spec.options.command == "make"


def test_auto_takes_the_lock_file_before_requirements() -> None:
    """A file of requirements is often exported from it."""
    found = resources("worktrees: {a: {dependencies: auto}}", "uv.lock", "requirements.txt", "Cargo.lock")
    assert sorted(found) == ["dependency:a/cargo", "dependency:a/uv"]


def test_auto_asks_which_of_two_is_meant() -> None:
    """With the place of the key."""
    with pytest.raises(ManifestError) as caught:
        resources("worktrees: {a: {dependencies: auto}}", "package-lock.json", "pnpm-lock.yaml")
    [problem] = caught.value.problems
    assert str(problem).startswith("orchestra.yaml:1:31: `npm` and `pnpm`")
    assert problem.hint == "name the one that is meant in `dependencies`"


def test_auto_leaves_out_what_is_named() -> None:
    """So that one of them can be told more."""
    found = resources("worktrees: {a: {dependencies: [auto, {uv: {group: test}}]}}", "uv.lock", "Cargo.lock")
    assert sorted(found) == ["dependency:a/cargo", "dependency:a/uv"]
    assert found["dependency:a/uv"].spec.options.groups == ("test",)


def test_what_is_installed_comes_after_the_files_of_its_tree_and_commands_in_their_order() -> None:
    """Installs that stand side by side go at once."""
    found = resources("worktrees: {a: {dependencies: [npm, uv, {run: x}, go, {run: y}]}}")
    needs = {
        address: [str(need) for need in resource.depends_on if need.kind == "dependency"]
        for address, resource in found.items()
    }
    assert needs == {
        "dependency:a/npm": [],
        "dependency:a/uv": [],
        "dependency:a/run": ["dependency:a/npm", "dependency:a/uv"],
        "dependency:a/go": ["dependency:a/run"],
        "dependency:a/run-2": ["dependency:a/npm", "dependency:a/uv", "dependency:a/run", "dependency:a/go"],
    }
    files = [str(need) for need in found["dependency:a/npm"].depends_on if need.kind == "file"]
    assert "file:a/SESSION.md" in files


def test_defaults_are_for_worktrees_and_helpers_inherit() -> None:
    """A helper that says something has that."""
    found = declared(
        "defaults: {dependencies: [npm]}\nworktrees:\n"
        "  a: {helpers: {t: , u: {dependencies: []}}}\n  b: {dependencies: [go], helpers: {t: }}\n"
    )
    assert {name: [each.provider for each in one.dependencies] for name, one in found.items()} == {
        "a": ["npm"],
        "a--t": ["npm"],
        "a--u": [],
        "b": ["go"],
        "b--t": ["go"],
    }
