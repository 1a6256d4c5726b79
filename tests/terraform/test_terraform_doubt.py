"""A change is settled when the state is known to hold it, and in no other case."""

from __future__ import annotations

import dataclasses
import os
import signal
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from purveyor import json_text
from purveyor.action import Operation
from purveyor.backends.lock_text import parse_lock
from purveyor.engines.terraform.stream import Proof, judge_file, judge_stream
from purveyor.errors import EngineError, PurveyorError, ReasonCode, RecoveryError
from purveyor.lock import Lock
from purveyor.state_key import parse_state
from purveyor.step import BackendBlock, LockAwaited, Noticed, PhaseStarted
from purveyor.testing import run_states

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from terraform_bench import Bench

    from purveyor.state_key import StateDocument
    from purveyor.step import Step, StepEvent
    from purveyor.testing import StateServer

pytest_plugins = ["terraform_bench"]
pytestmark = [pytest.mark.engine]

QUICK = 'resource "terraform_data" "first" { input = "kept" }\n'
SLOW = (
    QUICK
    + """
resource "terraform_data" "slow" {
  depends_on = [terraform_data.first]
  provisioner "local-exec" { command = "echo begun; exec sleep 60" }
}
"""
)


@dataclass(slots=True)
class Notes:
    """Notes what an engine tells of its changes. `rivals` are met one after the other."""

    told: list[str] = field(default_factory=list)
    rivals: list[Lock] = field(default_factory=list)

    def begin(self) -> Lock | None:
        """Note it."""
        rival = self.rival()
        self.told += [] if rival else ["begin"]
        return rival

    def rival(self) -> Lock | None:
        """Tell the next rival."""
        return self.rivals.pop() if self.rivals else None

    def withdraw(self) -> None:
        """Note it."""
        self.told.append("withdraw")

    def settle(self) -> None:
        """Note it."""
        self.told.append("settle")

    def leave_lock(self) -> None:
        """Note it."""
        self.told.append("leave lock")


@dataclass(slots=True)
class Served:
    """The one state on a server."""

    server: StateServer

    def read(self) -> StateDocument | None:
        """Return it."""
        text = self.server.text("one")
        return parse_state(text, where="one") if text else None

    def holder(self) -> Lock | None:
        """Return its lock."""
        return next((parse_lock(each) for each in self.server.locks.values()), None)


@pytest.fixture
def server() -> Iterator[StateServer]:
    with run_states() as server:
        yield server


def make(bench: Bench, notes: Notes, server: StateServer | None = None, text: str = SLOW) -> Step:
    bench.write({"modules/one/main.tf": text})
    step = dataclasses.replace(bench.step(Operation.CREATE, {}), changing=notes)
    if server is None:
        return step
    address = f"{server.url}/states/one"
    arguments = {"address": address, "lock_address": address, "unlock_address": address}
    return dataclasses.replace(step, backend=BackendBlock("http", arguments), state=Served(server))


def signal_engines(bench: Bench, *numbers: signal.Signals) -> None:
    """Signal the engine once it is in the slow part."""
    pids: list[int] = []
    bench.interruption.on_program = pids.append

    def strike(event: StepEvent) -> None:
        if isinstance(event, Noticed) and event.text.endswith("begun"):
            for number in numbers:
                os.kill(pids[-1], number)

    bench.on_event = strike


def test_a_change_that_ends_well_is_settled(bench: Bench) -> None:
    notes = Notes()
    bench.run(make(bench, notes, text=QUICK))
    assert notes.told == ["begin", "settle"]


def test_a_change_that_fails_in_order_is_settled(bench: Bench) -> None:
    notes = Notes()
    failing = SLOW.replace("exec sleep 60", "false")
    with pytest.raises(PurveyorError):
        bench.run(make(bench, notes, text=failing))
    assert notes.told == ["begin", "settle"]


def test_an_engine_that_is_killed_in_its_change_settles_nothing_and_its_lock_is_freed(
    bench: Bench, server: StateServer
) -> None:
    notes = Notes()
    step = make(bench, notes, server)
    signal_engines(bench, signal.SIGKILL)
    with pytest.raises(RecoveryError, match="may not be in the state") as caught:
        bench.run(step)
    assert caught.value.reason is ReasonCode.NEEDS_RECOVERY
    assert notes.told == ["begin"]
    assert server.locks == {}


def test_where_nobody_notes_the_doubt_the_lock_of_a_killed_engine_stays(
    bench: Bench, server: StateServer
) -> None:
    step = dataclasses.replace(make(bench, Notes(), server), changing=None)
    signal_engines(bench, signal.SIGKILL)
    with pytest.raises(RecoveryError):
        bench.run(step)
    assert len(server.locks) == 1


def test_an_engine_that_is_killed_before_its_first_change_is_settled(
    bench: Bench, tmp_path: Path
) -> None:
    notes, gate = Notes(), tmp_path / "gate"
    pids: list[int] = []
    os.mkfifo(gate)
    held = f'output "held" {{ value = file("{gate}") }}\n'
    step = make(bench, notes, text=QUICK + held)

    def strike(pid: int) -> None:
        if notes.told == ["begin"]:
            pids.append(pid)
            writer = os.open(gate, os.O_WRONLY)  # returns when the engine reads
            os.kill(pid, signal.SIGKILL)
            os.close(writer)

    bench.interruption.on_program = strike
    with pytest.raises(EngineError, match="before it changed anything"):
        bench.run(step)
    assert pids
    assert notes.told == ["begin", "settle"]


def test_an_engine_that_is_interrupted_twice_settles_nothing(
    bench: Bench, server: StateServer
) -> None:
    notes = Notes()
    pids: list[int] = []
    strikes: list[threading.Thread] = []
    step = make(bench, notes, server)
    server.slow["POST"] = 1.0
    bench.interruption.on_program = pids.append

    def strike_again() -> None:
        while "POST" not in server.asked:
            time.sleep(0.01)
        os.kill(pids[-1], signal.SIGINT)

    def strike(event: StepEvent) -> None:
        if isinstance(event, Noticed) and event.text.endswith("begun"):
            os.kill(pids[-1], signal.SIGINT)
            strikes.append(threading.Thread(target=strike_again))
            strikes[-1].start()

    bench.on_event = strike
    with pytest.raises(RecoveryError, match="broke off"):
        bench.run(step)
    strikes[0].join()
    assert notes.told == ["begin"]


class Once(dict[str, int]):
    """Breaks each method one time."""

    def __getitem__(self, method: str) -> int:
        """Forget it with the first look."""
        return self.pop(method)


class OnceOnly(set[str]):
    """Breaks each method one time."""

    def __contains__(self, method: object) -> bool:
        """Forget it with the first look."""
        found = super().__contains__(method)
        self.discard(str(method))
        return found


def test_a_lock_that_was_not_given_back_is_freed_and_the_change_is_whole(
    bench: Bench, server: StateServer
) -> None:
    notes = Notes()
    step = make(bench, notes, server, QUICK)
    server.refuse = Once(UNLOCK=403)
    done = bench.run(step)
    assert "it is free now" in " ".join(done.notes)
    assert notes.told == ["begin", "settle"]
    assert server.locks == {}


def test_a_lock_that_was_given_back_without_an_answer_is_no_failure(
    bench: Bench, server: StateServer
) -> None:
    notes = Notes()
    step = make(bench, notes, server, QUICK)
    server.silence.add("UNLOCK")
    done = bench.run(step)
    assert "the engine was not told" in " ".join(done.notes)
    assert notes.told == ["begin", "settle"]
    assert server.locks == {}


def test_a_lock_that_cannot_be_freed_is_left_to_the_sweep(
    bench: Bench, server: StateServer
) -> None:
    notes = Notes()
    step = make(bench, notes, server, QUICK)
    server.refuse["UNLOCK"] = 403
    with pytest.raises(PurveyorError):
        bench.run(step)
    assert notes.told == ["begin", "settle", "leave lock"]
    assert len(server.locks) == 1


def test_a_lock_that_the_store_took_without_saying_so_is_left_to_the_sweep(
    bench: Bench, server: StateServer
) -> None:
    notes = Notes()
    step = dataclasses.replace(make(bench, notes, server, QUICK), lock_wait=0.0)
    server.silence = OnceOnly({"LOCK"})
    with pytest.raises(PurveyorError) as caught:
        bench.run(step)
    assert caught.value.reason is ReasonCode.STATE_LOCKED
    assert notes.told == ["begin", "withdraw", "leave lock"]
    assert len(server.locks) == 1


def test_a_lock_of_which_no_answer_came_is_left_to_the_sweep(
    bench: Bench, server: StateServer
) -> None:
    notes = Notes()
    step = make(bench, notes, server, QUICK)
    server.silence.add("LOCK")
    with pytest.raises(PurveyorError):
        bench.run(step)
    assert notes.told == ["begin", "settle", "leave lock"]
    assert len(server.locks) == 1


def test_another_run_that_changes_the_entity_is_waited_for(bench: Bench) -> None:
    notes = Notes(rivals=[Lock("", who="https://ci/1"), Lock("", who="https://ci/1")])
    bench.run(make(bench, notes, text=QUICK))
    assert notes.told == ["begin", "settle"]
    awaited = [each.holder.who for each in bench.events if isinstance(each, LockAwaited)]
    assert awaited[0] == "https://ci/1"


def test_a_held_lock_is_waited_for_without_a_mark(bench: Bench, server: StateServer) -> None:
    notes = Notes()
    step = make(bench, notes, server, QUICK)
    server.locks["/states/one"] = STRANGER

    def let_go(event: StepEvent) -> None:
        if isinstance(event, LockAwaited):
            assert notes.told == ["begin", "withdraw"]
            server.locks.clear()

    bench.on_event = let_go
    bench.run(step)
    assert notes.told == ["begin", "withdraw", "begin", "settle"]


STRANGER = '{"ID":"5f1e","Who":"somebody@elsewhere","Created":"2020-01-01T00:00:00Z"}'


def line(kind: str, **fields: object) -> str:
    return json_text.write({"type": kind, **fields}) + "\n"


START = line("version") + line("change_summary", changes={"operation": "plan"})
MOVED = START + line("apply_start", hook={})
FAULT = {"severity": "error", "summary": "Failed to save state"}


@pytest.mark.parametrize(
    ("text", "proof"),
    [
        ("", Proof.UNTOUCHED),
        (START, Proof.UNTOUCHED),
        (START + '{"type":"apply_st', Proof.NONE),
        (MOVED, Proof.NONE),
        (MOVED + line("log", **{"@message": "\nTwo interrupts received. Exiting"}), Proof.NONE),
        (MOVED + line("diagnostic", diagnostic={"severity": "warning"}), Proof.NONE),
        (MOVED + line("diagnostic", diagnostic={"severity": "error"}), Proof.SAVED),
        (MOVED + line("diagnostic", diagnostic=FAULT), Proof.UNSAVED),
        (MOVED + line("change_summary", changes={"operation": "destroy"}), Proof.SAVED),
    ],
)
def test_a_stream_proves_what_it_holds_and_no_more(text: str, proof: Proof) -> None:
    assert judge_stream(text) is proof


def test_without_a_stream_nothing_was_started(tmp_path: Path) -> None:
    assert judge_file(tmp_path / "none") is Proof.UNTOUCHED


def test_a_plan_that_became_stale_is_no_change(bench: Bench) -> None:
    module = 'variable "name" { type = string }\nresource "terraform_data" "a" { input = var.name }'
    bench.write({"modules/one/main.tf": module})
    bench.create(name="one")
    meddler, notes = bench.apart(), Notes()
    meddled: list[StepEvent] = []

    def meddle_once(event: StepEvent) -> None:
        if event == PhaseStarted("apply") and not meddled:
            meddled.append(event)
            meddler.update(name="two")

    bench.on_event = meddle_once
    step = bench.step(Operation.UPDATE, {"name": "three"})
    bench.run(dataclasses.replace(step, changing=notes))
    assert notes.told == ["begin", "withdraw", "begin", "settle"]
