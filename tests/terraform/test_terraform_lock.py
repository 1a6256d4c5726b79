"""A held lock is waited for, told about, and given up in time."""

from __future__ import annotations

import os
import signal
import threading
import time
from typing import TYPE_CHECKING, Self

import pytest
from state_slot_fixtures import with_slot

from purveyor.action import Operation
from purveyor.errors import CancelledError, PurveyorError, RecoveryError, StateLockedError
from purveyor.lock import Lock
from purveyor.step import LockAwaited, Noticed

if TYPE_CHECKING:
    from terraform_fixtures import Bench

    from purveyor.step import StepEvent

pytest_plugins = ["terraform_fixtures"]

# The run holds the lock until the file is there, and says when it has begun to.
HOLDING = """
variable "name" { type = string }
resource "terraform_data" "slow" {
  triggers_replace = var.name
  provisioner "local-exec" {
    command = "echo holding $PPID; while [ ! -e '${var.name}' ]; do sleep 0.05; done"
  }
}
output "name" { value = var.name }
"""
QUICK = """
variable "name" { type = string }
output "name" { value = var.name }
"""


class Holder:
    """Another run that holds the lock until it is released."""

    def __init__(self, bench: Bench) -> None:
        self._file = bench.folder / "release"
        self._holds = threading.Event()
        self._pid = 0
        self.error: PurveyorError | None = None
        self._other = bench.apart()
        self._other.on_event = self._notice
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._holds.wait(30)
        return self

    def __exit__(self, *_: object) -> None:
        self.release()
        self._thread.join(30)

    def release(self) -> None:
        self._file.touch()

    def kill(self) -> None:
        """Kill the engine that holds the lock."""
        os.kill(self._pid, signal.SIGKILL)

    def _notice(self, event: StepEvent) -> None:
        if isinstance(event, Noticed) and "holding" in event.text:
            self._pid = int(event.text.split()[-1])
            self._holds.set()

    def _run(self) -> None:
        step = self._other.step(
            Operation.CREATE, {"name": str(self._file)}, module="modules/holding"
        )
        try:
            self._other.run(step)
        except PurveyorError as error:
            self.error = error


@pytest.fixture
def held(bench: Bench) -> Holder:
    bench.write({"modules/holding/main.tf": HOLDING, "modules/one/main.tf": QUICK})
    return Holder(bench)


def test_two_at_once_on_one_state_come_one_after_the_other(bench: Bench, held: Holder) -> None:
    def release(event: StepEvent) -> None:
        if isinstance(event, LockAwaited):
            held.release()

    bench.on_event = release
    with held:
        done = bench.create(name="second")

    awaited = [event for event in bench.events if isinstance(event, LockAwaited)]
    assert len(awaited) == 1
    assert "@" in awaited[0].holder.who
    assert awaited[0].holder.created.endswith("Z")
    assert done.outputs["name"].value == "second"


def test_a_lock_that_is_not_released_is_given_up_with_its_holder(
    bench: Bench, held: Holder
) -> None:
    bench.lock_timeout = 0.5
    with held, pytest.raises(StateLockedError) as caught:
        bench.create(name="second")

    (awaited,) = (event for event in bench.events if isinstance(event, LockAwaited))
    assert awaited.holder.id in caught.value.message
    assert awaited.holder.who in caught.value.message
    assert awaited.holder.created in caught.value.message
    assert "(apply)" in caught.value.message
    assert "0.5 seconds" in caught.value.message
    assert f"purveyor state unlock 0b6b5f3e --kind service --lock-id {awaited.holder.id}" in (
        caught.value.hint
    )


def test_a_holder_that_cannot_be_seen_is_waited_for_too(bench: Bench, held: Holder) -> None:
    class Blind(type(bench.state)):  # type: ignore[misc]  # a class of the bench's own module
        def holder(self) -> Lock | None:
            held.release()
            return None

    step = bench.step(Operation.CREATE, {"name": "second"})
    with held:
        done = bench.run(with_slot(step, access=Blind(bench.state.path)))

    assert done.outputs["name"].value == "second"


class Noted:
    """Another run has noted that it changes the entity, at a moment of its own."""

    def __init__(self, since: str) -> None:
        self.other = Lock(id="", who="https://ci.example/7", created=since)

    def rival(self) -> Lock | None:
        return self.other

    def begin(self) -> Lock | None:
        """Go ahead."""

    def withdraw(self) -> None:
        """Forget it."""

    settle = leave_lock = withdraw


@pytest.mark.parametrize(
    ("since", "run"),
    [
        ("2020-01-01T00:00:00Z", "https://ci.example/7"),
        ("", "https://ci.example/7"),
        # It began to change after the lock was taken: the lock is somebody else's.
        ("2090-01-01T00:00:00Z", ""),
    ],
)
def test_the_holders_run_is_named_where_the_journal_knows_it(
    since: str, run: str, bench: Bench, held: Holder
) -> None:
    bench.lock_timeout = 0.5
    step = bench.step(Operation.CREATE, {"name": "second"})
    with held, pytest.raises(StateLockedError) as caught:
        bench.run(with_slot(step, marker=Noted(since)))

    (awaited,) = (event for event in bench.events if isinstance(event, LockAwaited))
    assert awaited.holder.run == run
    assert awaited.limit == 0.5
    assert ("https://ci.example/7" in caught.value.message) is bool(run)


def test_a_wish_to_stop_ends_the_wait_at_once(bench: Bench, held: Holder) -> None:
    stopped: list[float] = []

    def stop(event: StepEvent) -> None:
        if isinstance(event, LockAwaited):
            stopped.append(time.monotonic())
            os.kill(os.getpid(), signal.SIGTERM)

    bench.on_event = stop
    with held, bench.interruption.caught(), pytest.raises(CancelledError):
        bench.create(name="second")

    assert time.monotonic() - stopped[0] < 5


def test_a_run_that_is_killed_needs_recovery_and_its_lock_is_free(
    bench: Bench, held: Holder
) -> None:
    with held:
        held.kill()

    assert isinstance(held.error, RecoveryError)
    assert held.error.details == ("terraform_data.slow was being worked on",)
    assert bench.create(name="second").outputs["name"].value == "second"
