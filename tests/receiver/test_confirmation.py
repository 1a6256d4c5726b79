"""A forged notification can point to an action that is open, and change nothing of it."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pytest

from purveyor import json_text, notification
from purveyor.client import Credentials, PlatformClient
from purveyor.errors import ContextError, PlatformError
from purveyor.receiver.confirmation import confirm
from purveyor.redaction import Redactor
from purveyor_emulator import Emulator

if TYPE_CHECKING:
    from collections.abc import Iterator

    from purveyor.action import ActionContext


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    """One platform for all tests."""
    with Emulator.running() as running:
        yield running


def confirmed(emulator: Emulator, envelope: Any) -> ActionContext:
    client = PlatformClient(
        emulator.url, Credentials(api_key=emulator.api_key), redactor=Redactor(())
    )
    body = confirm(client, json_text.write(envelope).encode())
    source = notification.read_source(body, "the body")
    return notification.read_action(notification.parse_notification(source))


def honest(emulator: Emulator) -> Any:
    service = str(emulator.create_service(dimensions={"environment": "dev"})["id"])
    return emulator.request_action(service, "create", {"queue_name": "orders"})


def test_an_honest_notification_stays_the_same_action(emulator: Emulator) -> None:
    envelope = honest(emulator)
    source = notification.read_source(json_text.write(envelope).encode(), "the body")
    expected = notification.read_action(notification.parse_notification(source))
    assert confirmed(emulator, envelope) == expected


def test_what_is_forged_is_replaced_by_what_the_platform_says(emulator: Emulator) -> None:
    envelope = honest(emulator)
    expected = confirmed(emulator, envelope)
    forged = copy.deepcopy(envelope)
    inner = forged["notification"]
    inner |= {"type": "delete", "specification": {"id": "x", "slug": "drop-everything"}}
    inner["parameters"] = {"queue_name": "theirs", "fifo": True}
    inner["service"]["specification"] = {"id": "x", "slug": "mysql-database"}
    inner["service"] |= {"dimensions": {"environment": "production"}, "slug": "theirs"}
    assert confirmed(emulator, forged) == expected


def test_a_secret_and_a_trace_are_taken_from_the_notification(emulator: Emulator) -> None:
    envelope = honest(emulator)
    envelope["notification"]["parameters"]["np-trace"] = "1|a|b"
    assert confirmed(emulator, envelope).carriers == {"NP_TRACE": "1|a|b"}


def test_an_action_that_is_not_there_is_not_confirmed(emulator: Emulator) -> None:
    envelope, other = honest(emulator), honest(emulator)
    for change in ({"id": "made-up"}, {"service": other["notification"]["service"]}):
        forged = copy.deepcopy(envelope)
        forged["notification"] |= change
        with pytest.raises(PlatformError):
            confirmed(emulator, forged)


def test_a_link_of_another_service_is_not_confirmed(emulator: Emulator) -> None:
    services = [
        str(emulator.create_service("mysql-database", status="active")["id"]) for _ in range(2)
    ]
    link = str(emulator.create_link(services[0])["id"])
    envelope: Any = emulator.request_action(link, "create", {"username": "app"})
    assert confirmed(emulator, envelope).link is not None
    forged = copy.deepcopy(envelope)
    forged["notification"]["service"]["id"] = services[1]
    with pytest.raises(ContextError, match="another service"):
        confirmed(emulator, forged)
