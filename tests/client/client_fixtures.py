"""A client of the scripted server that is quick to lose policy."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING

import pytest

from purveyor.action import Kind
from purveyor.client import Credentials, PlatformClient, RetryPolicy
from purveyor.errors import PurveyorError
from purveyor.redaction import Redactor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from scripted_server import ScriptedServer

KEY = "a2V5LW9m.dGhlLXRlc3Rz"
BRISK = RetryPolicy(total=5.0, first_wait=0.5, connect=1.0, read=2.0)


@contextlib.contextmanager
def client_of(
    server: ScriptedServer,
    *,
    credentials: Credentials | None = None,
    policy: RetryPolicy = BRISK,
    pause: Callable[[float], object] | None = lambda _: None,
    now: Callable[[], float] = time.time,
) -> Iterator[PlatformClient]:
    client = PlatformClient(
        server.url,
        credentials or Credentials(api_key=KEY),
        redactor=Redactor(),
        policy=policy,
        pause=pause,
        now=now,
    )
    with contextlib.closing(client):
        yield client


def failure_of(client: PlatformClient) -> PurveyorError:
    with pytest.raises(PurveyorError) as caught:
        client.read_action(Kind.SERVICE, "s1", "a1")
    return caught.value
