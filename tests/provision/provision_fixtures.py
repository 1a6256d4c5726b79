"""The life of one service without an engine or a network: module, platform and memory as values."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from purveyor.action import ActionContext, Entity, Kind, Operation, Specification
from purveyor.catalog import StepRecipe
from purveyor.catalog.recipe import Account, ComputeRule
from purveyor.errors import ReasonCode
from purveyor.journal import Secrets
from purveyor.journal.capsule import read_capsule, write_capsule
from purveyor.outcome import Outcome, Status
from purveyor.provision.computed import Computation
from purveyor.provision.recorded_recipe import draft_capsule, finish_capsule
from purveyor.provision.results import HandingOn, sort_outputs
from purveyor.provision.starting_point import find_starting_point
from purveyor.provision.variables import resolve_variables
from purveyor.redaction import Redactor
from purveyor.reporter import ActionSnapshot
from purveyor.reporter.payload import KnownSchemas, split_results
from purveyor.reporter.specification import is_secret
from purveyor.state_key import OutputValue
from purveyor.step import EngineRequirement, StepResult

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from purveyor.attempt import EntityRecord
    from purveyor.catalog.recipe import OutputRule
    from purveyor.declaration import ModuleInterface
    from purveyor.journal import Capsule
    from purveyor.json_text import JsonObject, JsonValue
    from purveyor.provision.results import Results
    from purveyor.provision.variables import ResolvedVariables

_THING = Specification("1", "thing")


@dataclass
class Remembered:
    """What a journal keeps of the service."""

    capsule: Capsule | None = None
    secrets: Secrets = field(default_factory=Secrets)
    begun: Mapping[str, JsonValue] = field(default_factory=dict)

    def recall_living(self, _step: str = "") -> Capsule | None:
        return self.capsule

    def recall_computed(self, _step: str = "") -> Mapping[str, JsonValue]:
        return self.capsule.computed if self.capsule else self.begun

    def recall_secrets(self, capsule: Capsule, _step: str = "") -> Secrets:
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
    tells_secrets: bool = False
    compute: Mapping[str, ComputeRule] = field(default_factory=dict)
    name: str = "News"
    attributes: dict[str, JsonValue] = field(default_factory=dict)
    memory: Remembered = field(default_factory=Remembered)
    settled: ResolvedVariables = field(init=False)

    def run(self, operation: Operation, parameters: JsonObject) -> dict[str, JsonValue]:
        """Carry one action out; return what the module was given, its defaults filled in."""
        known = self.specification
        hidden = set() if self.tells_secrets else {n for n in known if is_secret(known[n])}
        shown = {n: None if n in hidden else v for n, v in self.attributes.items()}
        context = self._context(operation, shown, parameters)
        snapshot = ActionSnapshot("pending", shown, None, asked=True, specification=known)
        snapshot = replace(snapshot, service_name=self.name)
        self.settled = settled = self._settle(context, snapshot)
        given = {n: v.default for n, v in self.interface.variables.items() if not v.required}
        given |= settled.variables
        if operation is not Operation.DELETE:
            self._hand_on(context, settled, given)
        return given

    @property
    def step(self) -> StepRecipe:
        """What the catalog says."""
        engine = EngineRequirement("opentofu")
        return StepRecipe(engine, outputs=self.rules, compute=self.compute)

    def _settle(self, context: ActionContext, snapshot: ActionSnapshot) -> ResolvedVariables:
        memory = cast("EntityRecord", self.memory)
        return resolve_variables(
            context,
            self.step,
            self.interface,
            snapshot=snapshot,
            start=find_starting_point(context, memory, self.interface, snapshot),
            is_secret=lambda _: False,
            computation=Computation(
                self.compute, Account(region="us-east-1"), recall=self.memory.recall_computed
            ),
        )

    def _hand_on(
        self, context: ActionContext, settled: ResolvedVariables, given: Mapping[str, JsonValue]
    ) -> None:
        """Show the results, and remember what was applied."""
        handing_on = HandingOn(
            self.rules,
            variables=self.interface.variables.keys(),
            applied=settled.variables,
            specification=self.specification,
            secret=[v for n, v in settled.variables.items() if n in settled.secret],
        )
        outputs = {name: OutputValue(value) for name, value in self.give(given).items()}
        results = sort_outputs(outputs, handing_on, Redactor())
        self._show(context, results)
        module = self.folder / "m"
        draft = draft_capsule(
            context,
            self.step,
            cast("Any", SimpleNamespace(own=())),
            module=module,
            workspace=self.folder,
        )
        done = StepResult((), outputs)
        capsule = finish_capsule(draft, settled, done, results, state_key="", lineage="", at=1.0)
        self.memory.capsule = read_capsule(write_capsule(capsule))
        if self.keep_secrets:
            private = {n: v for n, v in settled.asked.items() if n in settled.private}
            self.memory.secrets = Secrets(settled.withheld, private)

    def _show(self, context: ActionContext, results: Results) -> None:
        known, before = self.specification, self.memory.capsule
        shown_before = () if before is None else (*before.shown, *before.shown_secrets)
        outcome = Outcome(
            Status.SUCCESS,
            ReasonCode.DONE,
            0,
            "Done.",
            results=results.public,
            secrets=results.secrets,
            shown_before=tuple(n for n in shown_before if n not in self.interface.variables),
        )
        payload = split_results(
            outcome, context.operation, KnownSchemas(results=known, attributes=known)
        )
        asked = {name: value for name, value in context.parameters.items() if name in known}
        self.attributes |= {**asked, **payload.attributes, **payload.secrets}

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
