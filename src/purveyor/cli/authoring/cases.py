"""A case: the life of a service, as its author wrote it down, played on the emulated platform."""

import sys
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError

from purveyor.catalog import Catalog
from purveyor.catalog.document import read_document
from purveyor.catalog.model_faults import find_model_faults
from purveyor.catalog.strict import Strict
from purveyor.catalog.words import Name, Slug, Word
from purveyor.errors import CatalogError
from purveyor.json_text import (
    JsonObject,
    JsonValue,
    as_list,
    as_object,
    dig,
    flatten,
    parse_object,
    write,
)
from purveyor.process import Command, run
from purveyor.redaction import Redactor
from purveyor.settings import read_settings
from purveyor_emulator import Emulator
from purveyor_emulator.records import EmulatedAction
from purveyor_emulator.refusal import RefusedError

# Without these a run is one in a terminal: it leaves the page and the outputs of our CI alone.
_OF_THE_CI = {"GITHUB_ACTIONS", "GITLAB_CI", "TF_BUILD", "PURVEYOR_SUMMARY"}
_LAST_LINES = 12


class Expectation(Strict):
    status: Literal["success", "failed", "refused"] = "success"  # refused: by the platform itself
    reason: Word = "present"  # which is any value, here and below
    results: dict[Name, Any] = Field(default={})
    attributes: dict[Name, Any] = Field(default={})  # some or all, secrets in clear


class CaseStep(Strict):
    action: Slug  # create, update, delete, or a custom action's
    link: Slug | None = None  # its specification's; without it, the action is the service's
    parameters: dict[Name, Any] = Field(default={})
    expect: Expectation = Expectation()


class Case(Strict):
    service: Slug = ""  # the specification's; without it, the name of the module's folder
    dimensions: dict[Name, Word] = Field(default={})
    steps: list[CaseStep] = Field(min_length=1)


def read_cases(catalog: Catalog, slugs: Collection[str]) -> dict[str, Case]:
    """Read the cases of some services, or of all; raise CatalogError with every fault."""
    cases, faults, root = dict[str, Case](), list[str](), catalog.root
    for path in sorted([*root.glob("modules/*/cases/*.yaml"), *root.glob("cases/*.yaml")]):
        document = read_document(path)
        if isinstance(document.value, dict):
            document.value = {"service": path.parents[1].name, **document.value}
        try:
            case = Case.model_validate(document.value)
            if not catalog.serves(case.service):
                fault = document.fault(("service",), f"no module serves {case.service}")
                document.faults.append(fault)
            elif not slugs or case.service in slugs:
                cases[path.relative_to(root).as_posix()] = case
        except ValidationError as error:
            document.faults += find_model_faults(error, document, Case)
        faults += [f"{path.relative_to(root).parent}/{each}" for each in document.faults]
    if faults or not cases:
        what = "Cases have faults." if faults else "There is no case to be played."
        hint = "Cases are modules/SLUG/cases/*.yaml, and cases/*.yaml with a `service`."
        raise CatalogError(what, hint=hint, details=faults)
    return cases


@dataclass(slots=True)
class Life:
    case: Case
    name: str
    catalog: Path  # a copy; states lie beside it
    emulator: Emulator
    faults: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)  # the last ones of the run with the first fault
    seconds: float = 0.0
    _ids: dict[str, str] = field(default_factory=dict)  # by the link's slug; "" has the service's
    _secrets: Redactor = field(default_factory=Redactor)

    def play(self) -> None:
        """Play the steps up to the first fault, then delete what is there."""
        began = time.monotonic()
        for number, step in enumerate(self.case.steps, start=1):
            if not self.faults:
                self._act(step, f"step {number}")
        for link in sorted(self._ids, reverse=True):  # the service comes last
            entity = self.emulator.platform.store.any_entity(self._ids[link])
            if entity.status == "active":
                self._act(CaseStep(action="delete", link=link or None), "at the end")
        self.seconds = round(time.monotonic() - began, 3)

    def _act(self, step: CaseStep, when: str) -> None:
        where, text = f"{when}, {step.action} {step.link or self.case.service}", ""
        try:
            entity = self._find(step.link or "")
            if step.action == "delete" and not self.faults:
                self._plan_nothing(entity, where)
            action, outcome, text = self._run(entity, step.action, step.parameters)
            got: JsonObject = {"status": action.status.value, "reason": outcome.get("reason")}
            got |= {"results": action.results, "attributes": action.entity.attributes}
            broken = [*self._find_broken(action, {**outcome, "log": text})]
        except RefusedError as error:
            broken, got = [], {"status": "refused", "reason": error.message}
        self._note(where, [*_compare(dict(step.expect), got), *broken], text)

    def _find(self, link: str) -> str:
        """Return the id of the service or its link; one that is not there yet is made."""
        place: JsonObject = {"dimensions": {**self.case.dimensions}}
        if not self._ids:
            self._ids[""] = str(self.emulator.create_service(self.case.service, **place)["id"])
        if link not in self._ids:
            self._ids[link] = str(self.emulator.create_link(self._ids[""], link, **place)["id"])
        return self._ids[link]

    def _run(
        self, entity: str, name: str, parameters: JsonObject, *words: str
    ) -> tuple[EmulatedAction, JsonObject, str]:
        envelope = self.emulator.request_action(entity, name, parameters)
        inner = as_object(envelope["notification"])
        if words:  # the platform fills in a form's defaults, which are not what was asked for last
            inner["parameters"] = {}
        environment = read_settings().for_children() | self.emulator.environment()
        environment = {k: v for k, v in environment.items() if k not in _OF_THE_CI}
        given = ("run", "--json", "--catalog", ".", "--context", "-", *words)
        argv = (sys.executable, "-m", "purveyor", *given)
        done = run(Command(argv, self.catalog, environment, stdin=write(envelope)))
        action = self.emulator.platform.store.actions[str(inner["id"])]
        return action, parse_object(done.stdout) or {}, done.stderr

    def _plan_nothing(self, entity: str, where: str) -> None:
        action, plan, text = self._run(entity, "update", {}, "--plan")
        self.emulator.deny_action(action.id)
        changed = any(dig(each, "changes") for each in as_list(plan.get("steps")))
        if changed or plan.get("status") != "success":
            told = f"an update that asks for nothing has to plan no change: {plan.get('message')}"
            self._note(f"{where}, before it", [told], text)

    def _find_broken(self, action: EmulatedAction, told: JsonObject) -> Iterator[str]:
        """Learn what the specification or the engine calls secret; yield each broken promise."""
        entity, shown = action.entity, self.emulator.action(action.id)
        shown["attributes"] = self.emulator.entity(entity.kind, entity.id)["attributes"]
        for part in ("parameters", "results", "attributes"):
            values = getattr(entity if part == "attributes" else action, part)
            hidden = [each for name, each in values.items() if dig(shown, part, name) is None]
            self._secrets.add_value(hidden)
        states = [*self.catalog.parent.glob(f"states/*/{entity.id}/*.tfstate")]
        for state in states:
            outputs = as_object(dig(parse_object(state.read_text()), "outputs")).values()
            marked = [dig(each, "value") for each in outputs if dig(each, "sensitive") is True]
            self._secrets.add_value(marked)
        for name, text in flatten({**shown, "output": told}).items():
            if self._secrets.redact(text) != text:
                yield f"a secret is to be seen in {name}"
        if lost := as_object(told.get("results")).keys() - {*entity.attributes, *action.results}:
            yield f"the specification does not take the results {', '.join(sorted(lost))}"
        if states and entity.status == "deleted":
            yield f"the delete left the state {states[0].name}"

    def _note(self, where: str, found: list[str], text: str) -> None:
        if found and not self.faults:
            self.lines = self._secrets.redact(text).rstrip().split("\n")[-_LAST_LINES:]
        self.faults += [self._secrets.redact(f"{where}: {each}") for each in found]


def _compare(wanted: JsonValue, got: JsonValue, name: str = "") -> Iterator[str]:
    if isinstance(wanted, dict):
        for key, each in wanted.items():
            yield from _compare(each, dig(got, key), f"{name}.{key}".lstrip("."))
    elif got != wanted and (wanted != "present" or got is None):
        yield f"{name}: expected {write(wanted)}, got {write(got)}"
