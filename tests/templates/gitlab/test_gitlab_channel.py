"""From a channel to the result through the example pipeline, under gitlab-ci-local."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from template_fixtures import kept_text

from pipeline import action_id
from vendor_double import vendor_double
from warm_commands import run_command

if TYPE_CHECKING:
    from gitlab_project import Job, Project

    from purveyor_emulator import Emulator
    from vendor_double import Start

pytestmark = [pytest.mark.engine, pytest.mark.slow]
CREATE = ("channel", "create", "gitlab", "4711")


def test_an_action_on_the_platform_starts_the_pipeline_and_its_result_comes_back(
    project: Project, emulator: Emulator
) -> None:
    ran: list[Job] = []

    def perform(start: Start) -> None:
        ran.append(project.run(variable=start.context))

    environ = {**project.environment, **emulator.environment()}
    with vendor_double() as double:
        double.perform = perform
        emulator.deliver_to("gitlab", double.url)
        place = ("--nrn", emulator.nrn)
        made = run_command(*CREATE, *place, cwd=project.folder, env=environ)
        assert made.returncode == 0, made.stderr
        note = str(emulator.create_service("note", name="a-note")["id"])
        asked = emulator.request_action(note, "create", {"text": "from afar"})
        emulator.wait_for_deliveries()
    assert [each.code for each in ran] == [0], [each.log for each in ran]
    assert emulator.action(action_id(asked))["status"] == "success"
    assert kept_text(project.folder) == "from afar"
