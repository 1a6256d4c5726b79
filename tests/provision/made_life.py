"""The life of one service without an engine or a network: module, platform and memory as values."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, cast

from purveyor.action import ActionContext, Entity, Kind, Operation, Specification
from purveyor.catalog import Recipe
from purveyor.catalog.backend import LocalBackend
from purveyor.catalog.recipe import Account
from purveyor.errors import ReasonCode
from purveyor.journal import Secrets
from purveyor.journal.capsule import read_capsule, write_capsule
from purveyor.outcome import Outcome, Status
from purveyor.provision.remembering import draft_capsule, finish_capsule
from purveyor.provision.results import HandingOn, sort_outputs
from purveyor.provision.starting_point import find_starting_point
from purveyor.provision.variables import settle_variables
from purveyor.redaction import Redactor
from purveyor.reporter import Standing
from purveyor.reporter.parcel import Known, pack
from purveyor.reporter.specification import is_secret
from purveyor.state_key import OutputValue
from purveyor.step import EngineRequirement, StepResult

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from purveyor.catalog.recipe import OutputRule
    from purveyor.declaration import ModuleInterface
    from purveyor.journal import Capsule
    from purveyor.json_text import JsonObject, JsonValue
    from purveyor.provision.memory import Memory

_THING = Specification("1", "thing")


@dataclass
class Remembered:
    """What a journal keeps of the service."""

    capsule: Capsule | None = None
    secrets: Secrets = field(default_factory=Secrets)

    def recall_living(self) -> Capsule | None:
        return self.capsule

    def recall_secrets(self, capsule: Capsule) -> Secrets:
        return self.secrets if capsule.withheld else Secrets()


@dataclass
class Life:
    """One service; `give` is its module: from all variables to all outputs."""

    folder: Path
    interface: ModuleInterface
    give: Callable[[Mapping[str, JsonValue]], Mapping[str, JsonValue]]
    specification: dict[str, JsonObject]
    rules: Mapping[str, OutputRule] | None = None
    keep_secrets: bool = True
    attributes: dict[str, JsonValue] = field(default_factory=dict)
    memory: Remembered = field(default_factory=Remembered)

    def run(self, operation: Operation, parameters: JsonObject) -> dict[str, JsonValue]:
        """Carry one action out; return what the module was given, its defaults filled in."""
        known = self.specification
        shown = {n: None if is_secret(known[n]) else v for n, v in self.attributes.items()}
        context = self._context(operation, shown, parameters)
        standing = Standing("pending", shown, None, asked=True, specification=known)
        start = find_starting_point(context, cast("Memory", self.memory), self.interface, standing)
        recipe = Recipe(
            root=self.folder,
            engine=EngineRequirement("opentofu"),
            backend=LocalBackend(),
            account=Account(),
            outputs=self.rules,
        )
        settled = settle_variables(
            context,
            recipe,
            self.interface,
            standing=standing,
            service_outputs={},
            start=start,
            is_secret=lambda _: False,
        )
        given = {n: v.default for n, v in self.interface.variables.items() if not v.required}
        given |= settled.variables
        if operation is Operation.DELETE:
            return given
        handing_on = HandingOn(
            self.rules,
            variables=self.interface.variables.keys(),
            applied=settled.variables,
            specification=known,
            secret=[v for n, v in settled.variables.items() if n in settled.secret],
        )
        outputs = {name: OutputValue(value) for name, value in self.give(given).items()}
        results = sort_outputs(outputs, handing_on, Redactor())
        before = self.memory.capsule
        outcome = Outcome(
            Status.SUCCESS,
            ReasonCode.DONE,
            0,
            "Done.",
            results=results.public,
            secrets=results.secrets,
            shown_before=()
            if before is None
            else tuple(n for n in (*before.shown, *before.shown_secrets) if n not in given),
        )
        parcel = pack(outcome, operation, Known(results=known, attributes=known))
        asked = {name: value for name, value in parameters.items() if name in known}
        self.attributes |= {**asked, **parcel.attributes, **parcel.secrets}
        draft = draft_capsule(
            context, recipe, settled, module=self.folder / "m", workspace=self.folder
        )
        capsule = finish_capsule(
            draft,
            StepResult((), outputs),
            results,
            module=self.folder / "m",
            state_key="",
            lineage="",
            at=1.0,
        )
        self.memory.capsule = read_capsule(write_capsule(capsule))
        if self.keep_secrets:
            private = {n: v for n, v in settled.asked.items() if n in settled.private}
            self.memory.secrets = Secrets(settled.withheld, private)
        return given

    def _context(
        self, operation: Operation, attributes: JsonObject, parameters: JsonObject
    ) -> ActionContext:
        entity = Entity(Kind.SERVICE, "s-1", "news", _THING, attributes=attributes)
        return replace(_CONTEXT, operation=operation, service=entity, parameters=parameters)


_CONTEXT = ActionContext(
    id="a-1",
    slug="",
    name="",
    operation=Operation.CREATE,
    status="pending",
    specification=_THING,
    service=Entity(Kind.SERVICE, "s-1", "news", _THING),
    link=None,
    parameters={},
    tags={},
    entity_nrn=None,
    requested_by=None,
    digest="",
)
