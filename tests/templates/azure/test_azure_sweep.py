"""The Azure schedule's step runs as it is printed: an action that no run took gets its ending."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest
from template_fixtures import ROOT, forgotten_action

if TYPE_CHECKING:
    from pathlib import Path

    from agent import Agent

    from purveyor_emulator import Emulator

pytestmark = [pytest.mark.engine, pytest.mark.one_engine, pytest.mark.slow]
EXAMPLE = ROOT / "examples" / "azure" / "sweep.yml"


def test_an_action_that_no_run_took_is_ended_by_the_schedule(
    agent: Agent, emulator: Emulator, libraries: Path
) -> None:
    action = forgotten_action(emulator, "note", {"text": "x"})
    template = agent.workspace / "sweep.yml"
    template.write_text(EXAMPLE.read_text().replace("0" * 40, agent.parameters["revision"]))
    platform = {"NULLPLATFORM_HOST": emulator.url, "PURVEYOR_CACHE": str(libraries)}
    temp = {"AGENT_TEMPDIRECTORY": str(agent.workspace / "temp")}
    scheduled = dataclasses.replace(
        agent, template=template, environment={**agent.environment, **platform, **temp}
    )
    job = scheduled.start(PURVEYOR_NRN=emulator.nrn)
    log, _ = job.communicate(timeout=180)
    assert job.returncode == 0, log
    assert emulator.action(action)["status"] == "failed", log
    assert "RUN_NOT_STARTED" in log
    assert emulator.api_key not in log
