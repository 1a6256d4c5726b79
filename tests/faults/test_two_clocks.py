"""Machines whose clocks are hours apart: who is at work, who is dead, and who is told so."""

from __future__ import annotations

import contextlib
import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from purveyor.backends.stores.local import FolderStore
from purveyor.clock import Clock
from purveyor.dispatch import RunState
from purveyor.journal import Beat, Begin, Claimed, End, Journal, Running, Unknown
from purveyor.reporter import ActionSnapshot, Reported, SilentReporter
from purveyor.run_identity import RunIdentity
from purveyor.sweep import Sweeper, sweep

if TYPE_CHECKING:
    from pathlib import Path

    from purveyor.outcome import Outcome
    from purveyor.step import StateAccess
    from purveyor.sweep import SweptAction

HOUR = 3600.0
SKEWS = [-3 * HOUR, 0.0, 3 * HOUR]


@dataclass(slots=True)
class Machine:
    """A machine with a clock of its own, beside a shared store."""

    folder: Path
    ahead: float

    @property
    def journal(self) -> Journal:
        """The journal, opened as the command does."""
        records = FolderStore(self.folder)
        return Journal(records, self.now, age=records.age)

    def now(self) -> float:
        """Tell what this machine takes for the time."""
        return time.time() + self.ahead

    def begin(self, run: str) -> Begin:
        """Return what this machine's run would claim."""
        return Begin(
            action="a-1",
            attempt=1,
            digest="d",
            kind="service",
            entity="s-1",
            service="s-1",
            operation="create",
            state_key="services/s-1/orders.tfstate",
            identity=RunIdentity("github", run=run, project="acme/infra", host=f"runner-{run}"),
            at=self.now(),
            token=run,
        )

    def claim(self, run: str = "100") -> Claimed | object:
        """Claim; the CI says of every run that it has ended."""
        return self.journal.claim(self.begin(run), is_dead=lambda _: True)


class Platform(SilentReporter):
    """Shows the action as being carried out, and hears how it ended."""

    def __init__(self) -> None:
        super().__init__()
        self.delivered: list[Outcome] = []

    def read_snapshot(self, _: object) -> ActionSnapshot:
        """Answer."""
        return ActionSnapshot("in_progress", {}, {}, asked=True)

    def end(self, _: object, outcome: Outcome) -> Reported:
        """Hear."""
        self.delivered.append(outcome)
        return Reported(delivered=True)


class NoLocks:
    """A backend whose states are free."""

    def locate(self, entity: object) -> object:
        """Find nothing: it is never asked."""
        raise NotImplementedError

    def access(self, _: object) -> StateAccess:
        """See no lock."""
        return self  # type: ignore[return-value]  # only `holder` is asked

    def holder(self) -> None:
        """Nobody."""


def swept(machine: Machine, platform: Platform, *, dry_run: bool = False) -> SweptAction:
    sweeper = Sweeper(
        journal=machine.journal,
        states=NoLocks(),  # type: ignore[arg-type]  # only what a free state needs
        look_up=lambda _: RunState(False, "cancelled"),
        cancel=lambda _: "",
        engine_runs_here=lambda: False,
        open_reporter=lambda: platform,
        clock=Clock(machine.now, machine.now, lambda _: None),
        dry_run=dry_run,
    )
    (found,) = sweep(sweeper).actions
    return found


def let_pass(folder: Path, seconds: float) -> None:
    """Make all that the store holds older."""
    for path in folder.rglob("*"):
        with contextlib.suppress(FileNotFoundError):
            old = path.stat().st_mtime - seconds
            os.utime(path, (old, old))


@pytest.mark.parametrize("ahead", SKEWS)
@pytest.mark.parametrize("runner", SKEWS)
def test_a_run_that_beats_is_left_alone_whatever_the_clocks_say(
    tmp_path: Path, runner: float, ahead: float
) -> None:
    working, platform = Machine(tmp_path, runner), Platform()
    claimed = working.claim()
    assert isinstance(claimed, Claimed)
    let_pass(tmp_path, 1000)
    working.journal.beat(claimed.begin, Beat(at=working.now()))
    let_pass(tmp_path, 200)
    # The CI says that the run has ended, as GitLab does while a cancelled one still stops.
    other = Machine(tmp_path, ahead)
    assert "at work" in swept(other, platform).found
    assert isinstance(other.claim("200"), Running)
    assert platform.delivered == []


@pytest.mark.parametrize("ahead", SKEWS)
@pytest.mark.parametrize("runner", SKEWS)
def test_a_silent_run_is_ended_within_the_same_time_whatever_the_clocks_say(
    tmp_path: Path, runner: float, ahead: float
) -> None:
    platform = Platform()
    assert isinstance(Machine(tmp_path, runner).claim(), Claimed)
    let_pass(tmp_path, 301)
    found = swept(Machine(tmp_path, ahead), platform)
    assert found.age == pytest.approx(301, abs=30)
    assert [each.reason for each in platform.delivered] == ["RUNNER_LOST"]


@pytest.mark.parametrize("ahead", SKEWS)
def test_a_dry_run_judges_the_same(tmp_path: Path, ahead: float) -> None:
    assert isinstance(Machine(tmp_path, 0).claim(), Claimed)
    other, platform = Machine(tmp_path, ahead), Platform()
    assert "at work" in swept(other, platform, dry_run=True).found
    let_pass(tmp_path, 301)
    assert "would be ended" in swept(other, platform, dry_run=True).done
    assert platform.delivered == []


@pytest.mark.parametrize("ahead", SKEWS)
@pytest.mark.parametrize("runner", SKEWS)
def test_a_silent_run_is_taken_over_whatever_the_clocks_say(
    tmp_path: Path, runner: float, ahead: float
) -> None:
    assert isinstance(Machine(tmp_path, runner).claim(), Claimed)
    other = Machine(tmp_path, ahead)
    assert isinstance(other.claim("200"), Running)
    let_pass(tmp_path, 301)
    unsure = other.journal.claim(other.begin("200"), is_dead=lambda _: None)
    assert isinstance(unsure, Unknown)
    taken = other.claim("200")
    assert isinstance(taken, Claimed)
    assert taken.begin.attempt == 2


@pytest.mark.parametrize("ahead", SKEWS)
@pytest.mark.parametrize("runner", SKEWS)
def test_an_unheard_ending_is_told_again_whatever_the_clocks_say(
    tmp_path: Path, runner: float, ahead: float
) -> None:
    working, platform = Machine(tmp_path, runner), Platform()
    claimed = working.claim()
    assert isinstance(claimed, Claimed)
    end = End(at=working.now(), status="success", reason="DONE", exit_code=0, message="Created.")
    assert working.journal.end(claimed.begin, end)
    assert "at work" in swept(Machine(tmp_path, ahead), platform).found
    let_pass(tmp_path, 301)
    assert "success" in swept(Machine(tmp_path, ahead), platform).done
    assert [each.status for each in platform.delivered] == ["success"]


@pytest.mark.parametrize("ahead", SKEWS)
def test_a_delivery_that_is_about_to_begin_stays_on_the_list(tmp_path: Path, ahead: float) -> None:
    records = FolderStore(tmp_path)
    records.put("journal/open/a-1", f"runner {time.time():.0f}")
    assert swept(Machine(tmp_path, ahead), Platform()).done == "left alone"
    let_pass(tmp_path, HOUR)
    assert swept(Machine(tmp_path, ahead), Platform()).done == "taken off the list"


def test_a_claim_whose_answer_was_lost_is_known_again(tmp_path: Path) -> None:
    machine = Machine(tmp_path, 0)
    wanted = machine.begin("100")
    assert isinstance(machine.journal.claim(wanted, is_dead=lambda _: None), Claimed)
    assert isinstance(machine.journal.claim(wanted, is_dead=lambda _: None), Claimed)
    assert isinstance(machine.claim("200"), Running)
