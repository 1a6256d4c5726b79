"""Doubles of three CIs' APIs on loopback: they start, show and cancel runs, or refuse to.

What is laid out here follows the vendors' documents: GitHub, "REST API endpoints for workflow
runs"; GitLab, "Jobs API"; Azure DevOps, "Builds - Get" and its resource locations (an OPTIONS
request to `_apis`). What starts a run has a file for each vendor: `github_double`,
`gitlab_double`, `azure_double`.
"""

from __future__ import annotations

import contextlib
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from azure_double import BUILDS, AzureDouble, resource
from github_double import GitHubDouble
from gitlab_double import GitLabDouble
from played_runs import Answer, Asked
from purveyor import json_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from purveyor.json_text import JsonObject


@dataclass(slots=True)
class CiDouble:
    """What the API answers: `answers` maps a path to a status and a body; others are 404.

    `asked` keeps each request: method, path, and the header that carries the token. `requests`
    has the whole of them.
    """

    url: str = ""
    answers: dict[str, tuple[int, JsonObject]] = field(default_factory=dict)
    asked: list[tuple[str, str, str]] = field(default_factory=list)
    requests: list[Asked] = field(default_factory=list)
    github: GitHubDouble = field(default_factory=GitHubDouble)
    gitlab: GitLabDouble = field(default_factory=GitLabDouble)
    azure: AzureDouble = field(default_factory=AzureDouble)
    _refusals: list[tuple[str, Answer]] = field(default_factory=list)

    def refuse(
        self,
        status: int,
        body: JsonObject | str = "",
        *,
        headers: Mapping[str, str] | None = None,
        method: str = "",
        times: int = 1,
    ) -> None:
        """Answer the next requests so, whatever they ask; `method` lets others through."""
        self._refusals += [(method, Answer(status, body, headers or {}))] * times

    def answer(self, asked: Asked) -> Answer:
        """Return what a request gets: a refusal, what a test has set, or what a vendor says."""
        for each in self._refusals:
            if each[0] in {"", asked.method}:
                self._refusals.remove(each)
                return each[1]
        if asked.path in self.answers:
            return Answer(*self.answers[asked.path])
        for vendor in (self.github, self.gitlab, self.azure):
            found = vendor.answer(asked, self.url)
            if found is not None:
                return found
        return Answer(404, {"message": "Not Found"})

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
        self.answers["/acme/_apis"] = (200, {"count": 1, "value": [resource(*BUILDS)]})
        body: JsonObject = {"id": build, "status": status}
        if result:
            body["result"] = result
        self.answers[f"/acme/infra/_apis/build/Builds/{build}"] = (200, body)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    double: CiDouble

    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        path, _, query = self.path.partition("?")
        token = self.headers.get("Authorization") or self.headers.get("Private-Token") or ""
        text = self.rfile.read(length).decode()
        asked = Asked(self.command, path, query, token, json_text.parse_object(text) or {})
        self.double.asked.append((asked.method, path, token))
        self.double.requests.append(asked)
        self._send(self.double.answer(asked))

    do_OPTIONS = do_POST = do_PATCH = do_PUT = do_GET  # noqa: N815 - the names that http.server calls

    def _send(self, answer: Answer) -> None:
        text, kind = answer.body, "text/html"
        if not isinstance(text, str):
            text, kind = json_text.write(text), "application/json"
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if text:
            self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: object) -> None:
        """Stay quiet."""


@contextlib.contextmanager
def run_ci_double() -> Iterator[CiDouble]:
    """Start one that knows of no run."""
    double = CiDouble()
    handler = type("Handler", (_Handler,), {"double": double})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        double.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield double
        finally:
            server.shutdown()
            thread.join()
