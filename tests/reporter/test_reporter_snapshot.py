"""What the platform is asked before anything is run."""

from __future__ import annotations

import contextlib
import socket
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from reporter_fixtures import HASTY, set_link_stage, set_stage

from certificate import write_certificate
from purveyor.client import Credentials, PlatformClient
from purveyor.reporter import PlatformReporter

if TYPE_CHECKING:
    from pathlib import Path

    from purveyor.json_text import JsonObject
    from purveyor_emulator import Emulator


def test_the_standing_has_the_current_attributes(emulator: Emulator) -> None:
    stage = set_link_stage(emulator)
    emulator.platform.store.any_entity(stage.context.service.id).attributes["storage_gb"] = 30
    with stage.reporter() as reporter:
        snapshot = reporter.read_snapshot(stage.context)
    assert (snapshot.asked, snapshot.note, snapshot.action_status) == (True, "", "pending")
    assert snapshot.service_attributes == {"storage_gb": 30}
    assert snapshot.link_attributes == {"username": "app"}


def test_a_secret_that_reads_as_null_keeps_the_notifications_value(emulator: Emulator) -> None:
    known: JsonObject = {"password": "p4ss-word", "storage_gb": 20}
    stage = set_stage(emulator, attributes=known)
    told = replace(stage.context.service, attributes={"password": "p4ss-word", "storage_gb": 10})
    context = replace(stage.context, service=told)
    with stage.reporter() as reporter:
        snapshot = reporter.read_snapshot(context)
    assert snapshot.service_attributes == known


def test_the_standing_tells_which_attributes_are_secret_and_the_services_name(
    emulator: Emulator,
) -> None:
    stage = set_stage(emulator)
    with stage.reporter() as reporter:
        snapshot = reporter.read_snapshot(stage.context)
        reporter.look_up(stage.context)
    assert snapshot.service_name == "mysql-database"
    assert snapshot.specification is not None
    assert snapshot.specification["password"]["secret"] is True
    assert stage.sent("GET").count("GET /service_specification") == 1


def test_a_certificate_that_is_not_trusted_is_no_outage(emulator: Emulator, tmp_path: Path) -> None:
    stage = set_stage(emulator)
    context = write_certificate(tmp_path, ["localhost"]).context()
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as listening:
        listening.settimeout(10)

        def answer() -> None:
            with contextlib.suppress(OSError), listening.accept()[0] as plain:
                context.wrap_socket(plain, server_side=True)

        server = threading.Thread(target=answer)
        server.start()
        address = f"https://localhost:{listening.getsockname()[1]}"
        client = PlatformClient(address, Credentials(token="t"), redactor=stage.redactor)
        with contextlib.closing(client):
            refusal = (
                PlatformReporter(client, stage.redactor, timeouts=HASTY)
                .read_snapshot(stage.context)
                .refusal
            )
        server.join()
    assert refusal is not None
    assert "a certificate that is not trusted here: nothing was done" in refusal.message


def test_a_finished_action_is_known_after_one_question(emulator: Emulator) -> None:
    stage = set_stage(emulator)
    emulator.cancel_action(stage.context.id)
    with stage.reporter() as reporter:
        snapshot = reporter.read_snapshot(stage.context)
    assert snapshot.action_status == "cancelled"
    assert stage.sent() == ["GET /service/action"]


@pytest.mark.parametrize(
    ("status", "exit_code", "reason"),
    [
        (400, 17, "PLATFORM_REFUSED"),
        (401, 16, "CREDENTIALS_INVALID"),
        (403, 16, "PERMISSION_DENIED"),
        (410, 17, "PLATFORM_REFUSED"),
    ],
)
def test_a_no_is_no_outage(emulator: Emulator, status: int, exit_code: int, reason: str) -> None:
    stage = set_stage(emulator)
    emulator.fault("status", status=status, count=-1, path="/service/*")
    with stage.reporter(HASTY) as reporter:
        refusal = reporter.read_snapshot(stage.context).refusal
    assert refusal is not None
    assert (refusal.exit_code, refusal.reason) == (exit_code, reason)
    assert str(status) in refusal.message


def test_an_action_that_the_platform_no_longer_has_was_withdrawn(emulator: Emulator) -> None:
    stage = set_stage(emulator)
    del emulator.platform.store.actions[stage.context.id]
    with stage.reporter() as reporter:
        snapshot = reporter.read_snapshot(stage.context)
    assert (snapshot.asked, snapshot.action_status) == (True, "withdrawn")


def test_a_login_that_is_not_found_says_nothing_of_the_action(emulator: Emulator) -> None:
    stage = set_stage(emulator)
    emulator.fault("status", status=404, path="/token", count=-1)
    with stage.reporter(HASTY) as reporter:
        snapshot = reporter.read_snapshot(stage.context)
    assert (snapshot.asked, snapshot.action_status) == (False, None)
    assert snapshot.refusal is not None


@pytest.mark.parametrize("status", [200, 429, 503])
def test_a_platform_that_does_not_answer_is_said_and_not_raised(
    emulator: Emulator, status: int
) -> None:
    stage = set_stage(emulator)
    emulator.fault("status", status=status, seconds=0, count=-1, path="/service/*")
    with stage.reporter(HASTY) as reporter:
        snapshot = reporter.read_snapshot(stage.context)
    assert not snapshot.asked
    assert snapshot.refusal is None
    assert snapshot.action_status is None
    if status == 200:
        assert "is not the platform" in snapshot.note
        return
    assert str(status) in snapshot.note
    assert "Going on with what the notification says" in snapshot.note
