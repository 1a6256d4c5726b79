"""The sequence of one action without an engine: what is told, kept, and left undone."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from memory_fixtures import MemoryStore, make_run
from purveyor.action import ActionContext, Entity, Kind, Operation, Specification
from purveyor.attempt import Places
from purveyor.backends import open_backend
from purveyor.catalog.backend import LocalBackendConfig
from purveyor.catalog.recipe import Account, Recipe
from purveyor.errors import CatalogError, ReasonCode, RecoveryError
from purveyor.process import Interruption
from purveyor.provision import Ending, Provisioner, StepTools
from purveyor.redaction import Redactor
from purveyor.reporter import ActionSnapshot, Reported
from purveyor.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

    from purveyor.outcome import Outcome


THING = Specification("sp-1", "thing")
ACTION = ActionContext(
    id="a-1",
    operation=Operation.ARCHIVE,
    service=Entity(Kind.SERVICE, "s-1", "news", THING),
    digest="d",
)
UNKNOWN = CatalogError("No module.", hint="Add it.", reason=ReasonCode.MODULE_NOT_FOUND)


@dataclass
class Platform:
    """What the platform shows, and what it was told."""

    status: str = "pending"
    hears: bool = True
    begun: int = 0
    told: list[Outcome] = field(default_factory=list)

    def read_snapshot(self, _context: ActionContext) -> ActionSnapshot:
        return ActionSnapshot(self.status, {}, None, asked=True)

    def read_links(self, _context: ActionContext) -> None:
        """Know of none."""

    def say(self, _context: ActionContext, _level: str, _text: str) -> None:
        """Hear it."""

    def begin(self, _context: ActionContext, *, run_url: str) -> None:
        self.begun += bool(run_url)

    def end(self, _context: ActionContext, outcome: Outcome) -> Reported:
        self.told.append(outcome)
        return Reported(delivered=self.hears)


class FailingStore(MemoryStore):
    """Takes no end."""

    def create(self, path: str, text: str) -> bool:
        if path.endswith("end.json"):
            raise RecoveryError("The store is away.", hint="Wait.")
        return super().create(path, text)


@dataclass
class House:
    """A catalog without programs, a journal in memory, and no state."""

    folder: Path
    store: MemoryStore = field(default_factory=MemoryStore)
    platform: Platform = field(default_factory=Platform)
    interruption: Interruption = field(default_factory=Interruption)
    refusal: BaseException | None = None

    def run(self, operation: Operation = Operation.ARCHIVE, *, action: str = "a-1") -> Ending:
        never: Any = SimpleNamespace(stop=lambda: None)
        provisioner = Provisioner(
            resolve=self.resolve,
            outline=lambda _: self.recipe,
            reporter=cast("Any", self.platform),
            open_places=self.open_places,
            run=make_run(self.store),
            tools=StepTools(
                open_engine=lambda _: cast("Any", None),
                logins=never,
                environment={},
                redactor=Redactor(),
                listen=lambda _: None,
                interruption=self.interruption,
                choose_lock_timeout=lambda _: 0.0,
            ),
        )
        return provisioner.provision(replace(ACTION, id=action, operation=operation))

    @property
    def recipe(self) -> Recipe:
        return Recipe(self.folder, LocalBackendConfig(type="local"), Account())

    def resolve(self, _context: ActionContext) -> Recipe:
        if self.refusal is not None:
            raise self.refusal
        return self.recipe

    def open_places(self, recipe: Recipe) -> Places:
        return Places(
            backend=open_backend(recipe.backend, root=recipe.root, settings=Settings({})),
            store=self.store,
            journal=self.store.journal(),
            open_recovery=lambda *_: cast("Any", SimpleNamespace(waiting=tuple)),
        )

    def open(self) -> list[str]:
        return list(self.store.journal().open_actions())


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def test_an_action_is_begun_and_told_once_and_then_closed(house: House) -> None:
    ending = house.run()
    assert (ending.delivered, ending.outcome.exit_code, ending.notes) == (True, 0, ())
    assert [each.reason for each in house.platform.told] == [ReasonCode.DONE]
    assert house.platform.begun == 1
    assert ending.outcome.run_url == "https://ci/100"
    assert house.open() == []


@pytest.mark.parametrize("status", ["success", "failed", "denied", "pending_create"])
def test_what_has_ended_or_is_not_approved_leaves_no_trace(house: House, status: str) -> None:
    house.platform.status = status
    assert house.run().outcome.exit_code == 0
    assert (house.platform.told, house.store.texts) == ([], {})


def test_the_same_action_is_told_again_and_not_begun_again(house: House) -> None:
    house.run()
    again = house.run()
    assert again.notes == ("It was carried out before.",)
    assert [each.reason for each in house.platform.told] == [ReasonCode.DONE] * 2
    assert house.platform.begun == 1


def test_a_catalog_that_refuses_is_told_and_nothing_is_claimed(house: House) -> None:
    house.refusal = CatalogError("It is wrong.", hint="Mend it.")
    ending = house.run()
    assert (ending.outcome.exit_code, ending.delivered) == (11, True)
    assert (house.store.texts, house.platform.begun) == ({}, 0)


def test_what_nobody_expected_is_told_and_raised(house: House) -> None:
    house.refusal = ZeroDivisionError()
    with pytest.raises(ZeroDivisionError):
        house.run()
    assert [each.reason for each in house.platform.told] == [ReasonCode.INTERNAL]


def test_an_ending_that_is_not_heard_leaves_the_action_open(house: House) -> None:
    house.platform.hears = False
    assert not house.run().delivered
    assert house.open() == ["a-1"]


def test_an_end_that_the_journal_does_not_take_is_told_all_the_same(tmp_path: Path) -> None:
    house = House(tmp_path, FailingStore())
    ending = house.run()
    assert (ending.delivered, ending.outcome.exit_code) == (True, 0)
    assert ending.notes == ("The store is away. The action's end is not in the journal.",)


@pytest.mark.parametrize("timed_out", [False, True])
def test_a_wish_to_stop_before_anything_began_changes_nothing(
    house: House, *, timed_out: bool
) -> None:
    house.interruption.signal = 15
    house.interruption.timed_out = timed_out
    ending = house.run()
    wanted = ReasonCode.TIMED_OUT if timed_out else ReasonCode.CANCELLED
    assert (ending.outcome.reason, house.platform.begun) == (wanted, 0)


def test_a_create_that_the_catalog_does_not_know_proves_that_nothing_was_made(house: House) -> None:
    house.refusal = UNKNOWN
    assert house.run(Operation.CREATE).outcome.reason is ReasonCode.MODULE_NOT_FOUND
    ending = house.run(Operation.DELETE, action="a-2")
    assert (ending.outcome.exit_code, ending.outcome.reason) == (0, ReasonCode.NOTHING_TO_DO)
    assert "nothing was ever created" in ending.outcome.message


@pytest.mark.parametrize("operation", [Operation.UPDATE, Operation.DELETE])
def test_without_a_state_nobody_knows_what_exists(house: House, operation: Operation) -> None:
    ending = house.run(operation)
    assert (ending.outcome.exit_code, ending.outcome.reason) == (19, ReasonCode.STATE_MISSING)
