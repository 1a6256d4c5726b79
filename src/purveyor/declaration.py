"""What a module declares, as data: its variables with their types, and its outputs."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, TypeAlias

from purveyor.dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from purveyor.json_text import JsonValue

# What Purveyor offers every module; a developer is not asked for it.
OFFERED = frozenset(
    {
        *("action_id", "service_id", "service_slug", "service_name", "link_id", "link_slug"),
        *("entity_nrn", "dimensions", "tags", "purveyor", "service_outputs", "steps"),
    }
)


@dataclass(frozen=True, slots=True)
class Primitive:
    """`string`, `number`, `bool` or `any`."""

    name: str


@dataclass(frozen=True, slots=True)
class Collection:
    """`list(T)`, `set(T)` or `map(T)`; `name` is the keyword."""

    name: str
    element: TypeConstraint


@dataclass(frozen=True, slots=True)
class Tuple:
    """`tuple([A, B])`."""

    elements: tuple[TypeConstraint, ...]


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute of an object type; `optional` when declared `optional(T)` or with a default."""

    type: TypeConstraint
    optional: bool = False
    default: JsonValue = None


@dataclass(frozen=True, slots=True)
class Object:
    """`object({...})`."""

    attributes: Mapping[str, Attribute]


TypeConstraint: TypeAlias = "Primitive | Collection | Tuple | Object"


@dataclass(frozen=True, slots=True)
class Validation:
    """A rule that the engine checks: its condition in HCL, and what is said when it fails."""

    condition: str
    message: str = ""


@dataclass(frozen=True, slots=True)
class Variable:
    """One `variable` block. `required` means: no default, and no file of the module's sets it.

    `name` is in NFC, `spelling` the module's. `line` counts from 1, 0 when unknown.
    """

    name: str
    type: TypeConstraint
    required: bool
    default: JsonValue = None
    nullable: bool = True
    sensitive: bool = False
    ephemeral: bool = False
    description: str = ""
    file: str = ""
    line: int = 0
    spelling: str = ""
    validations: tuple[Validation, ...] = ()


@dataclass(frozen=True, slots=True)
class ModuleOutput:
    """One `output` block."""

    name: str
    sensitive: bool = False
    description: str = ""


@dataclass(frozen=True, slots=True)
class ModuleCall:
    """One `module` block; `source` is empty when it cannot be read. `place` as `main.tf:5`."""

    name: str
    source: str
    arguments: frozenset[str]
    place: str


@dataclass(frozen=True, slots=True)
class ModuleInterface:
    """Everything a root module takes and gives, by name.

    `set_by` names for a variable the file of the module's own (`terraform.tfvars`) that sets it;
    `resources` are addresses, `required_versions` constraints on the engine, `doubts` what may be
    a fault: the engine judges it.
    """

    path: Path
    variables: Mapping[str, Variable]
    outputs: Mapping[str, ModuleOutput]
    set_by: Mapping[str, str] = field(default_factory=dict)
    calls: tuple[ModuleCall, ...] = ()
    resources: frozenset[str] = frozenset()
    required_versions: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    backend: Mapping[str, JsonValue] = field(default_factory=dict)  # with its `type`

    def spell(self, values: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
        """Give values under the variables' names as the module spells them."""
        return {self.variables[name].spelling or name: each for name, each in values.items()}


def find_lost_place(constraint: TypeConstraint, path: Sequence[str]) -> str:
    """Return the part of a path that a type has no place for; empty when there may be one."""
    for part in path:
        match constraint:
            case Object(attributes) if part in attributes:
                constraint = attributes[part].type
            case Collection("map", element):
                constraint = element
            case Primitive("any"):
                return ""
            case _:
                return part
    return ""
