"""From a channel to the result through the example workflow, under act."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from test_act_workflow import DATABASE, example, status, use

from vendor_double import vendor_double
from warm_commands import run_command

if TYPE_CHECKING:
    from act_runner import ActRunner, Ran

    from purveyor_emulator import Emulator
    from vendor_double import Start

pytestmark = [pytest.mark.engine, pytest.mark.slow]
CREATE = ("channel", "create", "github", "acme/catalog", "--installation-id", "12345678")


def test_an_action_on_the_platform_starts_the_workflow_and_its_result_comes_back(
    runner: ActRunner, emulator: Emulator
) -> None:
    use(runner, example())
    ran: list[Ran] = []

    def perform(start: Start) -> None:
        event = {"inputs": start.body["inputs"]}
        ran.append(runner.run(event, secrets={"NULLPLATFORM_API_KEY": emulator.api_key}))

    environ = {**runner.environment, **emulator.environment()}
    with vendor_double() as double:
        double.perform = perform
        emulator.deliver_to("github", double.url)
        place = ("--nrn", emulator.nrn)
        made = run_command(*CREATE, *place, cwd=runner.workspace, env=environ)
        assert made.returncode == 0, made.stderr
        service = str(emulator.create_service("mysql-database", name="orders-db")["id"])
        create = emulator.request_action(service, "create", DATABASE)
        emulator.wait_for_deliveries()
    assert [each.job for each in ran] == ["success"], [each.log for each in ran]
    assert status(emulator, create) == "success"
    assert emulator.entity("service", service)["status"] == "active"
