"""A run that is asked to stop, or that cannot save its state."""

from __future__ import annotations

import os
import signal
import stat
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from state_slot_fixtures import with_slot

from purveyor.action import Operation
from purveyor.errors import CancelledError, ReasonCode, RecoveryError
from purveyor.step import BackendBlock, Noticed, PhaseStarted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from terraform_fixtures import Bench

    from purveyor.step import StepEvent

pytest_plugins = ["terraform_fixtures"]

SLOW = """
resource "terraform_data" "first" { input = "kept" }
resource "terraform_data" "slow" {
  depends_on = [terraform_data.first]
  provisioner "local-exec" { command = "echo begun; sleep 60" }
}
"""


def test_one_signal_stops_the_engine_and_saves_the_state(bench: Bench) -> None:
    bench.write({"modules/one/main.tf": SLOW})

    def stop(event: StepEvent) -> None:
        if isinstance(event, Noticed) and event.text.endswith("begun"):
            os.kill(os.getpid(), signal.SIGINT)
            os.kill(os.getpid(), signal.SIGTERM)

    bench.on_event = stop
    with bench.interruption.caught(), pytest.raises(CancelledError) as caught:
        bench.create()

    assert "terraform_data.slow" in str(caught.value.details)
    state = bench.state.read()
    assert state is not None
    assert state.resources == 2
    assert bench.state.holder() is None


def test_a_signal_between_two_phases_changes_nothing(bench: Bench) -> None:
    bench.write({"modules/one/main.tf": SLOW})

    def stop(event: StepEvent) -> None:
        if event == PhaseStarted("init"):
            os.kill(os.getpid(), signal.SIGTERM)

    bench.on_event = stop
    with bench.interruption.caught(), pytest.raises(CancelledError, match="changed nothing"):
        bench.create()

    assert bench.state.read() is None


class ReadOnlyStates(BaseHTTPRequestHandler):
    """A place for states that refuses every one."""

    def do_GET(self) -> None:
        self.send_response(404)
        self.end_headers()

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(403)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def read_only_states() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), ReadOnlyStates) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/state"
        server.shutdown()
        thread.join()


def test_a_state_that_cannot_be_saved_is_kept_for_us_only(
    bench: Bench, read_only_states: str
) -> None:
    bench.write({"modules/one/main.tf": 'resource "terraform_data" "a" { input = "s3cret-value" }'})
    step = bench.step(Operation.CREATE, {})
    backend = BackendBlock("http", {"address": read_only_states})

    with pytest.raises(RecoveryError) as caught:
        bench.run(with_slot(step, block=backend))

    assert caught.value.reason is ReasonCode.NEEDS_RECOVERY
    kept = Path(caught.value.details[0].removeprefix("kept in "))
    assert "s3cret-value" in kept.read_text()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert bench.newest_workspace not in kept.parents
    assert "s3cret-value" not in str(caught.value.details)
