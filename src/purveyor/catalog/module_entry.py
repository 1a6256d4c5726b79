"""A module, and what it gets and gives, as the catalog file says it."""

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator

from purveyor.catalog.address import find_address_fault
from purveyor.catalog.strict import Strict
from purveyor.catalog.words import Constraint, ExactVersion, Name, Place, ResourcePattern, Word
from purveyor.step import EngineName


class EngineEntry(Strict):
    """Which engine carries a module out."""

    name: EngineName | None = Field(
        default=None, description="The engine; without it, whichever is found: OpenTofu first."
    )
    version: Constraint | None = Field(
        default=None,
        description='Version constraint such as "~> 1.10"; without it, any that is there.',
    )


class LimitsEntry(Strict):
    """How many resources an update may touch at once."""

    delete: int | None = Field(default=None, ge=0, description="Deleted.")
    forget: int | None = Field(default=None, ge=0, description="Let go of, without being deleted.")
    replace: int | None = Field(default=None, ge=0, description="Replaced.")


class GuardEntry(Strict):
    """What an update must not do."""

    protect: list[ResourcePattern] = Field(
        default=[],
        description="Resource types (`aws_db_instance`) or addresses (`aws_db_instance.main`); of"
        " manifests `Kind/name`, where `*` stands for anything; of Pulumi a type, such as"
        " `aws:rds/instance:Instance`, or with `::` and a name behind it.",
    )
    stateful: bool = Field(
        default=True,
        description="Whether what holds data is protected, too: databases, buckets, volumes, keys"
        " and the like, by a list of resource types.",
    )
    limits: LimitsEntry = Field(
        default=LimitsEntry.model_construct(),
        description="How many resources an update may touch at once; without it, any number.",
    )
    refuse: list[Literal["action", "deposed", "import", "public"]] = Field(
        default=[],
        description="What else is refused: the invocation of an `action`, the deletion of what an"
        " earlier replacement has left (`deposed`), the `import` of what exists, and what opens a"
        " resource to everybody (`public`).",
    )
    ask: Word | None = Field(
        default=None,
        description="Who may allow what is refused, told with the refusal; without it, the"
        " platform team.",
    )


class OutputEntry(Strict):
    """Where an attribute's value comes from."""

    output: Name = Field(description="The module's output.")
    secret: bool = Field(
        default=False,
        description="Whether the attribute is a secret one; sensitive outputs need it.",
    )


def _spell_out(value: object) -> object:
    return {"output": value} if isinstance(value, str) else value


class ComputeEntry(Strict):
    """A variable's value that is worked out."""

    value: str = Field(
        description="Text with `{{ expressions }}`; one expression alone keeps its type."
    )
    once: bool = Field(
        default=False,
        description="Whether it is decided at the first create, and never changes afterwards.",
    )


def _spell_out_template(value: object) -> object:
    return {"value": value} if isinstance(value, str) else value


Compute: TypeAlias = dict[
    Name,
    Annotated[
        ComputeEntry,
        BeforeValidator(_spell_out_template, json_schema_input_type=str | ComputeEntry),
    ],
]


class ModuleEntry(Strict):
    """A module, and what it gets and gives."""

    version: ExactVersion | None = Field(
        default=None, description="Exact version of a module that comes from a registry."
    )
    module: Word | None = Field(
        default=None,
        description=(
            "Folder below the catalog's, or a pinned address: git with `?ref=`, an archive with "
            "`?checksum=`, a registry address with `version`. Without it, the folder by convention."
        ),
    )
    engine: EngineEntry | None = Field(
        default=None, description="The engine; without it, the service's or the catalog's."
    )
    defaults: dict[Name, Any] = Field(
        default={}, description="Variables when nothing else sets them; the weakest."
    )
    variables: dict[Name, Any] = Field(
        default={}, description="Variables that win over attributes and parameters."
    )
    compute: Compute = Field(
        default={},
        description="Variables worked out from the action by a template, or by `{value, once}`;"
        " they win over attributes and parameters.",
    )
    immutable: list[Place] = Field(
        default=[],
        description=(
            "Variables, or places in them (`storage.class`), that no update may change once the "
            "thing exists."
        ),
    )
    outputs: (
        dict[
            Name,
            Annotated[
                OutputEntry,
                BeforeValidator(_spell_out, json_schema_input_type=Name | OutputEntry),
            ],
        ]
        | None
    ) = Field(
        default=None,
        description=(
            "Attribute name to module output. Without it, all outputs that are not sensitive, by "
            "their own names."
        ),
    )
    plan: bool = Field(
        default=False,
        description="Whether every update tells the developer what it will change, resource by"
        " resource and attribute by attribute, before it does.",
    )
    guard: GuardEntry = Field(
        default=GuardEntry.model_construct(), description="What updates must leave alone."
    )

    @field_validator("module")
    @classmethod
    def _refuse_loose_addresses(cls, module: str | None, info: ValidationInfo) -> str | None:
        fault = find_address_fault(module, info.data.get("version")) if module else None
        if fault:
            raise ValueError(fault)
        return module
