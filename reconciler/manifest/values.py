"""The types of single values in `orchestra.yaml`, and what all its models keep.

The rule: what one value alone can say wrong is found here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, cast

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, JsonValue
from pydantic.fields import FieldInfo
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


def shaped(pattern: str) -> FieldInfo:
    """Tell editors the pattern of a text; what is wrong with one is said by whoever judges it."""
    return cast("FieldInfo", Field(json_schema_extra={"pattern": pattern}))


def names_shaped(pattern: str) -> dict[str, JsonValue]:
    """The same of the names in a mapping, for its field."""
    return {"propertyNames": {"pattern": pattern}}


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


def no_truth(value: object) -> object:
    """`True == 1`, but nobody means it."""
    return str(value) if isinstance(value, bool) else value


def text_is_content(value: object) -> object:
    """A text stands for a file that has it."""
    return {"content": value} if isinstance(value, str) else value


Name = Annotated[str, judged(grammar.name_fault, "a name"), shaped(grammar.NAME_PATTERN)]
Branch = Annotated[str, judged(grammar.branch_fault, "a branch that git accepts")]
Base = Annotated[str, judged(grammar.base_fault, "a branch, tag or commit")]
PathTemplate = Annotated[str, judged(grammar.template_fault, "a path for a tree")]
FilePath = Annotated[str, judged(grammar.file_path_fault, "a path inside the repository")]
EnvironmentName = Annotated[
    str,
    judged(grammar.environment_fault, "the name of an environment variable"),
    shaped(grammar.ENVIRONMENT_PATTERN),
]
PortRange = Annotated[str, judged(grammar.port_range_fault, "a range of ports"), shaped(grammar.PORT_RANGE_PATTERN)]
Glob = Annotated[str, AfterValidator(_check_glob)]
Module = Annotated[Glob, judged(_module_fault, "the path of a module")]
Owner = Annotated[str, judged(lambda text: None if text.strip() else Fault("it is empty", "leave it out"), "an owner")]
Globs = Annotated[list[Glob], BeforeValidator(list_of_one, json_schema_input_type=list[Glob] | str)]
Area = Annotated[Globs, Field(min_length=1)]
Texts = Annotated[list[str], BeforeValidator(list_of_one, json_schema_input_type=list[str] | str)]
Names = Annotated[list[str], BeforeValidator(list_of_one, json_schema_input_type=list[str] | str)]
EnvironmentNames = Annotated[
    list[EnvironmentName], BeforeValidator(list_of_one, json_schema_input_type=list[EnvironmentName] | EnvironmentName)
]
Body = BeforeValidator(nothing_is_empty)
Variable = Annotated[str, BeforeValidator(as_text, json_schema_input_type=str | int | float | bool)]


class Model(BaseModel):
    """What all of them keep: no unknown keys, no conversions."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=True, defer_build=True)
