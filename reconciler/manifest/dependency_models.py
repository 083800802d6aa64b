"""The shape of the key `dependencies`, apart from all others: most manifests have none, and need not wait for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BeforeValidator, ConfigDict, Field, TypeAdapter

from reconciler.manifest import grammar
from reconciler.manifest.grammar import Fault
from reconciler.manifest.problems import nearest
from reconciler.manifest.values import Body, FilePath, Globs, Model, Variable, as_text, error_of, judged, list_of_one

Duration = Annotated[
    str, BeforeValidator(as_text, json_schema_input_type=str), judged(grammar.duration_fault, "a length of time")
]
Command = Annotated[str, judged(lambda text: None if text.strip() else Fault("it is empty", "write one"), "a command")]
Word = Annotated[
    str,
    judged(
        lambda text: (
            Fault("it begins with `-`, so the program would take it for an option", "write the name alone")
            if text.startswith("-")
            else None
        ),
        "taken here",
    ),
]
Words = Annotated[list[Word], BeforeValidator(list_of_one, json_schema_input_type=list[Word] | str)]
ProviderName = Literal["auto", "inherit", "pnpm", "npm", "yarn", "bun", "uv", "pip", "poetry", "cargo", "go"]


class AutoOptions(Model):
    """Who installs is what the lock files at the top of the tree say; there is nothing to choose."""


class ProviderOptions(Model):
    """What every provider takes."""

    project: FilePath | None = Field(None, description="The directory of the project; left out: the top.")
    timeout: Duration | None = Field(None, description="How long a command may take, for example `5m`.")


class NpmOptions(ProviderOptions):
    """What providers with workspaces take."""

    filter: Words | None = Field(None, description="Only these members of the workspace.")


class PnpmOptions(NpmOptions):
    """What providers take that link files from a cache."""

    link: Literal["hardlink", "copy"] | None = Field(
        None, description="`copy`: installed files may be edited without changing those of other trees."
    )


class PoetryOptions(ProviderOptions):
    """What providers with groups take."""

    group: Words | None = Field(None, description="These groups too.")


class UvOptions(PoetryOptions):
    """What uv takes."""

    link: Literal["hardlink", "copy"] | None = Field(
        None, description="`copy`: installed files may be edited without changing those of other trees."
    )


class PipOptions(ProviderOptions):
    """What pip takes."""

    requirements: Words | None = Field(None, description="Files of requirements; left out: `requirements.txt`.")


class DependencyBody(Model):
    """One thing to install, or one command to run."""

    auto: Annotated[AutoOptions, Body] | None = Field(None, description="What the lock files at the top say.")
    inherit: Annotated[AutoOptions, Body] | None = Field(None, description="For helpers: what the parent has.")
    pnpm: Annotated[PnpmOptions, Body] | None = Field(None, description="`pnpm install --frozen-lockfile`.")
    npm: Annotated[NpmOptions, Body] | None = Field(None, description="`npm ci`.")
    yarn: Annotated[ProviderOptions, Body] | None = Field(None, description="`yarn install`, frozen.")
    bun: Annotated[PnpmOptions, Body] | None = Field(None, description="`bun install --frozen-lockfile`.")
    uv: Annotated[UvOptions, Body] | None = Field(None, description="`uv sync --locked`.")
    pip: Annotated[PipOptions, Body] | None = Field(None, description="A virtual environment with requirements.")
    poetry: Annotated[PoetryOptions, Body] | None = Field(None, description="`poetry sync`.")
    cargo: Annotated[ProviderOptions, Body] | None = Field(None, description="`cargo fetch --locked`.")
    go: Annotated[ProviderOptions, Body] | None = Field(None, description="`go mod download`.")
    run: Command | None = Field(None, description="A command for a shell, run when its inputs changed.")
    inputs: Globs | None = Field(None, description="Git globs of what `run` reads.")
    outputs: Globs | None = Field(None, description="Git globs of what `run` has to make.")
    timeout: Duration | None = Field(None, description="How long `run` may take, for example `5m`.")
    env: Annotated[dict[str, Variable], Body] | None = Field(
        None, description="Variables that `run` gets; values may name `{env:NAME}`."
    )


_OF_RUN = frozenset({"inputs", "outputs", "timeout", "env"})
PROVIDER_KEYS = tuple(name for name in DependencyBody.model_fields if name not in _OF_RUN)
"""What an entry of `dependencies` is named by: exactly one of them."""


def _named_provider(value: object) -> object:
    if not isinstance(value, str):
        return value
    if value not in PROVIDER_KEYS or value == "run":
        known = [name for name in PROVIDER_KEYS if name != "run"]
        hint = "write `run: COMMAND`" if value == "run" else nearest(value, known) or f"known: {', '.join(known)}"
        raise error_of(Fault("unknown provider {quoted}", hint))
    return {value: {}}


def _list_of_one(value: object) -> object:
    return [value] if isinstance(value, str | dict) else value


_NamedBody = Annotated[
    DependencyBody, BeforeValidator(_named_provider, json_schema_input_type=DependencyBody | ProviderName)
]
Dependencies = Annotated[
    list[_NamedBody],
    BeforeValidator(_list_of_one, json_schema_input_type=list[_NamedBody] | DependencyBody | ProviderName),
]


def validate_dependencies(value: object) -> object:
    """Judge a list of dependencies; errors are told as those of the document that it stands in.

    Raises:
        ValidationError: something in it is wrong.
    """
    return ADAPTER.validate_python(value)


def dependency_model(below: tuple[str | int, ...]) -> type[Model] | None:
    """The model of the mapping at a path below an entry."""
    if not below:
        return DependencyBody
    return OPTIONS.get(str(below[0])) if len(below) == 1 else None


ADAPTER: TypeAdapter[list[DependencyBody]] = TypeAdapter(Dependencies, config=ConfigDict(strict=True))
OPTIONS: Mapping[str, type[Model]] = {
    "auto": AutoOptions,
    "inherit": AutoOptions,
    "pnpm": PnpmOptions,
    "npm": NpmOptions,
    "yarn": ProviderOptions,
    "bun": PnpmOptions,
    "uv": UvOptions,
    "pip": PipOptions,
    "poetry": PoetryOptions,
    "cargo": ProviderOptions,
    "go": ProviderOptions,
}
