"""Sends envelopes to http channels, in the background, as the platform does."""

from __future__ import annotations

import urllib.error
import urllib.request
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from purveyor import json_text
from purveyor_emulator.refusal import invalid, object_in, text_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from purveyor.json_text import JsonObject
    from purveyor_emulator.records import Channel

SECONDS = 10.0


class Deliveries:
    """Posts in flight. No redirects and no proxy: the channel's address is meant literally."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(max_workers=4, thread_name_prefix="delivery")
        self._open: set[Future[None]] = set()

    def start(self, work: Callable[[], None]) -> None:
        """Do `work` in the background."""
        future = self._pool.submit(work)
        self._open.add(future)
        future.add_done_callback(self._open.discard)

    def wait(self, seconds: float = SECONDS) -> None:
        """Wait until what was started so far has ended."""
        wait(tuple(self._open), timeout=seconds)

    def close(self) -> None:
        """Drop what has not begun and wait for the rest."""
        self._pool.shutdown(wait=True, cancel_futures=True)


def check_configuration(configuration: JsonObject) -> None:
    """Refuse an http channel's configuration that cannot be delivered to."""
    if urlsplit(text_in(configuration, "url")).scheme not in {"http", "https"}:
        raise invalid("body/configuration/url must be an http or https address")
    if not all(isinstance(value, str) for value in object_in(configuration, "headers").values()):
        raise invalid("body/configuration/headers values must be string")


def deliver(channel: Channel, envelope: JsonObject) -> tuple[str, str]:
    """Post one envelope; return `success` or `failed`, and a line that says why."""
    request = urllib.request.Request(  # noqa: S310 - check_configuration lets http(s) pass only
        str(channel.configuration["url"]),
        data=json_text.write(envelope).encode(),
        headers={
            "content-type": "application/json",
            **{k: str(v) for k, v in object_in(channel.configuration, "headers").items()},
            "np-source": str(envelope["source"]),
            "np-event": str(envelope["event"]),
        },
        method="POST",
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _Straight)
    try:
        with opener.open(request, timeout=SECONDS) as answer:
            return "success", f"HTTP {answer.status}"
    except urllib.error.HTTPError as error:
        with error:
            return "failed", f"HTTP {error.code}"
    except (OSError, ValueError) as error:
        return "failed", f"{type(error).__name__}: {error}"


class _Straight(urllib.request.HTTPRedirectHandler):
    """Takes a redirect as the answer."""

    def redirect_request(self, *_arguments: object, **_named: object) -> None:
        """Follow nothing."""
