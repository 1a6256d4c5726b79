"""An entity that no module makes: the journal alone tells what exists, and what it gave."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from sequence_fixtures import THING, House

from purveyor.action import Entity, Kind, Operation
from purveyor.catalog import StepRecipe
from purveyor.declaration import ModuleInterface
from purveyor.errors import EngineError, ReasonCode
from purveyor.journal import Capsule, Capsules
from purveyor.program import CommandLine
from purveyor.provision.results import read_outputs
from purveyor.redaction import Redactor
from purveyor.state_key import OutputValue
from purveyor.step import (
    COMMAND,
    EngineRequirement,
    Leftovers,
    ModuleSource,
    StepResult,
)

if TYPE_CHECKING:
    from pathlib import Path

    from purveyor.attempt import Places
    from purveyor.step import Listen, Step

CREATE, UPDATE, DELETE = Operation.CREATE, Operation.UPDATE, Operation.DELETE
SERVICE = Entity(Kind.SERVICE, "s-1", "news", THING)
STATE = '{"version": 4, "serial": 1, "lineage": "l", "resources": [], "outputs": {}}'


class Programs:
    """Engines of all steps: each gives its name and a secret, and fails when it is to."""

    own = ()

    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []
        self.steps: list[Any] = []
        self.fails = ""

    def describe(self, module: Path) -> ModuleInterface:
        return ModuleInterface(module, {}, {})

    @staticmethod
    def leftovers(_workspace: Path) -> Leftovers:
        return Leftovers()

    def run(self, step: Step, _listen: Listen) -> StepResult:
        name = str(step.variables["step"])
        self.told.append((step.operation.value, name))
        self.steps.append(step.variables["steps"])
        if name == self.fails:
            raise EngineError("It failed.", hint="Look.")
        outputs = {name: OutputValue("x"), f"{name}_key": OutputValue("hush", sensitive=True)}
        return StepResult((), outputs, engine=COMMAND)


def program(folder: Path, name: str, *, once: bool = False) -> StepRecipe:
    line = CommandLine((name,), folder, undo=("undo",), public=frozenset({name}))
    engine = EngineRequirement(COMMAND)
    return StepRecipe(engine, name=name, program=line, suffix=name, once=once)


def module(folder: Path) -> StepRecipe:
    return StepRecipe(EngineRequirement("opentofu"), source=ModuleSource(folder, path=folder / "m"))


@pytest.fixture
def house(tmp_path: Path) -> House:
    steps = (program(tmp_path, "one"), program(tmp_path, "two"))
    return House(tmp_path, steps=steps, engine=Programs())


def capsule(house: House) -> Capsule:
    kept = Capsules(house.store).read(Capsule(kind="service", entity="s-1", service="", at=0.0).ref)
    assert kept is not None
    return kept


def outputs(house: House) -> dict[str, OutputValue]:
    """Return what a link to the service reads."""
    places: Places = house.open_places(house.recipe)
    return read_outputs(SERVICE, places, Redactor())


def markers(house: House) -> list[str]:
    return [path for path in house.store.texts if "/changing/" in path]


def test_a_success_makes_it_exist_and_a_delete_ends_it(house: House) -> None:
    made = house.run(CREATE).outcome
    assert (made.reason, made.message) == (ReasonCode.DONE, "Created service news (thing).")
    assert made.state_key == ""
    assert (capsule(house).step, capsule(house).state_key) == ("one", "")
    assert [each.step for each in capsule(house).steps] == ["two"]
    assert house.run(DELETE, action="a-2").outcome.reason is ReasonCode.DONE
    assert house.engine.told[2:] == [("delete", "two"), ("delete", "one")]
    again = house.run(DELETE, action="a-3").outcome
    assert (again.exit_code, again.reason) == (0, ReasonCode.NOTHING_TO_DO)
    assert house.run(UPDATE, action="a-4").outcome.reason is ReasonCode.NOT_CREATED
    assert markers(house) == []


def test_links_read_what_the_steps_gave(house: House) -> None:
    assert outputs(house) == {}
    house.run(CREATE)
    hidden = OutputValue("hush", sensitive=True)
    assert outputs(house) == {
        "one": OutputValue("x"),
        "one_key": hidden,
        "two": OutputValue("x"),
        "two_key": hidden,
    }
    texts = {path: text for path, (text, _) in house.store.texts.items() if "hush" in text}
    assert [path.rpartition("/")[2] for path in texts] == ["secrets.json"]
    house.run(DELETE, action="a-2")
    assert outputs(house) == {}
    assert not [path for path in house.store.texts if path.endswith("secrets.json")]


def test_secret_outputs_are_not_kept_where_no_secrets_are(house: House) -> None:
    house.keep_secrets = False
    house.run(CREATE)
    assert outputs(house) == {"one": OutputValue("x"), "two": OutputValue("x")}
    assert capsule(house).given_secrets == ("one_key",)


def test_an_undo_is_told_what_the_steps_gave(house: House) -> None:
    house.run(CREATE)
    house.run(DELETE, action="a-2")
    assert house.engine.steps[-1]["one"] == {"one": "x", "one_key": "hush"}


def test_what_is_done_once_keeps_what_it_gave(house: House) -> None:
    house.steps = (program(house.folder, "one", once=True), house.steps[1])
    house.run(CREATE)
    assert house.run(UPDATE, action="a-2").outcome.exit_code == 0
    assert house.engine.told[2:] == [("update", "two")]
    assert outputs(house)["one_key"] == OutputValue("hush", sensitive=True)


def test_steps_may_change_their_places(house: House) -> None:
    house.run(CREATE)
    house.steps = house.steps[::-1]
    assert house.run(UPDATE, action="a-2").outcome.exit_code == 0
    assert (capsule(house).step, capsule(house).steps[0].step) == ("two", "one")


def test_what_is_half_made_is_made_again_or_undone(house: House) -> None:
    house.engine.fails = "two"
    assert house.run(CREATE).outcome.exit_code == 15
    assert markers(house) == []
    assert house.run(UPDATE, action="a-2").outcome.exit_code == 15
    house.engine.fails = ""
    assert house.run(DELETE, action="a-3").outcome.exit_code == 0
    assert house.engine.told[-2:] == [("delete", "two"), ("delete", "one")]


def test_an_update_of_what_nobody_created_is_refused_and_a_delete_undoes(house: House) -> None:
    assert house.run(UPDATE).outcome.reason is ReasonCode.NOT_CREATED
    assert house.engine.told == []
    assert house.run(DELETE, action="a-2").outcome.exit_code == 0
    assert len(house.engine.told) == 2


def test_without_a_journal_nothing_is_done(house: House) -> None:
    house.keeps = False
    ending = house.run(CREATE).outcome
    assert (ending.exit_code, house.engine.told) == (11, [])
    assert "only a journal can tell" in ending.message


def test_what_has_a_state_is_not_taken_for_what_has_none(house: House) -> None:
    state = house.folder / ".purveyor/state/services/s-1/news.tfstate"
    state.parent.mkdir(parents=True)
    state.write_text(STATE)
    for number, operation in enumerate((CREATE, UPDATE, DELETE)):
        ending = house.run(operation, action=f"a-{number}").outcome
        assert ending.exit_code == 11
        assert "built with a module, whose state is kept" in ending.message
    assert (house.engine.told, markers(house)) == ([], [])


def test_a_module_that_is_gone_is_missed_also_where_its_state_is(house: House) -> None:
    kept = Capsule(kind="service", entity="s-1", service="s-1", at=1.0, path="m", state_key="k")
    Capsules(house.store).keep(kept)
    assert "has no module now" in house.run(DELETE).outcome.message
    assert house.engine.told == []


@pytest.mark.parametrize("operation", [UPDATE, DELETE])
def test_what_has_no_state_is_not_taken_for_what_has_one(
    house: House, operation: Operation
) -> None:
    house.run(CREATE)
    house.steps = (module(house.folder), *house.steps)
    ending = house.run(operation, action="a-2").outcome
    assert ending.exit_code == 11
    assert "built without a module" in ending.message


def test_a_custom_action_reads_what_was_given(house: House) -> None:
    house.run(CREATE)
    house.steps = (dataclasses.replace(house.steps[0], suffix=""),)
    seen: list[Any] = []

    def run(step: Step, _listen: Listen) -> StepResult:
        seen.append(step.variables)
        return StepResult((), {})

    house.engine = SimpleNamespace(run=run)
    assert house.run(Operation.CUSTOM, action="a-2").outcome.exit_code == 0
    assert seen[0]["outputs"]["one_key"] == "hush"


@pytest.mark.parametrize(("by", "code"), [("command", 0), ("kubernetes", 11)])
def test_a_step_is_not_taken_out_when_what_it_made_would_stay(
    house: House, by: str, code: int
) -> None:
    house.run(CREATE)
    first = dataclasses.replace(capsule(house), engine=by)
    Capsules(house.store).keep(first)
    house.steps = house.steps[1:]
    ending = house.run(UPDATE, action="a-2").outcome
    assert ending.exit_code == code
    assert ("built with the step one" in ending.message) == bool(code)
