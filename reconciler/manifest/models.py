"""The shape of `orchestra.yaml`, as pydantic models: which keys there are, what each holds.

The rule: what one key alone can say wrong is found here; what concerns several keys or several worktrees is not.
The field descriptions are the ones of the JSON Schema.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PlainValidator, WithJsonSchema

from reconciler.manifest import grammar
from reconciler.manifest.values import (
    Area,
    Base,
    Body,
    Branch,
    EnvironmentNames,
    FilePath,
    Globs,
    Model,
    Module,
    Name,
    Names,
    Owner,
    PathTemplate,
    PortRange,
    Texts,
    Variable,
    names_shaped,
    no_truth,
    text_is_content,
)


class FileBody(Model):
    """One file: its text, or the template it is made from."""

    content: str | None = Field(None, description="The text of the file.")
    template: FilePath | None = Field(None, description="A file in the repository that is filled in.")


DEPENDENCIES: dict[str, object] = {"const": "dependencies"}
"""What stands in the JSON Schema until `schema` puts in what `dependency_models` has."""


def _validate_dependencies(value: object) -> object:
    from reconciler.manifest.dependency_models import validate_dependencies  # noqa: PLC0415 - most manifests have none

    return validate_dependencies(value)


CONTAINERS: dict[str, object] = {"const": "containers"}
"""The same, for what `containers_models` has."""


def _validate_containers(value: object) -> object:
    from reconciler.manifest.containers_models import validate_containers  # noqa: PLC0415 - most manifests have none

    return validate_containers(value)


if TYPE_CHECKING:
    from reconciler.manifest.containers_models import ContainersBody
    from reconciler.manifest.dependency_models import DependencyBody

    Containers = ContainersBody
    Dependencies = list[DependencyBody]
else:  # a third of the time that pydantic takes for all models
    Dependencies = Annotated[Any, PlainValidator(_validate_dependencies), WithJsonSchema(DEPENDENCIES)]
    Containers = Annotated[Any, PlainValidator(_validate_containers), WithJsonSchema(CONTAINERS)]

FileBodies = Annotated[
    dict[str, Annotated[FileBody, BeforeValidator(text_is_content, json_schema_input_type=FileBody | str)]], Body
]


class Common(Model):
    """What worktrees, helpers and `defaults` can say."""

    deny: Globs | None = Field(None, description="Git globs that are taken out of `modify` again.")
    read: Globs | None = Field(
        None, description="Git globs: advice to the agent, and what a sparse checkout holds too."
    )
    shared: Globs | None = Field(None, description="Git globs that several may change.")
    checkout: Literal["full", "sparse"] | None = Field(
        None, description="`sparse`: only `modify` and `read` are checked out."
    )
    submodules: bool | None = Field(None, description="Fill the submodules too.")
    copied: Globs | None = Field(
        None,
        alias="copy",
        description="Git globs: files of the main worktree that git does not track, to be copied into the tree.",
    )
    ports: Names | None = Field(None, description="Names of ports; each gets a number that is unique on the host.")
    env_file: FilePath | None = Field(None, description="The file in the tree that tells the numbers of the ports.")
    links: bool | None = Field(None, description="Put a link to the tree on the helper's desk.")
    scratch: Globs | None = Field(None, description="Git globs of what is never committed and never archived.")
    protect: bool | None = Field(None, description="Keep its tree whatever is destroyed.")
    max_helpers: Annotated[int, Field(ge=0)] | None = Field(None, description="How many helpers it may have; 0: none.")
    done_when: Texts | None = Field(None, description="Commands that succeed when the work is done.")
    dependencies: Dependencies | None = Field(
        None, description="What is installed in its tree: `auto`, `inherit`, or a list of providers and commands."
    )


class Defaults(Common):
    """Values for every worktree and helper that says nothing itself."""

    base: Base | None = Field(None, description="Where a new branch starts.")
    path: PathTemplate | None = Field(None, description="Where trees are; knows `{project}`, `{name}`, `{branch}`.")
    owner: Owner | None = Field(None, description="Whose worktrees these are.")
    eager: bool | None = Field(None, description="Make the trees of helpers at once.")
    containers: Containers | None = Field(None, description="What runs beside each worktree; `{}`: nothing.")


class Workspace(Common):
    """What worktrees and helpers can say."""

    task: str | None = Field(None, description="What is to be done, in a sentence.")
    modify: Area | None = Field(None, description="Git globs of what may be changed; left out: everything.")
    needs: Names | None = Field(None, description="Siblings that come first.")
    files: FileBodies | None = Field(None, description="More files to write into the tree, by their path in it.")
    helpers: Annotated[dict[str, Annotated[Helper, Body]], Body] | None = Field(
        None, description="The next level.", json_schema_extra=names_shaped(grammar.NAME_PATTERN)
    )


class Helper(Workspace):
    """A helper of a worktree, or of a helper."""

    template: Name | None = Field(None, description="The form of its contract.")
    variables: Annotated[dict[str, Variable], Body] | None = Field(
        None,
        description="Values for the template.",
        json_schema_extra=names_shaped(grammar.IDENTIFIER_PATTERN),
    )
    eager: bool | None = Field(None, description="Make its tree at once, not at its first start.")
    workspace: Literal["tree", "desk"] | None = Field(None, description="`desk`: it works in its parent's tree.")


class Worktree(Workspace):
    """A git worktree on a branch of its own."""

    owner: Owner | None = Field(None, description="An e-mail address; apply takes yours and those of nobody.")
    branch: Branch | None = Field(None, description="Its branch; left out: its name.")
    base: Base | None = Field(None, description="Where a new branch starts; left out: the default branch.")
    path: PathTemplate | None = Field(None, description="Where its tree is; knows `{project}`, `{name}`, `{branch}`.")
    was: Name | None = Field(None, description="Its name until now, when it was renamed.")
    containers: Containers | None = Field(None, description="What runs beside it; `{}`: nothing.")


class Checks(Model):
    """What `orchestra check` is to hold."""

    governed: Globs | None = Field(
        None, description="Globs of branches: one of such a name must be declared, or `check` refuses it."
    )


class Document(Model):
    """An orchestra manifest: which git worktrees there should be, and who works in each."""

    version: Annotated[Literal[1], BeforeValidator(no_truth)] | None = Field(
        None, description="The format of this file."
    )
    project: Name | None = Field(None, description="A name for `{project}` in paths; left out: the directory's name.")
    include: Texts | None = Field(None, description="More files, as globs inside the repository.")
    env: EnvironmentNames | None = Field(None, description="The environment variables that `{env:NAME}` may name.")
    port_range: PortRange | None = Field(None, description="Where numbers for `ports` are taken from: `20000-29999`.")
    check: Annotated[Checks, Body] | None = Field(None, description="What `orchestra check` is to hold.")
    modules: Annotated[dict[str, Module], Body] | None = Field(
        None, description="Names for paths, used as `$name` in areas."
    )
    defaults: Annotated[Defaults, Body] | None = Field(None, description="For every worktree and helper.")
    worktrees: Annotated[dict[str, Annotated[Worktree, Body]], Body] | None = Field(
        None, description="What there should be.", json_schema_extra=names_shaped(grammar.NAME_PATTERN)
    )


def keys_of(model: type[Model]) -> tuple[str, ...]:
    """The keys of a mapping, as they are written."""
    return tuple(field.alias or name for name, field in model.model_fields.items())


def model_at(path: tuple[str | int, ...]) -> type[Model] | None:
    """The model of the mapping at a path of the document; None where keys are free."""
    below = _inside_dependencies(path)
    if below is not None:
        from reconciler.manifest.dependency_models import dependency_model  # noqa: PLC0415 - most manifests have none

        return dependency_model(below)
    if _is_containers(path):
        from reconciler.manifest.containers_models import ContainersBody  # noqa: PLC0415 - most manifests have none

        return ContainersBody
    steps: list[str | int] = list(path)
    model: type[Model] = Document
    while steps:
        key = steps.pop(0)
        following = _INNER.get((model, key))
        if following is None or (following not in _SINGLE and not steps):
            return None
        model = following
        if following not in _SINGLE:
            steps.pop(0)
    return model


def _inside_dependencies(path: tuple[str | int, ...]) -> tuple[str | int, ...] | None:
    """The part of a path behind an entry of `dependencies`; None when it leads elsewhere."""
    for depth, (key, index) in enumerate(pairwise(path)):
        if key == "dependencies" and isinstance(index, int):
            return path[depth + 2 :]
    return None


def _is_containers(path: tuple[str | int, ...]) -> bool:
    is_default, is_own = path == ("defaults", "containers"), path[:1] == ("worktrees",) and path[2:] == ("containers",)
    return is_default or is_own


_SINGLE = (Defaults, Checks)
"""Mappings that stand once at the top, and not once for each name."""

_INNER: Mapping[tuple[type[Model], str | int], type[Model]] = {
    (Document, "defaults"): Defaults,
    (Document, "check"): Checks,
    (Document, "worktrees"): Worktree,
    (Worktree, "helpers"): Helper,
    (Helper, "helpers"): Helper,
    (Worktree, "files"): FileBody,
    (Helper, "files"): FileBody,
}
