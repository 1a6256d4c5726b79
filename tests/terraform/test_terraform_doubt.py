"""A change is settled when the state is known to hold it, and in no other case."""

from __future__ import annotations

import os
import signal
import threading
import time
from typing import TYPE_CHECKING

import pytest
from doubt_fixtures import QUICK, SLOW, Notes, Served, make, signal_engines
from state_slot_fixtures import with_slot

from purveyor import json_text
from purveyor.action import Operation
from purveyor.engines.terraform.stream import judge_file, judge_stream
from purveyor.errors import EngineError, PurveyorError, RecoveryError
from purveyor.state_key import StateDocument
from purveyor.step import Noticed, PhaseStarted, Proof
from purveyor_faultkit import run_states

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from terraform_fixtures import Bench

    from purveyor.step import StepEvent
    from purveyor_faultkit import StateServer

pytest_plugins = ["terraform_fixtures"]
pytestmark = [pytest.mark.engine]


@pytest.fixture
def server() -> Iterator[StateServer]:
    with run_states() as server:
        yield server


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
        while "POST" not in server.requested:
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


def test_an_engine_that_could_not_save_at_once_and_is_killed_then_settles_nothing(
    bench: Bench, server: StateServer
) -> None:
    notes = Notes()
    pids: list[int] = []
    strikes: list[threading.Thread] = []
    step = make(bench, notes, server)
    server.refuse["POST"] = 400
    bench.interruption.on_program = pids.append

    def kill_at_the_last_save() -> None:
        while "POST" not in server.requested:
            time.sleep(0.001)
        server.slow["POST"] = 5.0
        server.lose.add("POST")
        while server.requested.count("POST") == 1:
            time.sleep(0.001)
        os.kill(pids[-1], signal.SIGKILL)

    def strike(event: StepEvent) -> None:
        if isinstance(event, Noticed) and event.text.endswith("begun"):
            strikes.append(threading.Thread(target=kill_at_the_last_save))
            strikes[-1].start()
            os.kill(pids[-1], signal.SIGINT)

    bench.on_event = strike
    with pytest.raises(RecoveryError, match="signal 9"):
        bench.run(step)
    strikes[0].join()
    assert notes.told == ["begin"]


def test_an_interrupted_creation_whose_state_is_empty_is_not_settled(
    bench: Bench, server: StateServer
) -> None:
    # The engines lose it only when their own threads meet badly: what they leave then stands here.
    class Forgotten(Served):
        def read(self) -> StateDocument | None:
            return StateDocument(serial=1, lineage="", resources=0)

    notes = Notes()
    step = make(bench, notes, server)
    signal_engines(bench, signal.SIGINT)
    with pytest.raises(RecoveryError, match="broke off"):
        bench.run(with_slot(step, access=Forgotten(server)))
    assert notes.told == ["begin"]


def line(kind: str, **fields: object) -> str:
    return json_text.write({"type": kind, **fields}) + "\n"


START = line("version") + line("change_summary", changes={"operation": "plan"})
MOVED = START + line("apply_start", hook={})
MADE = START + line("apply_start", hook={"action": "create"})
ONCE = line("log", **{"@message": "\nInterrupt received.\nPlease wait"})
ENDED = line("change_summary", changes={"operation": "destroy"})
MIDWAY = {"severity": "error", "summary": "Error saving current state"}
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
        (MOVED + line("diagnostic", diagnostic=MIDWAY), Proof.NONE),
        (MOVED + line("diagnostic", diagnostic=MIDWAY) + ENDED, Proof.SAVED),
        (MOVED + line("diagnostic", diagnostic=FAULT), Proof.UNSAVED),
        (MOVED + ENDED, Proof.SAVED),
        (MOVED + ONCE + ENDED, Proof.SAVED),
        (MADE + ENDED, Proof.SAVED),
        (MADE + ONCE + line("diagnostic", diagnostic={"severity": "error"}), Proof.INTERRUPTED),
    ],
)
def test_a_stream_proves_what_it_holds_and_no_more(text: str, proof: Proof) -> None:
    assert judge_stream(text) is proof


@pytest.mark.parametrize("mark", ["\u2028", "\x85", "\u2029"])
def test_a_text_with_other_marks_of_a_lines_end_is_one_line(mark: str) -> None:
    begun = '{"type":"apply_start","hook":{"resource":{"addr":"x[\\"aMb\\"]"}}}\n'.replace(
        "M", mark
    )
    assert judge_stream(begun) is Proof.NONE


def test_what_was_too_much_to_keep_may_have_begun_a_change(tmp_path: Path) -> None:
    line = '{"type":"log","@message":"x"}\n'
    (tmp_path / "stream").write_text(line + f"{line}\n" * (1 << 17))
    assert judge_file(tmp_path / "stream") is Proof.NONE
    (tmp_path / "stream").write_text(line)
    assert judge_file(tmp_path / "stream") is Proof.UNTOUCHED


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
    bench.run(with_slot(step, marker=notes))
    assert notes.told == ["begin", "withdraw", "begin", "settle"]
