"""How far a run is, told by a clock of our own."""

from __future__ import annotations

import time

import pytest
from ci_fixtures import CLOCK, DONE, FAILED, Stage

from purveyor.ci import Show
from purveyor.plan import Change, Verb
from purveyor.redaction import Redactor
from purveyor.step import PhaseStarted, Planned, ResourceMoved


def test_what_goes_on_is_said_by_our_own_clock_every_half_minute() -> None:
    stage = Stage()
    stage.show(PhaseStarted("apply"))
    for name in "abcdef":
        stage.move(name, "started")
    for _ in range(95):
        stage.now += 1
        stage.show.tick()
    assert stage.page.lines[1:] == [
        f". apply {n}: a {n}, b {n}, c {n}, d {n} and 2 more"
        for n in ("30 s", "1 min", "1 min 30 s")
    ]


def test_before_the_first_phase_there_are_signs_of_life_too() -> None:
    stage = Stage()
    stage.now += 31
    stage.show.tick()
    assert stage.page.lines == [". at work 31 s"]


def test_it_is_told_how_many_of_the_planned_changes_are_done() -> None:
    stage = Stage()
    stage.show(PhaseStarted("plan"))
    plan(stage, "a", Verb.CREATE)
    plan(stage, "b", Verb.REPLACE)
    stage.show(PhaseStarted("apply"))
    plan(stage, "a", Verb.CREATE)
    plan(stage, "b", Verb.REPLACE)
    told = []
    for name, verb in (("b", Verb.DELETE), ("a", Verb.CREATE), ("b", Verb.CREATE)):
        stage.show(ResourceMoved(name, verb, "started"))
        stage.show(ResourceMoved(name, verb, "ended"))
        stage.now += 30
        stage.show.tick()
        told.append(stage.page.lines[-1])
    assert told == [
        ". apply 30 s, 0 of 2",
        ". apply 1 min, 1 of 2",
        ". apply 1 min 30 s, 2 of 2",
    ]


def test_what_will_change_is_listed_once_before_it_changes() -> None:
    stage = Stage("terminal")
    stage.show(PhaseStarted("plan"))
    for verb in (Verb.CREATE, Verb.UPDATE, Verb.REPLACE, Verb.DELETE):
        plan(stage, f"a.{verb}", verb)
    stage.show(PhaseStarted("apply"))
    plan(stage, "a.create", Verb.CREATE)
    assert [line for line in stage.page.lines if line.startswith("  ")] == [
        "  + a.create  will be created",
        "  ~ a.update  will be updated",
        "  -/+ a.replace  will be replaced",
        "  - a.delete  will be deleted",
    ]


def test_a_long_list_of_what_will_change_ends_after_a_hundred() -> None:
    stage = Stage()
    stage.show(PhaseStarted("apply"))
    for number in range(300):
        plan(stage, f"a.b[{number}]", Verb.CREATE)
    assert len(stage.page.lines) == 102
    assert stage.page.lines[-1] == "  and more"


def plan(stage: Stage, address: str, verb: Verb) -> None:
    stage.show(Planned(Change(address, "a", verb)))


def test_a_clock_of_our_own_ticks_beside_a_silent_engine() -> None:
    stage = Stage()
    stage.show = Show(stage.page.ci, Redactor(), clock=time.monotonic)
    with (
        pytest.MonkeyPatch.context() as patch,
        stage.show.ticking(),
    ):
        patch.setattr("purveyor.ci.show._TICK", 0.01)
        patch.setattr("purveyor.ci.show._SIGN", 0.05)
        deadline = time.monotonic() + 30
        while len(stage.page.lines) < 3 and time.monotonic() < deadline:
            time.sleep(0.02)
    said = len(stage.page.lines)
    assert said >= 3
    assert stage.page.lines[0].startswith(". at work ")
    time.sleep(0.1)
    assert len(stage.page.lines) == said


def test_phases_tell_their_time_of_day_and_get_a_tick() -> None:
    stage = Stage()
    stage.show(PhaseStarted("plan"))
    stage.now += 1.25
    stage.show(PhaseStarted("apply"))
    stage.now += 12
    stage.show.closing(DONE)
    assert stage.page.lines[:4] == [
        f"> plan  {CLOCK}",
        "✓ plan  1.2 s",
        f"> apply  {CLOCK}",
        "✓ apply  12 s",
    ]


def test_a_phase_that_failed_gets_a_cross() -> None:
    stage = Stage("terminal")
    stage.show(PhaseStarted("apply"))
    stage.now += 12
    stage.show.closing(FAILED)
    assert stage.page.lines[1:3] == ["✗ apply  12 s", "error: STATE_LOCKED: The state is locked."]
