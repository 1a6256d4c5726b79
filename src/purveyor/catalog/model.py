"""The catalog file's model: what may stand where, and what it means.

The JSON Schema for editors and the reference page are made from this file.
"""

from typing import Annotated, Any, Literal, Self, TypeAlias

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator, model_validator

from purveyor.catalog.address import find_address_fault
from purveyor.catalog.backend import BackendConfig, LocalBackendConfig
from purveyor.catalog.journal_store import JournalStore, find_useless_key
from purveyor.catalog.logins import AzureEntry, GoogleEntry, KeysEntry, TokenEntry
from purveyor.catalog.strict import Strict
from purveyor.catalog.words import (
    Constraint,
    ExactVersion,
    Name,
    Place,
    Region,
    ResourcePattern,
    RoleArn,
    Slug,
    Word,
)

_CHAINED_SECONDS = 3600  # "Role chaining" in the IAM user guide


class AccountEntry(Strict):
    """Where things are built when the dimensions match."""

    match: dict[Name, Word] = Field(
        description="Dimensions that must have these values; `{}` matches everything."
    )
    name: Word | None = Field(
        default=None, description="For people; made from `match` when missing."
    )
    role_arn: RoleArn | None = Field(
        default=None, description="Role to assume; without it, the run's own credentials."
    )
    through: list[RoleArn] = Field(
        default=[], description="Roles to assume before it, each from the one before."
    )
    external_id: Word | None = Field(default=None, description="External id for assuming the role.")
    web_identity: TokenEntry | None = Field(
        default=None, description="Assume the first role with an identity token, not with keys."
    )
    keys: KeysEntry | None = Field(
        default=None, description="Access keys to use instead of the run's own."
    )
    azure: AzureEntry | None = Field(default=None, description="The identity in Azure.")
    google: GoogleEntry | None = Field(default=None, description="The identity in Google Cloud.")
    region: Region | None = Field(
        default=None, description="Region for the engine and its providers."
    )
    session_seconds: int = Field(
        default=3600, ge=900, le=43200, description="Length of the assumed session, in seconds."
    )
    variables: dict[Name, Any] = Field(
        default={},
        description=(
            "Variables for every module that declares them; they win over everything else."
        ),
    )

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        if self.role_arn is None and (self.through or self.web_identity):
            raise ValueError("`through` and `web_identity` need `role_arn`, the role to end in")
        if self.web_identity is not None and self.keys is not None:
            raise ValueError("`web_identity` and `keys` exclude each other")
        if self.web_identity is not None and self.external_id and not self.through:
            raise ValueError("`external_id` has no use where a token opens the only role")
        if self.through and self.session_seconds > _CHAINED_SECONDS:
            raise ValueError("a role that is assumed from another one lasts 3600 seconds at most")
        return self


class EngineEntry(Strict):
    """Which engine carries a module out."""

    name: Literal["terraform", "opentofu"] | None = Field(
        default=None, description="The engine; without it, whichever is found: OpenTofu first."
    )
    version: Constraint | None = Field(
        default=None,
        description='Version constraint such as "~> 1.10"; without it, any that is there.',
    )


class GuardEntry(Strict):
    """What an update must not delete or replace."""

    protect: list[ResourcePattern] = Field(
        default=[],
        description="Resource types (`aws_db_instance`) or addresses (`aws_db_instance.main`).",
    )


class OutputEntry(Strict):
    """Where an attribute's value comes from."""

    output: Name = Field(description="The module's output.")
    secret: bool = Field(
        default=False,
        description="Whether the attribute is a secret one; sensitive outputs need it.",
    )


class ActionEntry(Strict):
    """A custom action's program."""

    run: list[str] = Field(
        min_length=1,
        description="Program and arguments, started in the catalog's folder; no shell reads them.",
    )
    timeout: int = Field(
        default=300, ge=1, description="Seconds after which the program is killed."
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


class Entry(Strict):
    """How one service or link specification is served."""

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
    guard: GuardEntry = Field(
        default=GuardEntry.model_construct(), description="What updates must leave alone."
    )
    actions: dict[Slug, ActionEntry] = Field(
        default={},
        description="Custom actions by their specification's slug; also `archive` and `unarchive`,"
        " which need no program.",
    )
    lock_timeout: int | None = Field(
        default=None,
        ge=0,
        description="Seconds to wait for a held state lock; without it, the setting's.",
    )

    @field_validator("module")
    @classmethod
    def _refuse_loose_addresses(cls, module: str | None, info: ValidationInfo) -> str | None:
        fault = find_address_fault(module, info.data.get("version")) if module else None
        if fault:
            raise ValueError(fault)
        return module


class ServiceEntry(Entry):
    """How one service specification is served, and the links to it."""

    links: dict[Slug, Entry] = Field(
        default={}, description="Links by their specification's slug; `default` serves any other."
    )


class CatalogModel(Strict):
    """The whole catalog."""

    version: Literal[1] = Field(description="The format's version.")
    backend: BackendConfig = Field(
        default=LocalBackendConfig.model_construct(),
        description="Where states live; without it, a folder of this machine.",
    )
    journal: JournalStore | None = Field(
        default=None,
        description="Where the journal lies; without it, beside the states, if the backend keeps"
        " one.",
    )
    keep_secrets: bool = Field(
        default=True,
        description="Whether secret variables may be kept beside the state, which holds them in"
        " clear, too; without them they have to be given again with every update.",
    )
    engine: EngineEntry = Field(
        default=EngineEntry.model_construct(),
        description="The engine where an entry names none; whichever is found without it.",
    )
    accounts: list[AccountEntry] = Field(
        default=[],
        description="By dimensions; the most specific match wins, and a tie is an error.",
    )
    ignore_parameters: list[Word] = Field(
        default=[],
        description="Parameters that no module gets and no check sees, such as what another tool"
        " adds to each action.",
    )
    services: dict[Slug, ServiceEntry] = Field(
        default={}, description="Services by their specification's slug."
    )

    @field_validator("journal")
    @classmethod
    def _keep_no_states(cls, journal: JournalStore | None) -> JournalStore | None:
        useless = None if journal is None else find_useless_key(journal)
        if useless is not None:
            raise ValueError(f"`{useless}` has no use for a journal")
        return journal
