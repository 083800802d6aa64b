"""The shape of the key `containers`, apart from all others: most manifests have none, and need not wait for it."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, TypeAdapter

from reconciler.manifest import grammar
from reconciler.manifest.grammar import Fault
from reconciler.manifest.values import FilePath, Model, Texts, as_text, judged

Duration = Annotated[
    str, BeforeValidator(as_text, json_schema_input_type=str), judged(grammar.duration_fault, "a length of time")
]
Policy = Literal["remove", "keep", "archive"]


def _word_fault(text: str) -> Fault | None:
    """The client of the engine gets it as a word of its own, which must not be read as an option."""
    if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.:/@%\[\]+-]*", text):
        return None
    return Fault("it holds what neither of them has", "write letters, digits and `_.:/@-`")


Word = Annotated[str, judged(_word_fault, "a name or an address")]


def _for_all(value: object) -> object:
    return {"": value} if isinstance(value, str) else value


class ContainersBody(Model):
    """The containers of a worktree: a Compose file, or services in the same format."""

    compose: FilePath | None = Field(None, description="A Compose file of the repository.")
    services: dict[str, Any] | None = Field(None, description="Services in the Compose format, instead of a file.")
    env_file: FilePath | None = Field(None, description="The file in the tree that tells the project and its ports.")
    profiles: Texts | None = Field(None, description="Profiles of the file that are to be there too.")
    pull: Literal["missing", "always", "never"] | None = Field(
        None, description="When images are pulled; left out: as the file says, else `missing`."
    )
    timeout: Duration | None = Field(None, description="How long it may take until all work, for example `2m`.")
    volumes: (
        Annotated[dict[str, Policy], BeforeValidator(_for_all, json_schema_input_type=dict[str, Policy] | Policy)]
        | None
    ) = Field(None, description="What becomes of volumes when they go, of all or by name; left out: `archive`.")
    engine: Literal["docker", "swarm"] | None = Field(
        None, description="`swarm`: a stack on the swarm that the engine manages; left out: `docker`."
    )
    context: Word | None = Field(None, description="A context of the client: the engine of another machine.")
    host: Word | None = Field(None, description="Where the engine listens, for example `ssh://me@host`.")


def validate_containers(value: object) -> object:
    """Judge the key; errors are told as those of the document that it stands in.

    Raises:
        ValidationError: something in it is wrong.
    """
    return ADAPTER.validate_python(value)


ADAPTER: TypeAdapter[ContainersBody] = TypeAdapter(ContainersBody)
