"""Services whose states live in Azure or Google's storage: the real command, engines and stores."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from azurite_server import ACCOUNT
from pipeline import Pipeline, finish

if TYPE_CHECKING:
    from collections.abc import Callable

    from purveyor.json_text import JsonObject
    from purveyor_emulator import Emulator

# A cloud's login is given to its own pipeline alone.
pytestmark = [pytest.mark.engine, pytest.mark.slow, pytest.mark.no_gate]


@dataclass(frozen=True, slots=True)
class Cloud:
    """A pipeline whose states lie in one cloud, and what lies there."""

    pipeline: Pipeline
    names: Callable[[], list[str]]
    state_name: str


@pytest.fixture(params=["azurerm", "gcs"])
def cloud(
    request: pytest.FixtureRequest, pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> Cloud:
    """Each cloud in turn."""
    name = f"states-{uuid.uuid4().hex[:12]}"
    if request.param == "gcs":
        gcs = request.getfixturevalue("fake_gcs")
        gcs.make_bucket(name)
        backend, variables = f"type: gcs, bucket: {name}", gcs.environment()
        names, state_name = lambda: gcs.names(name), "orders/default.tfstate"
    else:
        azurite = request.getfixturevalue("azurite")
        for each, text in azurite.way().items():
            monkeypatch.setenv(each, text)
        azurite.make_container(name)
        backend = f"type: azurerm, account: {ACCOUNT}, container: {name}"
        variables, state_name = azurite.environment(), "orders.tfstate"
        names = lambda: azurite.names(name)  # noqa: E731 - as short as its twin
    catalog = pipeline.catalog / "purveyor.yaml"
    catalog.write_text(f"version: 1\nbackend: {{{backend}, prefix: team}}\n")
    environment = {**pipeline.environment, **variables}
    return Cloud(Pipeline(pipeline.catalog, environment, pipeline.emulator), names, state_name)


def states(cloud: Cloud) -> list[str]:
    """Return what lies beside the journal."""
    return [each for each in cloud.names() if each.startswith("team/services/")]


def test_a_service_lives_and_dies_in_a_cloud(cloud: Cloud, emulator: Emulator) -> None:
    queue: JsonObject = {"queue_name": "orders"}
    service = str(emulator.create_service("sqs-queue", name="orders")["id"])
    state = f"team/services/{service}/{cloud.state_name}"

    created = cloud.pipeline.run(emulator.request_action(service, "create", queue))
    assert created.code == 0, created.stderr
    assert states(cloud) == [state]

    asked = emulator.request_action(service, "update", {"visibility_timeout": 60})
    inner = asked["notification"]
    assert isinstance(inner, dict)
    assert isinstance(inner["service"], dict)
    inner["service"]["slug"] = "renamed"
    updated = cloud.pipeline.run(asked)
    assert updated.code == 0, updated.stderr
    assert updated.outcome["state_key"] == f"services/{service}/orders.tfstate"
    assert states(cloud) == [state]

    deleted = cloud.pipeline.run(emulator.request_action(service, "delete"))
    assert deleted.code == 0, deleted.stderr
    assert states(cloud) == []
    assert emulator.entity("service", service)["status"] == "deleted"


@pytest.mark.one_engine
def test_two_runs_at_once_in_a_cloud_build_once(cloud: Cloud, emulator: Emulator) -> None:
    built = cloud.pipeline.catalog / "built"
    (cloud.pipeline.catalog / "modules/sqs-queue/program.tf").write_text(
        'resource "terraform_data" "program" {\n'
        f'  provisioner "local-exec" {{ command = "sleep 1; echo built >> {built}" }}\n'
        "}\n"
    )
    service = str(emulator.create_service("sqs-queue", name="orders")["id"])
    queue: JsonObject = {"queue_name": "orders"}
    runs = [
        cloud.pipeline.start(emulator.request_action(service, "create", queue)) for _ in range(2)
    ]
    ended = [finish(each) for each in runs]
    assert [each.code for each in ended] == [0, 0], [each.stderr for each in ended]
    assert built.read_text().splitlines() == ["built"]
    assert [each for each in states(cloud) if "lock" in each] == []
