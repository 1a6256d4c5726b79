"""A whole receiver: what was sent while nobody listened is carried out, and who may watch can."""

from __future__ import annotations

import base64
import shutil
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from receiver_fixtures import BEARER, until
from serve_process import serve_process

from purveyor_emulator import Emulator

if TYPE_CHECKING:
    from collections.abc import Iterator

EXAMPLES = Path(__file__).parents[2] / "examples"
VIEWER = "a-token-of-those-who-watch"


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """A platform that forgets everything after the test."""
    with Emulator.running() as running:
        yield running


@pytest.fixture
def catalog(tmp_path: Path) -> Path:
    return Path(shutil.copytree(EXAMPLES / "catalog", tmp_path / "catalog"))


def request(emulator: Emulator, count: int) -> list[str]:
    """Ask for queues; return the actions' ids."""
    found = []
    for number in range(count):
        service = str(emulator.create_service("sqs-queue", name=f"queue {number}")["id"])
        sent: Any = emulator.request_action(service, "create", {"queue_name": f"q{number}"})
        found.append(str(sent["notification"]["id"]))
    return found


def get(port: int, path: str, authorization: str = "") -> tuple[int, str, Any]:
    """Return status, text and headers."""
    asked = urllib.request.Request(f"http://127.0.0.1:{port}{path}")
    if authorization:
        asked.add_header("authorization", authorization)
    try:
        with urllib.request.urlopen(asked, timeout=20) as answer:  # noqa: S310 - loopback
            return answer.status, answer.read().decode(), answer.headers
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode(), error.headers


@pytest.mark.slow
@pytest.mark.one_engine
def test_a_receiver_that_was_away_under_load_misses_nothing(
    emulator: Emulator, engine_environment: dict[str, str], catalog: Path
) -> None:
    environment = engine_environment | emulator.environment()
    search = ("--nrn", emulator.nrn, "--missed-every", "1s")
    with serve_process(catalog, environment, *search) as receiver:
        url = f"http://127.0.0.1:{receiver.port}/notifications"
        emulator.create_channel(url, headers={**BEARER})
        actions = request(emulator, 2)
        until(lambda: len(receiver.events("accepted")) == 2)
        receiver.kill()
    missed = request(emulator, 6)
    emulator.wait_for_deliveries()
    for each in missed:
        emulator.age_action(each, 600)  # it was away for ten minutes
    again = ("--port", str(receiver.port))
    with serve_process(catalog, environment, *search, *again, number=2) as receiver:
        actions += [*missed, *request(emulator, 2)]

        def statuses() -> set[object]:
            return {emulator.action(each)["status"] for each in actions}

        until(lambda: statuses() == {"success"}, 90)
        assert {each["action"] for each in receiver.events("fetched")} == {*missed}
        assert receiver.stop() == 0
    until_told = [each for each in emulator.requests(method="PATCH") if "/action/" in each["path"]]  # type: ignore[operator] # a path is text
    ends = [each["path"] for each in until_told if each["body"].get("status") == "success"]  # type: ignore[union-attr] # a body is an object
    assert len(ends) == len({*ends}) == len(actions)  # each ended once


def test_those_who_watch_need_a_token_of_their_own(emulator: Emulator, catalog: Path) -> None:
    environment = {**emulator.environment(), "PURVEYOR_SERVE_VIEW_TOKENS": VIEWER}
    with serve_process(catalog, {"PATH": "/usr/bin:/bin", **environment}) as receiver:
        port = receiver.port
        basic = base64.b64encode(f"anybody:{VIEWER}".encode()).decode()
        for path in ("/metrics", "/"):
            for wrong in ("", BEARER["authorization"], "Basic nonsense", "Basic eA=="):
                status, text, headers = get(port, path, wrong)
                assert (status, text) == (401, "")
                assert headers["www-authenticate"].startswith("Basic realm=")
        status, text, headers = get(port, "/metrics", f"Bearer {VIEWER}")
        assert (status, headers["content-type"].partition(";")[0]) == (200, "text/plain")
        assert 'purveyor_deliveries{status="waiting"} 0.0' in text
        status, text, headers = get(port, "/", f"Basic {basic}")
        assert (status, headers["content-type"].partition(";")[0]) == (200, "text/html")
        assert headers["content-security-policy"].startswith("default-src 'none'; style-src")
        assert 'http-equiv="refresh"' in text
        assert "refresh" not in get(port, "/?reload=off", f"Basic {basic}")[1]
        assert VIEWER not in receiver.log.read_text()


def test_without_a_token_nobody_can_watch(emulator: Emulator, catalog: Path) -> None:
    environment = {"PATH": "/usr/bin:/bin", **emulator.environment()}
    with serve_process(catalog, environment) as receiver:
        assert [get(receiver.port, path)[0] for path in ("/metrics", "/")] == [404, 404]
