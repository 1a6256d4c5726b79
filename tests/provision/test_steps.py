"""The loop of steps, without an engine: order, what is handed on, and where it stops."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from purveyor.action import ActionContext, Entity, Kind, Operation, Specification
from purveyor.catalog.recipe import Account, StepRecipe
from purveyor.declaration import ModuleInterface
from purveyor.errors import CancelledError, EngineError, ReasonCode
from purveyor.outcome import Outcome, Status
from purveyor.process import Interruption
from purveyor.program import CommandLine
from purveyor.provision import steps
from purveyor.provision.step_plan import StepPlan, StepRun
from purveyor.redaction import Redactor
from purveyor.state_key import OutputValue, StateKey
from purveyor.step import COMMAND, EngineRequirement, PhaseStarted, StepResult

if TYPE_CHECKING:
    from purveyor.step import Listen, Step, StepEvent

HERE = Path("/nowhere")


class Engine:
    """Gives its name and what it was told; fails when it is to."""

    def __init__(self, told: list[tuple[str, Any]], name: str, *, fails: bool = False) -> None:
        self.told, self.name, self.fails = told, name, fails

    def run(self, step: Step, listen: Listen) -> StepResult:
        listen(PhaseStarted("apply"))
        self.told.append((self.name, step.variables.get("steps")))
        if self.fails:
            raise EngineError("It failed.", hint="Look.", details=("why",))
        return StepResult((), {"at": OutputValue(self.name)})


class Bench:
    """An action of several commands, and its attempt."""

    journal: Any = object()
    begin = SimpleNamespace(approved=())

    def __init__(self, operation: Operation, *names: str, fails: str = "", undo: str = "") -> None:
        self.told: list[tuple[str, Any]] = []
        self.events: list[StepEvent] = []
        self.interruption = Interruption()
        thing = Specification("1", "thing")
        context = ActionContext(
            id="a",
            slug="a",
            name="A",
            operation=operation,
            specification=thing,
            service=Entity(Kind.SERVICE, "s", "news", thing, {}, {}),
            link=None,
            parameters={},
        )
        record = SimpleNamespace(
            notes=[], store=None, shown_before=tuple, note_let_go=lambda *_, **__: None
        )
        tools = SimpleNamespace(
            listen=self.events.append,
            interruption=self.interruption,
            redactor=Redactor(),
            logins=SimpleNamespace(renew=lambda: None),
        )
        action = SimpleNamespace(
            context=context,
            snapshot=SimpleNamespace(specification=None),
            record=record,
            recipe=SimpleNamespace(
                account=Account(), keep_secrets=True, ignored=frozenset(), stateless=False
            ),
            places=SimpleNamespace(backend=None),
            attempt=self,
            tools=tools,
        )
        self.changes: list[Any] = []
        change = SimpleNamespace(close=lambda: None, park=lambda _: None)
        plans = tuple(self.plan(name, fails=name == fails, undo=undo) for name in names)
        key = StateKey("k", exists=True)
        self.run = StepRun(cast("Any", action), key, HERE, cast("Any", change), plans)

    def plan(self, name: str, *, fails: bool, undo: str) -> StepPlan:
        command = CommandLine((name,), HERE, undo=(undo,) if undo else ())
        return StepPlan(
            StepRecipe(EngineRequirement(COMMAND), name=name, program=command, suffix=name),
            cast("Any", Engine(self.told, name, fails=fails)),
            HERE,
            HERE,
            ModuleInterface(HERE, {}, {}),
            None,
        )

    def park(self, step: str, within: float) -> Outcome:
        self.told.append(("parked", step))
        return Outcome(Status.PARKED, ReasonCode.APPROVAL_AWAITED, 0, f"{step} {within}")

    def ask_before(self, name: str, *operations: Operation) -> None:
        self.run.plans = tuple(
            replace(
                each,
                recipe=replace(each.recipe, approve=frozenset(operations), approve_within=60.0),
            )
            if each.name == name
            else each
            for each in self.run.plans
        )

    @property
    def phases(self) -> list[str]:
        return [each.name for each in self.events if isinstance(each, PhaseStarted)]


@pytest.fixture(autouse=True)
def _known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps, "resolve_step", lambda plan, _run: plan.resolved)


def test_each_step_gets_what_those_before_it_gave() -> None:
    bench = Bench(Operation.CREATE, "one", "two", "three")
    assert steps.carry_out(bench.run).exit_code == 0
    assert bench.told == [
        ("one", {}),
        ("two", {"one": {"at": "one"}}),
        ("three", {"one": {"at": "one"}, "two": {"at": "two"}}),
    ]
    assert bench.phases[-2:] == ["three/run", "three/apply"]


def test_nothing_of_a_program_becomes_a_result_unless_the_catalog_says_so() -> None:
    assert steps.carry_out(Bench(Operation.UPDATE, "one", "two").run).results == {}


def test_a_step_that_fails_ends_the_action_and_says_what_is_done() -> None:
    bench = Bench(Operation.CREATE, "one", "two", "three", fails="two")
    with pytest.raises(EngineError) as caught:
        steps.carry_out(bench.run)
    assert caught.value.message == "Step two: It failed."
    assert caught.value.details == ("why", "step one is done")
    assert [name for name, _ in bench.told] == ["one", "two"]


def test_a_wish_to_stop_begins_no_further_step() -> None:
    bench = Bench(Operation.CREATE, "one", "two")
    bench.interruption.signal = 15
    with pytest.raises(CancelledError) as caught:
        steps.carry_out(bench.run)
    assert caught.value.message.startswith("Step one: ")
    assert bench.told == []


def test_one_step_alone_is_told_without_its_name() -> None:
    bench = Bench(Operation.CREATE, "one", fails="one")
    with pytest.raises(EngineError) as caught:
        steps.carry_out(bench.run)
    assert caught.value.message == "It failed."
    assert bench.phases == ["run", "apply"]


@pytest.mark.parametrize(("undo", "due"), [("bye", True), ("", False)])
def test_a_delete_runs_a_program_only_to_undo(undo: str, due: bool) -> None:  # noqa: FBT001 - a case
    (plan,) = Bench(Operation.DELETE, "one", undo=undo).run.plans
    assert plan.is_due(Operation.DELETE) is due
    assert plan.is_due(Operation.UPDATE)


def test_an_action_stops_before_a_step_that_a_person_has_to_allow() -> None:
    bench = Bench(Operation.CREATE, "one", "two", "three")
    bench.ask_before("two", Operation.CREATE)
    outcome = steps.carry_out(bench.run)
    assert (outcome.status, outcome.message) == (Status.PARKED, "two 60.0")
    assert bench.told == [("one", {}), ("parked", "two")]


def test_a_step_that_was_allowed_is_carried_out() -> None:
    bench = Bench(Operation.CREATE, "one", "two")
    bench.ask_before("two", Operation.CREATE)
    bench.begin = SimpleNamespace(approved=("two",))
    assert steps.carry_out(bench.run).status is Status.SUCCESS


def test_only_the_named_operations_have_to_be_allowed() -> None:
    bench = Bench(Operation.UPDATE, "one", "two")
    bench.ask_before("two", Operation.CREATE, Operation.DELETE)
    assert steps.carry_out(bench.run).status is Status.SUCCESS


def test_a_delete_waits_before_it_undoes_the_step() -> None:
    bench = Bench(Operation.DELETE, "one", "two", "three", undo="undo")
    bench.ask_before("two", Operation.DELETE)
    assert steps.carry_out(bench.run).status is Status.PARKED
    assert [name for name, _ in bench.told] == ["three", "parked"]


def test_a_run_that_is_asked_to_stop_parks_nothing() -> None:
    bench = Bench(Operation.CREATE, "one", "two")
    bench.ask_before("one", Operation.CREATE)
    bench.interruption.signal = 15
    with pytest.raises(CancelledError):
        steps.carry_out(bench.run)
