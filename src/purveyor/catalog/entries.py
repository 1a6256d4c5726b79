"""How services and links are served, as the catalog file says it."""

from typing import Annotated, Any, Self, TypeAlias

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator, model_validator

from purveyor.catalog.address import find_address_fault
from purveyor.catalog.strict import Strict
from purveyor.catalog.words import (
    Constraint,
    ExactVersion,
    Name,
    Place,
    ResourcePattern,
    Slug,
    StepName,
    Word,
)
from purveyor.step import HOSTS, EngineName


class EngineEntry(Strict):
    """Which engine carries a module out."""

    name: EngineName | None = Field(
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


class CommandEntry(Strict):
    """A program that carries out a step."""

    run: list[str] = Field(
        min_length=1,
        description="Program and arguments, started in the catalog's folder; no shell reads them.",
    )
    undo: list[str] = Field(
        default=[], description="What a delete runs; without it, a delete passes the step over."
    )
    timeout: int = Field(
        default=300, ge=1, description="Seconds after which the program is killed."
    )


class PlaybookEntry(Strict):
    """An Ansible playbook that carries out a step."""

    run: Word = Field(description="The playbook, below the catalog's folder, where it starts.")
    undo: Word | None = Field(
        default=None,
        description="The playbook that a delete runs; without it, a delete passes the step over.",
    )
    hosts: str | None = Field(
        default=None,
        description="Names or addresses with commas between them, or one `{{ expression }}` that"
        " gives a list, or a mapping of names to their variables.",
    )
    inventory: Word | None = Field(
        default=None,
        description="An inventory below the catalog's folder, in the place of `hosts`.",
    )
    timeout: int = Field(
        default=1800, ge=1, description="Seconds after which the playbook is asked to stop."
    )

    @model_validator(mode="after")
    def _choose_hosts(self) -> Self:
        if self.hosts is not None and self.inventory is not None:
            raise ValueError("a playbook has either `hosts` or an `inventory`")
        return self


class StepEntry(ModuleEntry):
    """One of several steps: a module with an engine, or a program."""

    name: StepName | None = Field(
        default=None,
        description="What other steps know it by (`steps.<name>`), and what its state is called"
        " by; the first step may do without. It never changes once something was built.",
    )
    command: CommandEntry | None = Field(
        default=None, description="A program, in the place of `module`."
    )
    playbook: PlaybookEntry | None = Field(
        default=None, description="An Ansible playbook, in the place of `module`."
    )
    parameters: list[Word] = Field(
        default=[],
        description="Parameters that the program takes and no module of the entry declares; it"
        " gets all others, too.",
    )
    once: bool = Field(
        default=False,
        description="Whether the program is passed over once it has worked for an entity; needs"
        " a journal.",
    )
    verify: bool = Field(
        default=False,
        description="Whether the program runs after all other steps and decides whether the action"
        " may be called a success.",
    )

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        if [self.module, self.command, self.playbook].count(None) != 2:  # noqa: PLR2004 - all but one
            raise ValueError("a step has one of `module`, `command` and `playbook`")
        if self.module is not None:
            useless = [name for name in ("parameters", "once", "verify") if getattr(self, name)]
        else:
            given = self.model_fields_set
            useless = [n for n in ("version", "engine", "immutable", "guard") if n in given]
        if useless:
            other = "a command or a playbook" if self.module is not None else "a module"
            raise ValueError(f"`{useless[0]}` is for {other}")
        if self.playbook is not None and self.playbook.hosts is not None:
            self.compute[HOSTS] = ComputeEntry(value=self.playbook.hosts)
        return self


class Entry(ModuleEntry):
    """How one service or link specification is served."""

    steps: list[StepEntry] = Field(
        default=[],
        description="Several steps in the place of one module, in order; a delete goes backwards.",
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

    @model_validator(mode="after")
    def _choose_one_way(self) -> Self:
        both = [name for name in ModuleEntry.model_fields if name in self.model_fields_set]
        if self.steps and both:
            raise ValueError(f"`{both[0]}` stands in the steps, where there are `steps`")
        names = [each.name for each in self.steps]
        if None in names[1:] or (self.steps and names[0] is None and not self.steps[0].module):
            raise ValueError("every step but a first module needs a `name`")
        if len(set(names)) < len(names):
            raise ValueError("two steps have the same `name`")
        if self.steps and all(each.module is None for each in self.steps):
            raise ValueError("one of the steps needs a `module`: a service is known by its state")
        return self


class ServiceEntry(Entry):
    """How one service specification is served, and the links to it."""

    links: dict[Slug, Entry] = Field(
        default={}, description="Links by their specification's slug; `default` serves any other."
    )
