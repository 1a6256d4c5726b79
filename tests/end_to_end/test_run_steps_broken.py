"""One service in several steps, whose further step's state cannot be saved, or cannot be listed."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from http_state_server import PASSWORD, USER, run_http_states
from pipeline import Pipeline, finish
from service_fixtures import OwnService

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from http_state_server import HttpStateServer

pytest_plugins = ["steps_fixtures"]
pytestmark = [pytest.mark.slow]
REPORT = 'input = "customers of ${var.steps.database.endpoint}"'
# The engine tells who it is, and waits until it may go on.
HELD = f"""{REPORT}
  provisioner "local-exec" {{
    command = "echo $PPID > PLACE/engine; while [ ! -e PLACE/go ]; do sleep 0.1; done"
  }}"""


def write_report(service: OwnService, text: str) -> None:
    main = service.pipeline.catalog / "stacks/report/main.tf"
    place = str(service.pipeline.catalog.parent)
    main.write_text(main.read_text().replace(REPORT, text).replace("PLACE", place))


def on(service: OwnService, backend: str, environment: dict[str, str]) -> OwnService:
    """The service with its states at another place."""
    pipeline = service.pipeline
    catalog = pipeline.catalog / "purveyor.yaml"
    catalog.write_text(catalog.read_text().replace("{type: local}", backend))
    moved = Pipeline(pipeline.catalog, {**pipeline.environment, **environment}, pipeline.emulator)
    return OwnService(moved, service.emulator, service.id)


def asked(service: OwnService) -> dict[str, str]:
    return {"folder": str(service.pipeline.catalog.parent), "first_customer": "Ada"}


def wait_until(ready: Callable[[], object]) -> None:
    end = time.monotonic() + 40
    while not ready():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.05)


@pytest.fixture
def server() -> Iterator[HttpStateServer]:
    with run_http_states() as running:
        yield running


@pytest.fixture
def on_http(service: OwnService, server: HttpStateServer) -> OwnService:
    login = {"TF_HTTP_USERNAME": USER, "TF_HTTP_PASSWORD": PASSWORD}
    return on(service, f'{{type: http, address: "{server.url}/states/{{name}}"}}', login)


def test_each_step_has_a_state_of_its_own_on_a_server_that_cannot_list(
    on_http: OwnService, server: HttpStateServer
) -> None:
    on_http.create(**asked(on_http))
    names = [f"service-{on_http.id}", f"service-{on_http.id}.report"]
    assert sorted(server.states) == names
    on_http.update(first_customer="Grace")
    assert on_http.attributes()["customers"] == 2
    gone = on_http.run("delete")
    assert gone.code == 0, gone.stderr
    assert (server.states, server.locks) == ({}, {})


def test_a_further_steps_state_that_is_refused_is_kept_and_saved_by_the_next_run(
    on_http: OwnService, server: HttpStateServer
) -> None:
    write_report(on_http, HELD)
    folder = on_http.pipeline.catalog.parent
    child = on_http.pipeline.start(
        on_http.emulator.request_action(on_http.id, "create", asked(on_http))
    )
    wait_until((folder / "engine").exists)
    server.refusal, server.refused_methods = 403, ("POST", "UNLOCK")
    (folder / "go").touch()
    ended = finish(child)
    assert (ended.code, ended.reason) == (19, "NEEDS_RECOVERY"), ended.stderr
    assert f"service-{on_http.id}.report" not in server.states
    kept = [each for each in (folder / "cache/recovery").rglob("*.tfstate") if each.is_file()]
    assert len(kept) == 1

    server.refusal = 0
    again = on_http.run("create", **asked(on_http))
    assert again.code == 0, again.stderr
    assert f"service-{on_http.id}.report" in server.states
    assert server.locks == {}
    assert not kept[0].exists()
    assert again.outcome["changes"] == [], "nothing is built twice"
