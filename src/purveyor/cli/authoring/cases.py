"""A case: the life of a service, as its author wrote it down, played on the emulated platform."""

import sys
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError

from purveyor import json_text
from purveyor.catalog import Catalog
from purveyor.catalog.document import read_document
from purveyor.catalog.model_faults import find_model_faults
from purveyor.catalog.strict import Strict
from purveyor.catalog.words import Name, Slug, Word
from purveyor.errors import CatalogError
from purveyor.json_text import JsonObject, JsonValue, as_list, as_object, dig
from purveyor.process import Command, run
from purveyor.redaction import Redactor
from purveyor.settings import read_settings
from purveyor.specs.layout import SpecificationDocument
from purveyor_emulator import Emulator, RefusedError
from purveyor_emulator.records import EmulatedAction, EmulatedSpecification

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
        except ValidationError as error:
            document.faults += find_model_faults(error, document, Case)
        else:
            if not catalog.serves(case.service):
                document.faults.append(document.fault(("service",), "no module serves it"))
            elif not slugs or case.service in slugs:
                cases[path.relative_to(root).as_posix()] = case
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
    specification: SpecificationDocument
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
            if self.emulator.platform.store.any_entity(self._ids[link]).status == "active":
                self._act(CaseStep(action="delete", link=link or None), "at the end")
        self.seconds = round(time.monotonic() - began, 3)
        self.faults = [self._secrets.redact(each) for each in self.faults]
        self.lines = [self._secrets.redact(each) for each in self.lines if self.faults]

    def _act(self, step: CaseStep, when: str) -> None:
        where = f"{when}, {step.action} {step.link or self.case.service}"
        try:
            if step.action == "delete" and not self.faults:
                self._plan_nothing(step.link, where)
            action, told = self._run(step)
        except RefusedError as error:
            got: JsonObject = {"status": "refused", "reason": error.message}
            self.lines = self.lines if self.faults else [error.message]
        else:
            self.faults += [f"{where}: {each}" for each in self._find_broken(action, told)]
            got = {"status": action.status.value, "reason": told.get("reason")}
            got |= {"results": action.results, "attributes": action.entity.attributes}
        self.faults += [f"{where}: {each}" for each in _compare(dict(step.expect), got)]

    def _plan_nothing(self, link: str | None, where: str) -> None:
        try:
            action, plan = self._run(CaseStep(action="update", link=link), "--plan")
        except RefusedError:  # the specification offers no update
            return
        self.emulator.deny_action(action.id)
        changes = [each for each in as_list(plan.get("steps")) if dig(each, "changes")]
        if changes or plan.get("status") != "success":
            text = "before it, an update that asks for nothing has to plan no change"
            self.faults.append(f"{where}: {text}: {plan.get('message')}")

    def _run(self, step: CaseStep, *words: str) -> tuple[EmulatedAction, JsonObject]:
        """Return an action and what its run tells; a service or link that is not there is made."""
        link, place = step.link or "", dict[str, JsonValue](dimensions={**self.case.dimensions})
        if not self._ids:
            _specify(self.emulator, self.specification)
            self._ids[""] = str(self.emulator.create_service(self.case.service, **place)["id"])
        if link not in self._ids:
            self._ids[link] = str(self.emulator.create_link(self._ids[""], link, **place)["id"])
        envelope = self.emulator.request_action(self._ids[link], step.action, step.parameters)
        inner = as_object(envelope["notification"])
        if words:  # the platform fills in a form's defaults, which are not what was asked for last
            inner["parameters"] = {}
        known = read_settings().for_children() | self.emulator.environment()
        environment = {name: each for name, each in known.items() if name not in _OF_THE_CI}
        argv = (sys.executable, "-m", "purveyor", "run", "--json", "--context", "-", *words)
        stdin = json_text.write(envelope)
        done = run(Command((*argv, "--catalog", "."), self.catalog, environment, stdin=stdin))
        if not self.faults:
            self.lines = done.stderr.rstrip().split("\n")[-_LAST_LINES:]
        action = self.emulator.platform.store.actions[str(inner["id"])]
        return action, {**(json_text.parse_object(done.stdout) or {}), "log": done.stderr}

    def _find_broken(self, action: EmulatedAction, told: JsonObject) -> Iterator[str]:
        """Learn what the specification or the engine calls secret; yield each broken promise."""
        entity, shown = action.entity, self.emulator.action(action.id)
        shown["attributes"] = self.emulator.entity(entity.kind, entity.id)["attributes"]
        clear = {"parameters": action.parameters, "results": action.results}
        for part, values in {**clear, "attributes": entity.attributes}.items():
            hidden = [each for name, each in values.items() if dig(shown, part, name) is None]
            self._secrets.add_value(hidden)
        states = [*self.catalog.parent.glob(f"states/*/{entity.id}/*.tfstate")]
        for state in states:
            outputs = as_object(dig(json_text.parse(state.read_text()), "outputs")).values()
            self._secrets.add_value([dig(o, "value") for o in outputs if dig(o, "sensitive")])
        for name, text in json_text.flatten({**shown, "output": told}).items():
            if self._secrets.redact(text) != text:
                yield f"a secret is to be seen in {name}"
        if lost := as_object(told.get("results")).keys() - {*entity.attributes, *action.results}:
            yield f"the specification does not take the results {', '.join(sorted(lost))}"
        if states and entity.status == "deleted":
            yield f"the delete left the state {states[0].name}"


def _specify(
    emulator: Emulator, document: SpecificationDocument, above: EmulatedSpecification | None = None
) -> None:
    own = emulator.platform.store.specifications.add(document.kind, document.sent, above)
    for each in document.below:
        _specify(emulator, each, own)


def _compare(wanted: JsonValue, got: JsonValue, name: str = "") -> Iterator[str]:
    if isinstance(wanted, dict):
        for key, each in wanted.items():
            yield from _compare(each, dig(got, key), f"{name}.{key}".lstrip("."))
    elif got != wanted and (wanted != "present" or got is None):
        yield f"{name}: expected {json_text.write(wanted)}, got {json_text.write(got)}"
