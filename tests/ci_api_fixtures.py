"""Doubles of three CIs' APIs on loopback: the few answers that tell whether a run lives.

Laid out after the vendors' documents: GitHub, "REST API endpoints for workflow runs"; GitLab, "Jobs
API"; Azure DevOps, "Builds - Get" and its resource locations (an OPTIONS request to `_apis`).
"""

from __future__ import annotations

import contextlib
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from purveyor import json_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from purveyor.json_text import JsonObject

_BUILDS = "0cd358e1-9217-4d94-8269-1c1ee6f93dcf"


@dataclass(slots=True)
class CiDouble:
    """What the API answers: `answers` maps a path to a status and a body; others are 404.

    `asked` keeps each request: method, path, and the header that carries the token.
    """

    url: str = ""
    answers: dict[str, tuple[int, JsonObject]] = field(default_factory=dict)
    asked: list[tuple[str, str, str]] = field(default_factory=list)

    def github_run(
        self, status: str, *, conclusion: str | None = None, attempt: int = 1, run: int = 100
    ) -> None:
        """Set how a workflow run of acme/infra stands; earlier attempts have failed."""
        place = f"/repos/acme/infra/actions/runs/{run}"
        body: JsonObject = {
            "id": run,
            "url": f"{self.url}{place}",
            "html_url": f"https://github.com/acme/infra/actions/runs/{run}",
            "status": status,
            "conclusion": conclusion,
            "run_attempt": attempt,
        }
        self.answers[place] = (200, body)
        for earlier in range(1, attempt):
            ended: JsonObject = {
                **body,
                "status": "completed",
                "conclusion": "failure",
                "run_attempt": earlier,
            }
            self.answers[f"{place}/attempts/{earlier}"] = (200, ended)

    def gitlab_job(self, status: str, *, job: int = 100) -> None:
        """Set how a job of acme/infra stands."""
        body: JsonObject = {"id": job, "status": status, "web_url": f"{self.url}/-/jobs/{job}"}
        self.answers[f"/api/v4/projects/acme%2Finfra/jobs/{job}"] = (200, body)

    def azure_build(self, status: str, *, result: str | None = None, build: int = 100) -> None:
        """Set how a build of the project infra stands."""
        self.answers["/acme/_apis"] = (200, {"count": 1, "value": [_LOCATION]})
        body: JsonObject = {"id": build, "status": status}
        if result:
            body["result"] = result
        self.answers[f"/acme/infra/_apis/build/Builds/{build}"] = (200, body)


_LOCATION: JsonObject = {
    "id": _BUILDS,
    "area": "build",
    "resourceName": "Builds",
    "routeTemplate": "{project}/_apis/{area}/{resource}/{buildId}",
    "resourceVersion": 7,
    "minVersion": "2.0",
    "maxVersion": "7.2",
    "releasedVersion": "7.1",
}


@contextlib.contextmanager
def run_ci_double() -> Iterator[CiDouble]:
    """Start one that knows of no run."""
    double = CiDouble()

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.split("?")[0]
            token = self.headers.get("Authorization") or self.headers.get("Private-Token") or ""
            double.asked.append((self.command, path, token))
            status, body = double.answers.get(path, (404, {"message": "Not Found"}))
            content = json_text.write(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_OPTIONS = do_GET  # noqa: N815 - the name that http.server calls

        def log_message(self, *_: object) -> None:
            """Stay quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        double.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield double
        finally:
            server.shutdown()
            thread.join()
