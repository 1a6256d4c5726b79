"""A small client for the emulator's tests: real HTTP, logged in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx2  # noqa: TID251 - the tests stand where Purveyor's own client does

if TYPE_CHECKING:
    from purveyor_emulator import Emulator

LOST = (httpx2.RemoteProtocolError, httpx2.ReadError)


@dataclass(frozen=True)
class Answer:
    status: int
    body: Any
    headers: dict[str, str]
    text: str


class PlatformClient:
    """Sends requests with a token of its own."""

    def __init__(self, emulator: Emulator, http: httpx2.Client) -> None:
        self._emulator = emulator
        self._http = http
        self.token = ""

    def log_in(self) -> Answer:
        answer = self.send("POST", "/token", {"api_key": self._emulator.api_key})
        self.token = answer.body["access_token"]
        return answer

    def send(self, method: str, path: str, body: Any = None, content: str | None = None) -> Answer:
        headers = {"authorization": f"Bearer {self.token}"} if self.token else {}
        url = f"{self._emulator.url}{path}"
        if content is None:
            sent = self._http.request(method, url, json=body, headers=headers)
        else:
            sent = self._http.request(method, url, content=content, headers=headers)
        is_json = sent.headers.get("content-type") == "application/json"
        answer = sent.json() if is_json and sent.text else None
        return Answer(sent.status_code, answer, dict(sent.headers), sent.text)
