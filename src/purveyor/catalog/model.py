"""The catalog file's model: what may stand where, and what it means.

The JSON Schema for editors and the reference page are made from this file.
"""

from typing import Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from purveyor.catalog.backend import BackendConfig, GitlabBackendConfig, LocalBackendConfig
from purveyor.catalog.entries import Entry, ServiceEntry
from purveyor.catalog.journal_store import JournalStore, find_useless_key
from purveyor.catalog.logins import AzureEntry, GoogleEntry, KeysEntry, TokenEntry
from purveyor.catalog.module_entry import EngineEntry
from purveyor.catalog.strict import Strict
from purveyor.catalog.words import (
    Name,
    Region,
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
    trace: bool = Field(default=False, description="Tell the platform's tracing API of each run.")
    services: dict[Slug, ServiceEntry] = Field(
        default={}, description="Services by their specification's slug."
    )

    @property
    def entries(self) -> list[Entry]:
        """All services and links that the file names."""
        return [e for each in self.services.values() for e in (each, *each.links.values())]

    @field_validator("journal")
    @classmethod
    def _keep_no_states(cls, journal: JournalStore | None) -> JournalStore | None:
        useless = None if journal is None else find_useless_key(journal)
        if useless is not None:
            raise ValueError(f"`{useless}` has no use for a journal")
        return journal

    @model_validator(mode="after")
    def _name_further_states(self) -> Self:
        most = max((sum(s.module is not None for s in e.steps) for e in self.entries), default=0)
        if most > 1 and isinstance(self.backend, GitlabBackendConfig):
            raise ValueError("GitLab takes no dot in a state's name: one step can have a `module`")
        return self
