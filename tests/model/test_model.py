"""The journal's protocol keeps its promises in every state, and the model sees each planted bug."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from purveyor import process
from real_programs import LEFT_OUT

if TYPE_CHECKING:
    from real_programs import RealPrograms

PROTOCOL = Path(__file__).with_name("protocol.pml")
ENDING = "shown[0]=="
BUILT_TWICE = "built==1"

# Each switch with a part of the promise that is broken: what the platform shows is the journal's
# end; a success is told of what exists and is in the state; nothing is built twice.
BUGS = {
    "CREATE_IS_PUT": ENDING,
    "END_BEFORE_SAVE": "verdict!=1",
    "WRONG_CLOCK": ENDING,
    "CI_NOT_ASKED": ENDING,
    "MARKER_TOO_EARLY": BUILT_TWICE,
    "CHECK_THEN_MARK": BUILT_TWICE,
    "NO_SECOND_LOOK": ENDING,
}
AT_ONCE = ("CREATE_IS_PUT",)


class Model:
    """The model in one folder, where spin's program for it is made and run."""

    def __init__(self, spin: Path, folder: Path) -> None:
        self._spin = spin
        self._folder = folder

    def explore(self, *switches: str, seconds: int) -> tuple[int, str]:
        """Go through all states up to a first fault; return how many there were, and the fault."""
        flags = [f"-D{each}" for each in switches]
        self._call(str(self._spin), *flags, "-a", str(PROTOCOL))
        self._call("cc", "-O2", "-w", "-DSAFETY", "-DVECTORSZ=512", "-o", "pan", "pan.c")
        told = self._call("./pan", "-m100000", "-w24", seconds=seconds)
        states = re.search(r"(\d+) states, stored", told)
        assert states, told
        assert "max search depth too small" not in told
        fault = re.search(r"pan:\d+: (.+) \(at depth", told)
        return int(states[1]), fault[1] if fault else ""

    def _call(self, *command: str, seconds: int = 60) -> str:
        environment = {"PATH": os.environ["PATH"]}  # noqa: TID251 - programs are found where the tests' are
        done = process.run(process.Command(command, self._folder, environment), timeout=seconds)
        assert done.code == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture
def model(real: RealPrograms, tmp_path: Path) -> Model:
    if real.spin is None:
        pytest.skip(f"{LEFT_OUT}no spin")
    return Model(real.spin, tmp_path)


def test_two_runners_of_one_action_break_no_promise_in_any_state(model: Model) -> None:
    states, fault = model.explore("RUNNERS=2", seconds=60)
    assert fault == ""
    assert states > 100_000


@pytest.mark.long
@pytest.mark.timeout(600)
def test_a_third_runner_on_the_same_entity_breaks_no_promise_in_any_state(model: Model) -> None:
    states, fault = model.explore("RUNNERS=3", seconds=500)
    assert fault == ""
    assert states > 4_000_000


@pytest.mark.parametrize(
    "bug",
    [each if each in AT_ONCE else pytest.param(each, marks=pytest.mark.long) for each in BUGS],
)
@pytest.mark.timeout(300)
def test_a_planted_bug_is_found(model: Model, bug: str) -> None:
    _, fault = model.explore(bug, seconds=240)
    assert BUGS[bug] in fault
