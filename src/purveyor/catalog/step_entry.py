"""One of several steps, as the catalog file says it: a module, or a program."""

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from purveyor.catalog.manifests_entry import ManifestsEntry
from purveyor.catalog.module_entry import ComputeEntry, ModuleEntry
from purveyor.catalog.strict import Strict
from purveyor.catalog.words import Duration, Name, Slug, StepName, Word
from purveyor.program import HOSTS


class CommandEntry(Strict):
    """A program that carries out a step."""

    run: list[str] = Field(
        min_length=1,
        description="Program and arguments, started in the catalog's folder; no shell reads them.",
    )
    undo: list[str] = Field(
        default=[], description="What a delete runs; without it, a delete passes the step over."
    )
    plan: list[str] = Field(
        default=[],
        description="What tells before what `run` or `undo` would change, and changes nothing.",
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


class PulumiEntry(Strict):
    """A Pulumi project that carries out a step; its state lies beside the others."""

    project: Word = Field(description="Folder of the project, below the catalog's.")
    stack: Slug | None = Field(
        default=None,
        description="The stack's name; without it, the service's or link's id. Each has a stack of"
        " its own even where all have one name.",
    )
    config: dict[Word, Any] = Field(
        default={},
        description="Configuration such as `aws:region`, over that of the project's own file for"
        " the stack; variables win. A key without `:` is the project's.",
    )
    secrets_provider: Word | None = Field(
        default=None,
        description="Key that encrypts secrets in the state, such as"
        " `awskms://alias/pulumi?region=eu-west-1`; without it, a passphrase does.",
    )
    passphrase_from: Name = Field(
        default="PULUMI_CONFIG_PASSPHRASE",
        description="Environment variable that holds the passphrase.",
    )
    timeout: int = Field(
        default=1800, ge=1, description="Seconds after which Pulumi is asked to stop."
    )


class ApproveEntry(Strict):
    """What a person has to allow before it is done."""

    within: Duration = Field(
        default="24h", description="How long is waited; then the action has failed."
    )
    operations: list[Literal["create", "update", "delete"]] = Field(
        default=["create", "update", "delete"],
        min_length=1,
        description="Which operations have to be allowed.",
    )


def _spell_out(value: object) -> object:
    return {True: {}, False: None}[value] if isinstance(value, bool) else value


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
    manifests: ManifestsEntry | None = Field(
        default=None, description="Kubernetes manifests, in the place of `module`."
    )
    pulumi: PulumiEntry | None = Field(
        default=None, description="A Pulumi project, in the place of `module`."
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

    approve: Annotated[
        ApproveEntry | None,
        BeforeValidator(_spell_out, json_schema_input_type=bool | ApproveEntry),
    ] = Field(
        default=None,
        description="Whether a person has to allow the step: `true`, or `{within, operations}`."
        " Until then the action waits before it; needs a journal.",
    )

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        if [getattr(self, name) for name in _WAYS].count(None) != len(_WAYS) - 1:
            raise ValueError(f"a step has one of {', '.join(f'`{name}`' for name in _WAYS)}")
        if self.module is not None:
            useless = [name for name in ("parameters", "once", "verify") if getattr(self, name)]
        else:
            words = [
                "version",
                "engine",
                "immutable",
                "plan",
                *([] if self.manifests or self.pulumi else ["guard"]),
            ]
            useless = [n for n in words if n in self.model_fields_set]
        if useless:
            other = "a program" if self.module is not None else "a module"
            raise ValueError(f"`{useless[0]}` is for {other}")
        if self.playbook is not None and self.playbook.hosts is not None:
            self.compute[HOSTS] = ComputeEntry(value=self.playbook.hosts)
        if self.manifests is not None:
            self.compute.update(self.manifests.compute())
        return self


_WAYS = ("module", "command", "playbook", "manifests", "pulumi")
