"""The example workflow under act: a life, a refusal, a cancelled run."""

from __future__ import annotations

import re
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from act_runner import SHA, ActRunner, Ran, finish, make_repository
from echo_module import HOSTILE, hostile, put_echo_module, stored

from pipeline import action_id
from purveyor import json_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from purveyor.json_text import JsonObject
    from purveyor_emulator import Emulator

ROOT = Path(__file__).parents[3]
DATABASE: JsonObject = {"database_name": "orders", "storage_gb": 20, "engine_version": "8.0"}
pytestmark = [pytest.mark.engine, pytest.mark.slow]


def use(runner: ActRunner, text: str) -> None:
    """Put a workflow into the user's repository; act refuses `queue:`, which is taken out."""
    text = re.sub(r"(?m)^ +queue: max\n", "", text).replace("queue: max, ", "")
    (runner.workspace / ".github" / "workflows" / "used.yml").write_text(text, "utf-8")
    make_repository(runner.workspace)


def example() -> str:
    return (ROOT / "examples" / "github" / "provision.yml").read_text("utf-8")


def event(notification: JsonObject) -> dict[str, Any]:
    return {"inputs": {"context": json_text.write(notification)}}


def dispatch(runner: ActRunner, emulator: Emulator, notification: JsonObject) -> Ran:
    return runner.run(event(notification), secrets={"NULLPLATFORM_API_KEY": emulator.api_key})


def status(emulator: Emulator, notification: JsonObject) -> object:
    return emulator.action(action_id(notification))["status"]


def test_the_example_workflow_creates_changes_refuses_and_deletes(
    runner: ActRunner, emulator: Emulator
) -> None:
    use(runner, example())
    service = str(emulator.create_service("mysql-database", name="orders-db")["id"])
    create = emulator.request_action(service, "create", DATABASE)
    ran = dispatch(runner, emulator, create)
    assert (ran.code, ran.job, status(emulator, create)) == (0, "success", "success"), ran.log
    assert emulator.api_key not in ran.log

    update = emulator.request_action(service, "update", {"storage_gb": 40})
    assert dispatch(runner, emulator, update).job == "success"
    assert status(emulator, update) == "success"

    refused = emulator.request_action(service, "update", {"engine_version": "5.7"})
    ran = dispatch(runner, emulator, refused)
    assert (ran.code, ran.job, status(emulator, refused)) == (1, "failure", "failed"), ran.log

    delete = emulator.request_action(service, "delete")
    assert dispatch(runner, emulator, delete).job == "success"
    assert status(emulator, delete) == "success"
    assert emulator.entity("service", service)["status"] == "deleted"


def test_the_reusable_workflow_runs_and_a_bare_context_is_understood(
    runner: ActRunner, emulator: Emulator
) -> None:
    use(runner, (ROOT / "examples" / "github" / "call-provision.yml").read_text("utf-8"))
    own = runner.action / ".github" / "workflows" / "provision.yml"
    own.write_text(_as_act_can(own.read_text("utf-8")), "utf-8")
    service = str(emulator.create_service("mysql-database", name="orders-db")["id"])
    create = emulator.request_action(service, "create", DATABASE)
    bare = create["notification"]
    assert isinstance(bare, dict)
    ran = dispatch(runner, emulator, bare)
    assert (ran.code, ran.job, status(emulator, create)) == (0, "success", "success"), ran.log


def _as_act_can(text: str) -> str:
    """Leave out what act lacks: queues, and a second repository, whose action is mapped."""
    text = text.replace("queue: max, ", "")
    second = text.index("      - uses: actions/checkout", text.index("actions/checkout") + 20)
    ours = text.index("      - uses: ./.purveyor-code")
    end = text.index("\n", ours)
    return f"{text[:second]}      - uses: acme/purveyor@{SHA}{text[end:]}"


def test_a_cancelled_run_ends_gracefully_and_the_platform_hears_it(
    runner: ActRunner, emulator: Emulator
) -> None:
    # GitHub's runner waits for a cancelled step; act does so only in front of another one, and
    # removes the action's files at the end of the job.
    use(runner, f'{example()}      - if: always()\n        run: "true"\n        shell: bash\n')
    _make_slow(runner.workspace)
    service = str(emulator.create_service("mysql-database", name="orders-db")["id"])
    create = emulator.request_action(service, "create", DATABASE)
    secrets = {"NULLPLATFORM_API_KEY": emulator.api_key}
    child = runner.start(event(create), secrets=secrets)
    _wait_until((runner.workspace / "applying").exists)
    child.send_signal(signal.SIGINT)
    ran = finish(child)
    _wait_until(lambda: status(emulator, create) != "in_progress")
    assert ran.job != "success"
    told = str(emulator.action(action_id(create)))
    output = (runner.folder / "output").read_text("utf-8", "replace")
    assert status(emulator, create) == "failed", output
    assert "CANCELLED" in told, output
    assert "Two interrupts" not in output


def _make_slow(workspace: Path) -> None:
    """Let the module's apply wait in a local program; it leaves a mark when it has begun."""
    (workspace / "modules" / "mysql-database" / "slow.tf").write_text(
        'resource "terraform_data" "slow" {\n  provisioner "local-exec" {\n'
        f'    command = "touch {workspace}/applying; exec sleep 60"\n  }}\n}}\n',
        "utf-8",
    )


def _wait_until(happened: Callable[[], bool], seconds: float = 40) -> None:
    limit = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < limit, "it did not happen"
        time.sleep(0.05)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_context_reaches_the_module_byte_for_byte(
    runner: ActRunner, emulator: Emulator, name: str
) -> None:
    mark = runner.folder / "executed"
    value = hostile(name, mark)
    use(runner, example())
    put_echo_module(runner.workspace)
    service = str(emulator.create_service("mysql-database", name="orders-db")["id"])
    create = emulator.request_action(service, "create", {"database_name": value})
    ran = dispatch(runner, emulator, create)
    assert ran.job == "success", ran.log
    assert stored(runner.folder.parent / "states") == value
    assert not mark.exists()


def gated() -> str:
    """Return the example with a second job that goes on once its environment lets it."""
    head, job = example().split("  provision:\n")
    first = job.replace(
        "      - uses: acme/purveyor", "      - id: purveyor\n        uses: acme/purveyor"
    )
    outputs = '    outputs: {parked: "${{ steps.purveyor.outputs.parked }}"}\n'
    second = job.replace("environment: purveyor", "environment: production").replace(
        "        with:\n          api-key",
        '        with:\n          approved: "true"\n          api-key',
    )
    waits = "    needs: provision\n    if: needs.provision.outputs.parked == 'true'\n"
    return f"{head}  provision:\n{outputs}{first}  approved:\n{waits}{second}"


def test_a_second_job_goes_on_with_what_the_first_one_parked(
    runner: ActRunner, emulator: Emulator
) -> None:
    put_echo_module(runner.workspace)
    catalog = runner.workspace / "purveyor.yaml"
    backend = catalog.read_text("utf-8").splitlines()[-1]
    step = "{module: modules/mysql-database, approve: {operations: [create]}}"
    services = f"services:\n  mysql-database:\n    steps: [{step}]\n"
    catalog.write_text(f"version: 1\n{backend}\n{services}", "utf-8")
    use(runner, gated())
    service = str(emulator.create_service("mysql-database", name="orders-db")["id"])
    create = emulator.request_action(service, "create", DATABASE)
    ran = dispatch(runner, emulator, create)
    assert (ran.code, status(emulator, create)) == (0, "success"), ran.log
    assert "waits for an approval" in ran.log
    update = emulator.request_action(service, "update", {"storage_gb": 40})
    ran = dispatch(runner, emulator, update)
    assert (ran.code, status(emulator, update)) == (0, "success"), ran.log
    assert "waits for an approval" not in ran.log
