"""States in Consul as its API tells them, against a double of it: parts, packing, locks."""

from __future__ import annotations

import base64
import gzip
import hashlib
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from backend_fixtures import entity

from purveyor import json_text
from purveyor.backends import open_backend
from purveyor.backends.consul import ConsulStates
from purveyor.catalog.backend import ConsulBackendConfig
from purveyor.errors import PurveyorError, ReasonCode, RecoveryError, StateLockedError
from purveyor.settings import Settings
from purveyor.state_key import StateKey

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from purveyor.backends import Backend
    from purveyor.json_text import JsonValue

TOKEN = "consul token"
KEY = StateKey("services/5a1f/x.tfstate", exists=True)
AT = "team/services/5a1f/x.tfstate"
STATE = json_text.write({"version": 4, "serial": 3, "lineage": "l"}).encode()


@dataclass(slots=True)
class Double:
    """A double of Consul's KV and session API, made from its documentation; it is not Consul."""

    url: str = ""
    values: dict[str, bytes] = field(default_factory=dict)
    sessions: dict[str, str] = field(default_factory=dict)
    refusal: int = 0

    def answer(
        self, method: str, path: str, query: dict[str, list[str]], body: bytes
    ) -> tuple[int, bytes]:
        """Return status and body."""
        if self.refusal:
            return self.refusal, b"no"
        if path.startswith("/v1/session/destroy/"):
            self.sessions = {k: s for k, s in self.sessions.items() if not path.endswith(s)}
            return 200, b"true"
        key = path.removeprefix("/v1/kv/")
        if method == "PUT":
            self.values[key] = body
        if method == "DELETE":
            self._delete(key, below="recurse" in query)
        if method != "GET":
            return 200, b"true"
        return self._read(key, query)

    def _read(self, key: str, query: dict[str, list[str]]) -> tuple[int, bytes]:
        found = sorted(k for k in self.values if k.startswith(key))
        if not found or (key not in found and "keys" not in query):
            return 404, b""
        if "keys" in query:
            return 200, json_text.write(found).encode()
        entry: dict[str, JsonValue] = {"Key": key}
        entry["Value"] = base64.b64encode(self.values[key]).decode() or None
        if key in self.sessions:
            entry["Session"] = self.sessions[key]
        return 200, json_text.write([entry]).encode()

    def _delete(self, key: str, *, below: bool) -> None:
        kept = [k for k in self.values if k != key and not (below and k.startswith(key))]
        self.values = {k: self.values[k] for k in kept}


@contextmanager
def running() -> Iterator[Double]:
    double = Double()

    class Door(BaseHTTPRequestHandler):
        def _serve(self) -> None:
            parts = urlsplit(self.path)
            query = parse_qs(parts.query, keep_blank_values=True)
            status, body = 403, b"ACL not found"
            if self.headers.get("X-Consul-Token") == TOKEN:
                sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                status, body = double.answer(self.command, unquote(parts.path), query, sent)
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_PUT = do_DELETE = _serve  # noqa: N815 - the names that http.server calls

        def log_message(self, *_: object) -> None:
            """Stay quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Door) as server:
        double.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield double
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def double() -> Iterator[Double]:
    with running() as served:
        yield served


def backend_at(url: str, root: Path, token: str = TOKEN) -> Backend:
    config = ConsulBackendConfig(type="consul", address=url, prefix="team")
    return open_backend(config, root=root, settings=Settings({"CONSUL_HTTP_TOKEN": token}))


def attempts(backend: Backend) -> list[Callable[[], object]]:
    return [
        lambda: backend.locate(entity()),
        lambda: backend.access(KEY).read(),
        lambda: backend.access(KEY).holder(),
        lambda: backend.remove(KEY),
        lambda: list(backend.list()),
        lambda: backend.versions(KEY),
        lambda: backend.unlock(KEY, "1"),
    ]


def test_a_state_is_found_under_any_slug_and_read(double: Double, tmp_path: Path) -> None:
    backend = backend_at(double.url, tmp_path)
    assert backend.locate(entity()) == StateKey("services/5a1f/orders-db.tfstate", exists=False)
    double.values[AT] = STATE
    double.values[f"{AT}/.lockinfo"] = b"{}"
    double.values["team/services/5a1f0/y.tfstate"] = STATE
    assert backend.locate(entity()) == KEY
    state = backend.access(KEY).read()
    assert state is not None
    assert state.serial == 3
    assert sorted(each.path for each in backend.list()) == [KEY.path, "services/5a1f0/y.tfstate"]


def test_a_first_run_s_lock_is_kept_to(double: Double, tmp_path: Path) -> None:
    double.values[f"{AT}/.lock"] = b""
    found = backend_at(double.url, tmp_path).locate(entity())
    assert found == StateKey(KEY.path, exists=False)


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("parted", [False, True])
def test_a_state_is_put_together_as_the_engine_took_it_apart(
    double: Double, tmp_path: Path, *, packed: bool, parted: bool
) -> None:
    stored = gzip.compress(STATE) if packed else STATE
    double.values[AT] = stored
    if parted:
        digest = hashlib.md5(STATE, usedforsecurity=False).hexdigest()
        chunks = [f"{AT}/tfstate.{digest}/{n}" for n in (0, 1)]
        double.values |= dict(zip(chunks, (stored[:20], stored[20:]), strict=True))
        link = {"current-hash": digest, "chunks": chunks}
        double.values[AT] = json_text.write(link).encode()
    backend = backend_at(double.url, tmp_path)
    assert backend.read_version(KEY, "latest").encode() == STATE
    assert backend.versions(KEY)[0].size == len(STATE)


@pytest.mark.parametrize("chunks", [[f"{AT}/0"], [f"{AT}/gone"], ["elsewhere/0"], []])
def test_a_state_whose_parts_are_wrong_is_never_read_nor_missing(
    double: Double, tmp_path: Path, chunks: list[str]
) -> None:
    double.values |= {f"{AT}/0": b"{", "elsewhere/0": STATE}
    digest = hashlib.md5(STATE, usedforsecurity=False).hexdigest()
    double.values[AT] = json_text.write({"current-hash": digest, "chunks": chunks}).encode()
    with pytest.raises(RecoveryError) as caught:
        backend_at(double.url, tmp_path).access(KEY).read()
    assert caught.value.reason is ReasonCode.STATE_UNREADABLE


def test_a_lock_is_held_by_its_session_alone(double: Double, tmp_path: Path) -> None:
    access = backend_at(double.url, tmp_path).access(KEY)
    double.values[AT] = STATE
    double.values[f"{AT}/.lock"] = b""
    double.values[f"{AT}/.lockinfo"] = b'{"ID": "s1", "Who": "root@vm"}'
    assert access.holder() is None
    double.sessions[f"{AT}/.lock"] = "s1"
    holder = access.holder()
    assert holder is not None
    assert (holder.id, holder.who) == ("s1", "root@vm")
    double.sessions[f"{AT}/.lock"] = "s2"
    successor = access.holder()
    assert successor is not None
    assert (successor.id, successor.who) == ("s2", "")


def test_a_lock_is_freed_by_its_id_and_stops_a_removal(double: Double, tmp_path: Path) -> None:
    backend = backend_at(double.url, tmp_path)
    double.values |= {AT: STATE, f"{AT}/.lock": b"", f"{AT}/tfstate.1/0": b"", f"{AT}2": b""}
    double.sessions[f"{AT}/.lock"] = "s1"
    for attempt in (lambda: backend.remove(KEY), lambda: backend.unlock(KEY, "s2")):
        with pytest.raises(StateLockedError):
            attempt()
    assert AT in double.values
    assert backend.unlock(KEY, "s1") is True
    assert backend.unlock(KEY, "s1") is False
    backend.remove(KEY)
    backend.remove(KEY)
    assert sorted(double.values) == [f"{AT}2"]


def test_the_engine_gets_the_token_by_its_environment(tmp_path: Path) -> None:
    block = backend_at("https://consul.example:8501", tmp_path).block(KEY)
    assert block.environment == {"CONSUL_HTTP_TOKEN": TOKEN}
    assert block.arguments == {
        "address": "consul.example:8501",
        "scheme": "https",
        "path": AT,
        "gzip": False,
    }


@pytest.mark.parametrize(
    ("status", "reason"),
    [(403, ReasonCode.PERMISSION_DENIED), (500, ReasonCode.STATE_UNREADABLE)],
)
def test_a_refusal_is_explained_and_is_never_no_state(
    double: Double, tmp_path: Path, status: int, reason: ReasonCode
) -> None:
    double.refusal = status
    backend = backend_at(double.url, tmp_path)
    for attempt in attempts(backend)[:: 3 if status > 499 else 1]:
        with pytest.raises(PurveyorError) as caught:
            attempt()
        assert caught.value.reason is reason
        assert TOKEN not in f"{caught.value.message}{caught.value.details}"


def test_a_server_that_is_away_is_never_no_state(tmp_path: Path) -> None:
    with pytest.raises(RecoveryError) as caught:
        backend_at("http://127.0.0.1:1", tmp_path).locate(entity())
    assert "does not answer" in caught.value.message


def test_a_note_beside_a_state_is_no_state(double: Double, tmp_path: Path) -> None:
    backend = backend_at(double.url, tmp_path)
    assert isinstance(backend, ConsulStates)
    double.values[AT] = STATE
    assert backend.read_moved_marker(KEY) is None
    backend.mark_moved(KEY, "gone to another place")
    assert backend.read_moved_marker(KEY) == "gone to another place"
    assert [each.path for each in backend.list()] == [KEY.path]
    assert backend.locate(entity()) == StateKey(KEY.path, exists=True, moved=True)
    assert list(backend.paths()) == [KEY.path, f"{KEY.path}.moved"]
