"""From a channel to the result: made, an action delivered, a run started, its end on the platform.

The CIs are doubles that run `purveyor run` as the templates do; the engine and the platform's
HTTP are real.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from purveyor import json_text
from vendor_double import VendorDouble, vendor_double
from warm_commands import run_command

if TYPE_CHECKING:
    import subprocess  # noqa: TID251 - for the type
    from collections.abc import Iterator
    from pathlib import Path

    from pipeline import Pipeline
    from purveyor_emulator import Emulator
    from vendor_double import Start

pytestmark = [pytest.mark.engine, pytest.mark.one_engine]
ACCOUNT = "organization=4001:account=4002"
TARGETS = {
    "github": ("acme/catalog", "--installation-id", "12345678"),
    "gitlab": ("4711",),
    "azure": ("acme/infra/7",),
}


@pytest.fixture
def double(emulator: Emulator, pipeline: Pipeline, tmp_path: Path) -> Iterator[VendorDouble]:
    """CIs whose pipelines are the pipeline."""

    def perform(start: Start) -> None:
        environ = {**pipeline.environment, **emulator.environment()}
        if start.vendor == "github":  # the action reads the input from the event's file
            event = tmp_path / "event.json"
            event.write_text(json_text.write({"inputs": {"context": start.context}}))
            environ |= {"GITHUB_EVENT_PATH": str(event)}
        else:
            environ |= {"CONTEXT": start.context}
        run_command("run", cwd=pipeline.catalog, env=environ)

    with vendor_double() as found:
        found.perform = perform
        for vendor in TARGETS:
            emulator.deliver_to(vendor, found.url)
        yield found


def call(pipeline: Pipeline, emulator: Emulator, *words: str) -> subprocess.CompletedProcess[str]:
    environ = {**pipeline.environment, **emulator.environment(), "PURVEYOR_NRN": ACCOUNT}
    return run_command("channel", *words, cwd=pipeline.catalog, env=environ)


@pytest.mark.parametrize(
    "vendor", ["github", *(pytest.param(each, marks=pytest.mark.slow) for each in [*TARGETS][1:])]
)
def test_an_action_comes_through_a_new_channel_and_its_result_comes_back(
    vendor: str, emulator: Emulator, pipeline: Pipeline, double: VendorDouble
) -> None:
    service = emulator.create_service("sqs-queue", name="orders")
    # Asked for before there is a channel: nobody hears it.
    envelope: Any = emulator.request_action(str(service["id"]), "create", {"queue_name": "orders"})
    made = call(pipeline, emulator, "create", vendor, *TARGETS[vendor])
    assert made.returncode == 0, made.stderr
    tried = call(pipeline, emulator, "test", "1", "--yes", "--end-seconds", "60")
    assert tried.returncode == 0, tried.stderr
    told = re.fullmatch(
        r"accepted: HTTP 20\d\nstarted: (\w+)\nreported back: success\n", tried.stdout
    )
    assert told is not None, tried.stdout
    assert emulator.action(envelope["notification"]["id"])["status"] == "success"
    shown: Any = emulator.entity("service", str(service["id"]))
    assert shown["status"] == "active"
    assert shown["attributes"]["queue_name"] == "orders"
    [start] = double.starts
    assert start.vendor == vendor
