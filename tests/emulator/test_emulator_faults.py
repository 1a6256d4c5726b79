"""Trouble on demand."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
from platform_client import LOST, PlatformClient

if TYPE_CHECKING:
    from purveyor_emulator import Emulator


def switch_on(client: PlatformClient, **fault: Any) -> None:
    assert client.send("PUT", "/emulator/faults", {"faults": [fault]}).status == 200


def statuses(client: PlatformClient, times: int) -> list[int]:
    return [client.send("GET", "/service").status for _ in range(times)]


def test_a_fault_strikes_as_often_as_asked(client: PlatformClient) -> None:
    switch_on(client, kind="status", status=503, count=2)
    assert statuses(client, 3) == [503, 503, 200]


def test_a_fault_without_end_lasts_until_it_is_cleared(client: PlatformClient) -> None:
    switch_on(client, kind="status", count=-1)
    assert statuses(client, 3) == [500, 500, 500]
    client.send("DELETE", "/emulator/faults")
    assert statuses(client, 1) == [200]


def test_too_many_requests_say_when_to_come_back(client: PlatformClient) -> None:
    switch_on(client, kind="status", status=429, seconds=7)
    answer = client.send("GET", "/service")
    assert (answer.status, answer.headers["retry-after"]) == (429, "7")


def test_a_fault_strikes_only_the_method_and_path_it_names(
    emulator: Emulator, client: PlatformClient
) -> None:
    path = f"/service/{emulator.create_service()['id']}"
    switch_on(client, kind="status", count=-1, method="PATCH", path="/service/*")
    assert client.send("GET", path).status == 200
    assert client.send("POST", "/service", {}).status == 400
    assert client.send("PATCH", path, {}).status == 500


def test_a_dropped_request_is_answered_by_nothing_and_not_carried_out(
    emulator: Emulator, client: PlatformClient
) -> None:
    path = f"/service/{emulator.create_service(name='before')['id']}"
    switch_on(client, kind="drop")
    with pytest.raises(LOST):
        client.send("PATCH", path, {"name": "after"})
    assert client.send("GET", path).body["name"] == "before"
    assert emulator.requests(method="PATCH")[-1]["status"] is None


def test_a_lost_answer_is_to_a_request_that_was_carried_out(
    emulator: Emulator, client: PlatformClient
) -> None:
    path = f"/service/{emulator.create_service(name='before')['id']}"
    switch_on(client, kind="lost_answer")
    with pytest.raises(LOST):
        client.send("PATCH", path, {"name": "after"})
    assert client.send("GET", path).body["name"] == "after"


def test_an_answer_that_is_cut_short_is_to_a_request_that_was_carried_out(
    emulator: Emulator, client: PlatformClient
) -> None:
    path = f"/service/{emulator.create_service(name='before')['id']}"
    switch_on(client, kind="cut_short")
    with pytest.raises(LOST):
        client.send("PATCH", path, {"name": "after"})
    assert client.send("GET", path).body["name"] == "after"


def test_a_page_in_html_comes_with_200_instead_of_what_was_asked_for(
    emulator: Emulator, client: PlatformClient
) -> None:
    path = f"/service/{emulator.create_service(name='before')['id']}"
    switch_on(client, kind="page")
    answer = client.send("PATCH", path, {"name": "after"})
    assert (answer.status, answer.text[:6]) == (200, "<html>")
    assert client.send("GET", path).body["name"] == "before"


def test_latency_delays_an_answer_and_adds_to_other_faults(
    emulator: Emulator, client: PlatformClient
) -> None:
    emulator.fault("latency", seconds=0.3)
    emulator.fault("status", status=502)
    begun = time.monotonic()
    assert client.send("GET", "/service").status == 502
    assert time.monotonic() - begun >= 0.3


def test_an_expired_token_stays_expired_until_the_next_login(client: PlatformClient) -> None:
    switch_on(client, kind="expired_token")
    assert statuses(client, 2) == [401, 401]
    client.log_in()
    assert statuses(client, 1) == [200]


def test_the_control_routes_meet_no_fault_and_need_no_token(client: PlatformClient) -> None:
    switch_on(client, kind="drop", count=-1)
    client.token = ""
    for path in ("/emulator/faults", "/emulator/requests", "/emulator/view", "/"):
        assert client.send("GET", path).status == 200


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "plague"},
        {},
        {"kind": "status", "status": 100},
        {"kind": "drop", "count": -2},
        {"kind": "latency", "seconds": "long"},
        {"kind": "drop", "times": 2},
    ],
)
def test_a_bad_fault_is_refused_and_the_old_ones_stay(
    client: PlatformClient, fault: dict[str, Any]
) -> None:
    switch_on(client, kind="latency", seconds=0, path="/x")
    assert client.send("PUT", "/emulator/faults", {"faults": [fault]}).status == 400
    [left] = client.send("GET", "/emulator/faults").body["faults"]
    assert (left["kind"], left["count"]) == ("latency", 1)
