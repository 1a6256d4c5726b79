"""What an engine tells of its changes, and a state on a server that breaks."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from state_slot_fixtures import with_slot

from purveyor.action import Operation
from purveyor.backends.model import parse_lock
from purveyor.state_key import parse_state
from purveyor.step import BackendBlock, Noticed

if TYPE_CHECKING:
    import signal

    from terraform_fixtures import Bench

    from purveyor.lock import Lock
    from purveyor.state_key import StateDocument
    from purveyor.step import Step, StepEvent
    from purveyor_faultkit import StateServer

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


def make(bench: Bench, notes: Notes, server: StateServer | None = None, text: str = SLOW) -> Step:
    bench.write({"modules/one/main.tf": text})
    step = with_slot(bench.step(Operation.CREATE, {}), marker=notes)
    if server is None:
        return step
    address = f"{server.url}/states/one"
    arguments = {"address": address, "lock_address": address, "unlock_address": address}
    return with_slot(step, block=BackendBlock("http", arguments), access=Served(server))


def signal_engines(bench: Bench, *numbers: signal.Signals) -> None:
    """Signal the engine once it is in the slow part."""
    pids: list[int] = []
    bench.interruption.on_program = pids.append

    def strike(event: StepEvent) -> None:
        if isinstance(event, Noticed) and event.text.endswith("begun"):
            for number in numbers:
                os.kill(pids[-1], number)

    bench.on_event = strike
