"""A double of GitHub's API: workflow runs of acme/infra are started, listed, shown and cancelled.

Laid out after docs.github.com, "REST API endpoints for workflows" (create a workflow dispatch
event: 204, or 200 with `return_run_details`), "REST API endpoints for workflow runs" and "Using
pagination in the REST API".
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from played_runs import Answer, Asked, PlayedRun, PlayedRuns

if TYPE_CHECKING:
    from collections.abc import Iterator

    from purveyor.json_text import JsonObject

_PLACE = "/repos/acme/infra/actions"
_DISPATCH = re.compile(rf"{_PLACE}/workflows/([^/]+)/dispatches")
_LIST = re.compile(rf"{_PLACE}/workflows/([^/]+)/runs")
_RUN = re.compile(rf"{_PLACE}/runs/(\d+)(/cancel)?")
_COMMENTS = re.compile(r"/repos/acme/infra/issues/(?:12|12/comments|comments/(\d+))")
_LONGEST = 65_535  # characters of all inputs


@dataclass(slots=True)
class GitHubDouble:
    """GitHub with one repository.

    `workflows` maps a workflow's file to the inputs that it declares; one without the trigger
    `workflow_dispatch` has None. `details` says what becomes of `return_run_details`: `returned`
    as github.com does, `ignored`, or `refused` as a server does that does not know it. A run is
    listed once the list was asked for `hidden` times.
    """

    played: PlayedRuns = field(
        default_factory=lambda: PlayedRuns(
            [("queued", ""), ("in_progress", ""), ("completed", "success")]
        )
    )
    workflows: dict[str, set[str] | None] = field(
        default_factory=lambda: {"provision.yml": {"context"}, "push-only.yml": None}
    )
    references: set[str] = field(default_factory=lambda: {"main"})
    # Comments on the pull request 12, as docs.github.com, "REST API endpoints for issue comments".
    comments: list[JsonObject] = field(default_factory=list)
    details: str = "returned"
    hidden: int = 0
    page: int = 100

    def answer(self, asked: Asked, url: str) -> Answer | None:
        if asked.method == "POST" and (found := _DISPATCH.fullmatch(asked.path)):
            return self._start(found[1], asked.body, url)
        if asked.method == "GET" and (found := _LIST.fullmatch(asked.path)):
            return self._list(found[1], asked, url)
        if found := _COMMENTS.fullmatch(asked.path):
            return self._comment(asked, url, found[1])
        found = _RUN.fullmatch(asked.path)
        run = self.played.find(found[1]) if found else None
        if not found or run is None:
            return None
        return self._cancel(run) if found[2] else Answer(200, self._show(run, url))

    def _comment(self, asked: Asked, url: str, number: str | None) -> Answer:
        here = f"{url}/repos/acme/infra/issues"
        if asked.path.endswith("/issues/12"):
            return Answer(200, {"number": 12, "url": f"{here}/12", "title": "A change"})
        if number:
            (found,) = (each for each in self.comments if str(each["id"]) == number)
            found |= asked.body
            return Answer(200, found)
        if asked.method == "GET":
            return Answer(200, [*self.comments])
        made: JsonObject = {"id": len(self.comments) + 1, **asked.body}
        self.comments.append({**made, "url": f"{here}/comments/{made['id']}"})
        return Answer(201, self.comments[-1])

    def _start(self, workflow: str, body: JsonObject, url: str) -> Answer:
        if refusal := next(self._refusals(workflow, body), None):
            return _refuse(*refusal)
        inputs = body["inputs"]
        assert isinstance(inputs, dict)
        run = self.played.start(
            "https://github.example.test/acme/infra/actions/runs/",
            pipeline=workflow,
            reference=str(body["ref"]),
            context=str(inputs.get("context", "")),
        )
        if self.details != "returned" or not body.get("return_run_details"):
            return Answer(204)
        place = f"{url}{_PLACE}/runs/{run.id}"
        return Answer(200, {"workflow_run_id": run.id, "run_url": place, "html_url": run.url})

    def _refusals(self, workflow: str, body: JsonObject) -> Iterator[tuple[int, str]]:
        if self.details == "refused" and "return_run_details" in body:
            yield 422, 'Invalid request.\n\n"return_run_details" is not a permitted key.'
        if workflow not in self.workflows:
            yield 404, "Not Found"
        declared, inputs = self.workflows[workflow], body.get("inputs")
        if declared is None:
            yield 422, "Workflow does not have 'workflow_dispatch' trigger"
        if body.get("ref") not in self.references:
            yield 422, f"No ref found for: {body.get('ref')}"
        assert isinstance(inputs, dict)
        if unknown := sorted(set(inputs) - (declared or set())):
            yield 422, f"Unexpected inputs provided: {unknown}"
        if sum(len(str(each)) for each in inputs.values()) > _LONGEST:
            yield 422, "inputs are too large."

    def _list(self, workflow: str, asked: Asked, url: str) -> Answer:
        self.hidden -= 1
        asked_for = parse_qs(asked.query)
        page = int(asked_for.get("page", ["1"])[0])
        runs = [each for each in reversed(self.played.runs) if each.pipeline == workflow]
        runs = runs if self.hidden < 0 else []
        start = (page - 1) * self.page
        rows = [self._show(each, url, look=False) for each in runs[start : start + self.page]]
        more = start + self.page < len(runs)
        following = f'<{url}{asked.path}?page={page + 1}>; rel="next"'
        return Answer(
            200,
            {"total_count": len(runs), "workflow_runs": list(rows)},
            {"Link": following} if more else {},
        )

    def _show(self, run: PlayedRun, url: str, *, look: bool = True) -> JsonObject:
        status, conclusion = run.look() if look else run.life[0]
        return {
            "id": run.id,
            "url": f"{url}{_PLACE}/runs/{run.id}",
            "html_url": run.url,
            "event": "workflow_dispatch",
            "display_title": "Provision",
            "head_branch": run.reference,
            "status": status,
            "conclusion": conclusion or None,
            "run_attempt": 1,
        }

    def _cancel(self, run: PlayedRun) -> Answer:
        if run.life[0][0] == "completed":
            return _refuse(409, "Cannot cancel a workflow run that is completed.")
        run.cancelled, run.life = True, [run.life[0], ("completed", "cancelled")]
        return Answer(202, {})


def _refuse(status: int, message: str) -> Answer:
    body: JsonObject = {"message": message, "documentation_url": "https://docs.github.com/rest"}
    return Answer(status, {**body, "status": str(status)})
