"""A small client of the Kubernetes API, for arranging and for the kubelets' double."""

from __future__ import annotations

import contextlib
import http.client
import ssl
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from purveyor import json_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from certificate import Certificate


@dataclass(frozen=True, slots=True)
class KubernetesApi:
    """The API server, as an administrator."""

    port: int
    token: str
    certificate: Certificate

    def connect(self, timeout: float | None = 30) -> http.client.HTTPSConnection:
        trusted = ssl.create_default_context(cafile=str(self.certificate.authority))
        return http.client.HTTPSConnection("127.0.0.1", self.port, timeout=timeout, context=trusted)

    def call(self, method: str, path: str, body: Any = None, form: str = "json") -> Any:
        """Return the answer's document, None for any status but 2xx."""
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": f"application/{form}"}
        text = None if body is None else json_text.write(body)
        with contextlib.closing(self.connect()) as connection:
            connection.request(method, path, text, headers)
            answer = connection.getresponse()
            read = answer.read().decode()
        return json_text.parse(read) if 200 <= answer.status < 300 and read[:1] == "{" else None

    def make_namespace(self, name: str) -> None:
        """Make one, and wait for the account that its pods need."""
        self.call("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
        account = f"/api/v1/namespaces/{name}/serviceaccounts/default"
        while not self.call("GET", account):
            time.sleep(0.02)

    def watch(self, path: str) -> Iterator[Any]:
        """Yield each object that is there, then each that changes, until the server ends it."""
        found = self.call("GET", path)
        yield from found["items"]
        version = found["metadata"]["resourceVersion"]
        asked = f"{path}&watch=1&resourceVersion={version}"
        with contextlib.closing(self.connect(timeout=None)) as connection:
            connection.request("GET", asked, headers={"Authorization": f"Bearer {self.token}"})
            for line in connection.getresponse():
                event: Any = json_text.parse(line.decode())
                if event["type"] in {"ADDED", "MODIFIED"}:
                    yield event["object"]
                elif event["type"] == "ERROR":
                    return
