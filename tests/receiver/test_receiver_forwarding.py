"""Deliveries that a CI carries out: a pipeline each, started as the platform would."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from ci_api_fixtures import CiDouble, run_ci_double
from purveyor import json_text
from purveyor.dispatch import PipelineTarget, open_dispatcher
from purveyor.errors import ContextError
from purveyor.inbox.model import Delivery, DeliveryEnding, DeliveryStatus
from purveyor.receiver.forwarding import Forwarding
from purveyor.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BODY = b'{"notification": {"id": "a1"}}'
DELIVERY = Delivery("a1", "service/s1", "mysql", "create", BODY, 0.0)


@pytest.fixture
def double() -> Iterator[CiDouble]:
    """A GitHub that takes what it is asked to start."""
    with run_ci_double() as running:
        yield running


def forward(
    double: CiDouble, confirm: Callable[[bytes], bytes] = lambda body: body
) -> tuple[DeliveryEnding, list[dict[str, Any]]]:
    settings = Settings({"GITHUB_API_URL": double.url, "GITHUB_TOKEN": "t0ken-t0ken"})
    target = PipelineTarget("acme/infra", "provision.yml", "main")
    told: list[dict[str, Any]] = []

    def tell(event: str, /, **fields: object) -> None:
        told.append({"event": event, **fields})

    forwarding = Forwarding(open_dispatcher("github", target, settings), tell, confirm)

    async def once() -> DeliveryEnding:
        return await forwarding(DELIVERY)

    return asyncio.run(once()), told


def test_a_pipeline_is_started_with_the_confirmed_context(double: CiDouble) -> None:
    ending, told = forward(double, lambda _: b'{"notification": {"id": "confirmed"}}')
    (run,) = double.github.played.runs
    assert json_text.parse(run.seen) == {"notification": {"id": "confirmed"}}
    assert (ending.status, ending.reason) == (DeliveryStatus.ENDED, "FORWARDED")
    assert str(run.id) in ending.run_url
    assert [each["event"] for each in told] == ["started", "ended"]


@pytest.mark.parametrize("status", [401, 403, 404, 422, 500])
def test_what_the_ci_refuses_is_tried_again_later(double: CiDouble, status: int) -> None:
    double.refuse(status, {"message": "no"}, times=5)
    ending, _ = forward(double)
    assert ending.status is DeliveryStatus.WAITING
    assert ending.reason


def test_what_is_forged_starts_nothing(double: CiDouble) -> None:
    def confirm(_: bytes) -> bytes:
        raise ContextError("Forged", hint="No.")

    assert forward(double, confirm)[0].status is DeliveryStatus.FAILED
    assert double.requests == []
