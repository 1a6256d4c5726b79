"""Answers that come slowly, and deeds that take too long."""

from __future__ import annotations

import math
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from purveyor.transport.connection import Connection, Request
from purveyor.transport.download import DownloadError, download
from purveyor.transport.errors import NoResponseError
from purveyor.transport.retry import RetryPolicy, paced, within

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class _Drops(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("content-length", "1000")
        self.end_headers()
        try:
            for _ in range(1000):
                time.sleep(0.05)
                self.wfile.write(b"x")
        except OSError:  # the client has gone
            return

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def drops() -> Iterator[str]:
    """A server whose answer is a byte now and then."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Drops)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


def test_no_door_waits_for_an_answer_that_trickles(drops: str, tmp_path: Path) -> None:
    began = time.monotonic()
    once = RetryPolicy(attempts=1, total=math.inf, read=0.5)
    with pytest.raises(NoResponseError, match="in time"):
        Connection(once).send(Request("GET", drops))
    with pytest.raises(DownloadError, match="slowly"):
        download(drops, tmp_path / "file", policy=once)
    assert time.monotonic() - began < 10


def test_what_comes_at_a_fair_pace_is_taken_whole() -> None:
    parts = [b"x" * 40_000] * 5

    def slowly() -> Iterator[bytes]:
        for part in parts:
            time.sleep(0.1)
            yield part

    assert list(paced(slowly(), 0.01)) == parts


def test_a_deed_gives_its_result_or_its_error_and_is_left_when_it_takes_too_long() -> None:
    assert within(5, lambda: 7) == 7
    with pytest.raises(ZeroDivisionError):
        within(5, lambda: 1 / 0)
    gate = threading.Event()
    with pytest.raises(TimeoutError):
        within(0.05, gate.wait)
    gate.set()


def test_a_thread_that_had_no_memory_to_begin_is_not_waited_for_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("_thread.start_new_thread", lambda *_: 1)
    with pytest.raises(TimeoutError):
        within(0.05, lambda: 7)
