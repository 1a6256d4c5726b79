"""A link's run that is killed or cancelled ends as a service's does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from fault_deeds import opened

from purveyor_faultkit import ALL_KILLED, ENGINE_KILLED, GITHUB, PROCESS_KILLED, Schedule

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.engine, pytest.mark.one_engine]
LINK = "links/database-user"


@pytest.mark.parametrize(
    ("fault", "following"),
    [
        (ENGINE_KILLED, "NEEDS_RECOVERY"),
        (ALL_KILLED, "NEEDS_RECOVERY"),
        (PROCESS_KILLED, "NEEDS_RECOVERY"),
        (GITHUB, "DONE"),
    ],
    ids=lambda each: getattr(each, "name", each),
)
def test_a_links_run_that_is_broken_is_told_and_refuses_what_is_not_certain(
    tmp_path: Path, environment: dict[str, str], fault: Schedule, following: str
) -> None:
    with opened(tmp_path, environment) as harness:
        module = harness.catalog / "modules/mysql-database" / LINK
        harness.resource_log.write_module(module, ("user",), variables=["username"])
        with (module / "main.tf").open("a") as file:
            file.write('variable "access" { default = null }\n')
        (module.parents[1] / "main.tf").write_text("")
        service = harness.emulator.create_service("mysql-database", status="active")
        link = str(harness.emulator.create_link(str(service["id"]), "database-user")["id"])
        requested = harness.request_action("", {"username": "joe"}, entity=link)
        harness.resource_log.shut("user")
        started = harness.start(requested)
        assert started.wait_until(harness.resource_log.lines), started.end().stderr
        started.send_signals(fault)
        started.kill_all()
        harness.resource_log.open()
        started.end()
        harness.finish(requested)
        assert harness.emulator.action(requested.id)["status"] == "failed"
        again = harness.run(harness.request_action("", {"username": "joe"}, entity=link))
        assert again.reason == following, again.stderr
