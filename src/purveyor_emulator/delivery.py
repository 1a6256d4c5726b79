"""Sends envelopes to channels, in the background, as the platform does."""

from __future__ import annotations

import urllib.error
import urllib.request
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING

from purveyor import json_text
from purveyor_emulator.refusal import object_in
from purveyor_emulator.vendors import StartRequest, start_request

if TYPE_CHECKING:
    from collections.abc import Callable

    from purveyor.json_text import JsonObject
    from purveyor_emulator.records import Channel
    from purveyor_emulator.vendors import VendorApi

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


def deliver(channel: Channel, envelope: JsonObject, api: VendorApi | None) -> tuple[str, str]:
    """Send one envelope; return `success`, `failed` or `skipped`, and a line that says why.

    `api` is that of the CI whose channel it is.
    """
    if channel.type == "http":
        request = _webhook(channel, envelope)
    elif api is not None:
        request = start_request(channel.type, api, channel.configuration, envelope)
    else:
        return "skipped", f"the emulator was given no address to deliver {channel.type} to"
    return _post(request)


def _webhook(channel: Channel, envelope: JsonObject) -> StartRequest:
    own = {k: str(v) for k, v in object_in(channel.configuration, "headers").items()}
    copied = {"np-source": str(envelope["source"]), "np-event": str(envelope["event"])}
    return StartRequest(str(channel.configuration["url"]), {**own, **copied}, envelope)


def _post(sent: StartRequest) -> tuple[str, str]:
    request = urllib.request.Request(  # noqa: S310 - the configuration's check lets http(s) pass only
        sent.url,
        data=json_text.write(sent.body).encode(),
        headers={"content-type": "application/json", **sent.headers},
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
