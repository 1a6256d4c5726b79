"""A CI that cleans up while the engine still works takes nothing from the run's end."""

from __future__ import annotations

import shutil
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import purveyor
from pipeline import Pipeline, action_id, finish

if TYPE_CHECKING:
    from purveyor_emulator import Emulator

pytestmark = [pytest.mark.engine, pytest.mark.one_engine]


@pytest.mark.parametrize("ending", ["CANCELLED", "ENGINE_FAILED"])
def test_a_run_whose_own_files_are_gone_ends_as_any_other(
    emulator: Emulator, catalog: Path, environment: dict[str, str], tmp_path: Path, ending: str
) -> None:
    copy = tmp_path / "copy" / "purveyor"
    shutil.copytree(Path(purveyor.__file__).parent, copy)
    begun, gate = catalog / "begun", catalog / "gate"
    wait = f"touch {begun}; until [ -e {gate} ]; do sleep 0.05; done; exit 3"
    (catalog / "modules/sqs-queue/slow.tf").write_text(
        'resource "terraform_data" "slow" {\n'
        f'  provisioner "local-exec" {{ command = "{wait}" }}\n'
        "}\n"
    )
    pipeline = Pipeline(catalog, {**environment, "PYTHONPATH": str(copy.parent)}, emulator)
    service = str(emulator.create_service("sqs-queue", name="orders")["id"])
    notification = emulator.request_action(service, "create", {"queue_name": "orders"})
    run = pipeline.start(notification)
    while not begun.exists() and run.poll() is None:
        time.sleep(0.02)
    shutil.rmtree(copy)
    if ending == "CANCELLED":
        run.send_signal(signal.SIGTERM)
    else:
        gate.touch()
    done = finish(run)
    assert done.reason == ending, done.stderr
    assert emulator.action(action_id(notification))["status"] == "failed"
