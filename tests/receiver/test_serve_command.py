"""`purveyor serve` as a process: how it starts, drains, and is started again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from receiver_fixtures import BEARER, until
from serve_process import serve_process

from purveyor import process
from purveyor_emulator import Emulator
from warm_commands import run_command

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from purveyor.json_text import JsonObject

SEED: JsonObject = {
    "specifications": [
        {
            "slug": "queue",
            "name": "Queue",
            "attributes": {"type": "object", "properties": {}},
            "actions": [
                {
                    "slug": "purge",
                    "name": "Purge",
                    "type": "custom",
                    "parameters": {"type": "object", "properties": {}},
                    "results": {"type": "object", "properties": {}},
                }
            ],
        }
    ]
}
SLOW = "#!/bin/sh\nsleep 2\nprintf '{}' > \"$PURVEYOR_RESULT\"\n"


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """A platform that forgets everything after the test."""
    with Emulator.running(seed=SEED) as running:
        yield running


@pytest.fixture
def catalog(tmp_path: Path) -> Path:
    """A catalog in which each custom action takes two seconds."""
    folder = tmp_path / "catalog"
    program = folder / "modules/queue/actions/purge/run"
    program.parent.mkdir(parents=True)
    (folder / "purveyor.yaml").write_text("version: 1\nbackend: {type: local, path: states}\n")
    program.write_text(SLOW)
    program.chmod(0o755)
    return folder


def test_without_a_token_or_a_key_it_does_not_start(
    catalog: Path, clean_environment: dict[str, str]
) -> None:
    for more, words in (
        ({}, "has no token"),
        ({"PURVEYOR_SERVE_TOKENS": "x" * 16}, "no credentials for the platform"),
        ({"PURVEYOR_SERVE_TOKENS": "short"}, "fewer than 16"),
        ({"PURVEYOR_SERVE_TOKENS_FILE": "none"}, "cannot be read"),
    ):
        done = run_command("serve", cwd=catalog, env=clean_environment | more)
        assert done.returncode == 16
        assert words in done.stderr
    host = ("serve", "--insecure-loopback", "--host", "0.0.0.0")  # noqa: S104 - refused
    done = run_command(*host, cwd=catalog, env=clean_environment)
    assert (done.returncode, "this machine only" in done.stderr) == (2, True)


@pytest.mark.slow
def test_a_run_outlives_a_killed_receiver_and_the_next_one_waits_for_it(
    catalog: Path, emulator: Emulator, clean_environment: dict[str, str]
) -> None:
    environment = clean_environment | emulator.environment()
    service = str(emulator.create_service("queue", status="active")["id"])
    sent = emulator.request_action(service, "purge", {})
    runs = (catalog / "kept/runs").resolve()
    with serve_process(catalog, environment) as first:
        assert first.send(sent, headers=BEARER).status == 202
        until(lambda: process.find_leaders(runs))
        first.kill()
    with serve_process(catalog, environment, number=2) as second:
        until(lambda: second.events("ended"))
        assert second.events("ended")[0]["status"] == "ended"
        assert second.send(sent, headers=BEARER).document["status"] == "ended"
        assert second.stop() == 0
    assert emulator.action(str(sent["notification"]["id"]))["status"] == "success"  # type: ignore[index,call-overload]  # JSON
    started = [each for each in emulator.requests(method="PATCH") if "in_progress" in str(each)]
    assert len(started) == 1, "it ran once"


@pytest.mark.slow
def test_asked_to_stop_it_waits_for_what_has_begun(
    catalog: Path, emulator: Emulator, clean_environment: dict[str, str]
) -> None:
    environment = clean_environment | emulator.environment()
    service = str(emulator.create_service("queue", status="active")["id"])
    first, second = (emulator.request_action(service, "purge", {}) for _ in range(2))
    with serve_process(catalog, environment, "--workers", "1") as receiver:
        for sent in (first, second):
            assert receiver.send(sent).status == 202
        until(lambda: process.find_leaders((catalog / "kept/runs").resolve()))
        assert receiver.stop() == 0
        assert [each["status"] for each in receiver.events("ended")] == ["ended"]
    assert emulator.action(str(second["notification"]["id"]))["status"] == "pending"  # type: ignore[index,call-overload]  # JSON
