"""The scheduled workflow under act: an action that no run took gets its ending."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from act_runner import ActRunner, finish, make_repository
from template_fixtures import forgotten_action

if TYPE_CHECKING:
    from purveyor_emulator import Emulator

ROOT = Path(__file__).parents[3]
NRN = "organization=4001:account=4002"
pytestmark = [pytest.mark.engine, pytest.mark.one_engine, pytest.mark.slow]


def test_an_action_that_no_run_took_is_ended_by_the_schedule(
    runner: ActRunner, emulator: Emulator
) -> None:
    text = (ROOT / "examples" / "github" / "sweep.yml").read_text("utf-8")
    # act checks out no second repository: ours stands where that step would have put it.
    second = text.index("      - uses: actions/checkout", text.index("actions/checkout") + 20)
    text = text[:second] + text[text.index("      - run: exec python3") :]
    (runner.workspace / ".github" / "workflows" / "used.yml").write_text(text, "utf-8")
    make_repository(runner.workspace)
    shutil.copytree(runner.action, runner.workspace / ".purveyor")
    action = forgotten_action(emulator, "mysql-database", {"database_name": "orders"})
    secrets = {"NULLPLATFORM_API_KEY": emulator.api_key}
    child = runner.start({}, secrets=secrets, variables={"PURVEYOR_NRN": NRN})
    ran = finish(child, seconds=180)
    assert (ran.code, ran.job) == (0, "success"), ran.log
    assert emulator.action(action)["status"] == "failed", ran.log
    assert "RUN_NOT_STARTED" in ran.log
    assert emulator.api_key not in ran.log
