"""The shape of `orchestra.yaml`, as pydantic models: which keys there are, what each holds.

The rule: what one key alone can say wrong is found here; what concerns several keys or several worktrees is not.
The field descriptions are the ones of the JSON Schema.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from reconciler.boundaries import pattern
from reconciler.boundaries.refusal import PatternError
from reconciler.manifest import grammar
from reconciler.manifest.grammar import Fault
from reconciler.manifest.nodes import MISSING
from reconciler.model.variables import ENVIRONMENT

FAULT = "fault"
"""The type of our own errors; their context has `message`, `hint` and `offset`."""


def judged(judge: Callable[[str], Fault | None], what: str) -> AfterValidator:
    """Have a text judged; `what` is what it should be."""

    def check(text: str) -> str:
        if ENVIRONMENT.search(text):
            hint = "it is read in `task`, `variables`, `done_when` and the text of `files`"
            raise error_of(Fault(f"`{{env:…}}` cannot stand in {what.partition(' that')[0]}", hint))
        fault = judge(text)
        if fault:
            raise error_of(Fault(f"{{quoted}} is not {what}: {fault.message}", fault.hint, fault.offset))
        return text

    return AfterValidator(check)


def error_of(fault: Fault) -> PydanticCustomError:
    """Write a fault as pydantic takes it."""
    return PydanticCustomError(FAULT, "fault", {"message": fault.message, "hint": fault.hint, "offset": fault.offset})


def _check_glob(text: str) -> str:
    if ENVIRONMENT.search(text):
        raise error_of(Fault("`{env:…}` cannot stand in a pattern", "write the path itself"))
    try:
        pattern.parse(text)
    except PatternError as error:
        raise error_of(Fault(error.message, error.hint, error.offset)) from error
    return text


def _module_fault(text: str) -> Fault | None:
    if text.startswith("$"):
        return Fault("a module cannot stand for another module", "write the path itself")
    return None


def list_of_one(value: object) -> object:
    """A text where a list may be stands for a list of it."""
    return [value] if isinstance(value, str) else value


def nothing_is_empty(value: object) -> object:
    """A mapping that is left empty."""
    return {} if value is MISSING else value


def as_text(value: object) -> object:
    """Numbers and truth values are taken as they are written, which the loader reads from the node."""
    return str(value) if isinstance(value, bool | int | float) else value


def _no_truth(value: object) -> object:
    """`True == 1`, but nobody means it."""
    return str(value) if isinstance(value, bool) else value


def _text_is_content(value: object) -> object:
    return {"content": value} if isinstance(value, str) else value


Name = Annotated[str, judged(grammar.name_fault, "a name")]
Branch = Annotated[str, judged(grammar.branch_fault, "a branch that git accepts")]
Base = Annotated[str, judged(grammar.base_fault, "a branch, tag or commit")]
PathTemplate = Annotated[str, judged(grammar.template_fault, "a path for a tree")]
FilePath = Annotated[str, judged(grammar.file_path_fault, "a path inside the repository")]
EnvironmentName = Annotated[str, judged(grammar.environment_fault, "the name of an environment variable")]
PortRange = Annotated[str, judged(grammar.port_range_fault, "a range of ports")]
Glob = Annotated[str, AfterValidator(_check_glob)]
Module = Annotated[Glob, judged(_module_fault, "the path of a module")]
Owner = Annotated[str, judged(lambda text: None if text.strip() else Fault("it is empty", "leave it out"), "an owner")]
Globs = Annotated[list[Glob], BeforeValidator(list_of_one, json_schema_input_type=list[Glob] | str)]
Area = Annotated[Globs, Field(min_length=1)]
Texts = Annotated[list[str], BeforeValidator(list_of_one, json_schema_input_type=list[str] | str)]
Names = Annotated[list[str], BeforeValidator(list_of_one, json_schema_input_type=list[str] | str)]
EnvironmentNames = Annotated[
    list[EnvironmentName], BeforeValidator(list_of_one, json_schema_input_type=list[EnvironmentName] | str)
]
Body = BeforeValidator(nothing_is_empty)
Variable = Annotated[str, BeforeValidator(as_text, json_schema_input_type=str | int | float | bool)]


class Model(BaseModel):
    """What all of them keep: no unknown keys, no conversions."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=True, defer_build=True)


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
    dict[str, Annotated[FileBody, BeforeValidator(_text_is_content, json_schema_input_type=FileBody | str)]], Body
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
    helpers: Annotated[dict[str, Annotated[Helper, Body]], Body] | None = Field(None, description="The next level.")


class Helper(Workspace):
    """A helper of a worktree, or of a helper."""

    template: Name | None = Field(None, description="The form of its contract.")
    variables: Annotated[dict[str, Variable], Body] | None = Field(None, description="Values for the template.")
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

    version: Annotated[Literal[1], BeforeValidator(_no_truth)] | None = Field(
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
        None, description="What there should be."
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
