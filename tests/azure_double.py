"""A double of Azure Pipelines' API: runs of the project infra are started, shown and cancelled.

Laid out after learn.microsoft.com: "Runs - Run Pipeline", "Builds - Get", "Builds - Update Build"
(a status of `cancelling`), resource locations (an OPTIONS request to `_apis`) as Microsoft's
client asks for them, and "Define variables": `$(NAME)` is expanded when a job starts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from played_runs import Answer, Asked, PlayedRun, PlayedRuns
from purveyor import json_text

if TYPE_CHECKING:
    from purveyor.json_text import JsonObject

BUILDS = (
    "0cd358e1-9217-4d94-8269-1c1ee6f93dcf",
    "build",
    "Builds",
    "{project}/_apis/{area}/{resource}/{buildId}",
)
_RUNS = (
    "7859261e-d2e9-4a68-b820-a5d84cc5bb3d",
    "pipelines",
    "runs",
    "{project}/_apis/{area}/{pipelineId}/{resource}/{runId}",
)
_THREAD = "{project}/_apis/{area}/repositories/{repositoryId}/pullRequests/{pullRequestId}/threads"
_GIT = (
    ("ab6e2e5d-a0b7-4153-b64a-a4efe0d49449", "git", "threads", f"{_THREAD}/{{threadId}}"),
    (
        "965a3ec7-5ed8-455a-bdcb-835a5ea7fe7b",
        "git",
        "comments",
        f"{_THREAD}/{{threadId}}/comments/{{commentId}}",
    ),
)
_THREADS = re.compile(
    r"/acme/infra/_apis/git/repositories/repo-1/pullRequests/12/threads(?:/(\d+)/comments/1)?"
)
_START = re.compile(r"/acme/([^/]+)/_apis/pipelines/(\d+)/runs")
_BUILD = re.compile(r"/acme/infra/_apis/build/Builds/(\d+)")
_MACRO = re.compile(r"\$\(([\w.]+)\)")


def resource(number: str, area: str, name: str, template: str) -> JsonObject:
    """Return where a resource lies, as `_apis` tells it."""
    fields: JsonObject = {"id": number, "area": area, "resourceName": name, "resourceVersion": 7}
    versions: JsonObject = {"minVersion": "2.0", "maxVersion": "7.2", "releasedVersion": "7.1"}
    return {**fields, **versions, "routeTemplate": template}


@dataclass(slots=True)
class AzureDouble:
    """The organization acme, with the pipeline 12 in the project infra.

    `settable` are the variables that may be set when a run is started; `variables` what a job sees
    in place of `$(NAME)`.
    """

    played: PlayedRuns = field(
        default_factory=lambda: PlayedRuns(
            [("notStarted", ""), ("inProgress", ""), ("completed", "succeeded")]
        )
    )
    pipelines: set[str] = field(default_factory=lambda: {"12"})
    references: set[str] = field(default_factory=lambda: {"refs/heads/main", ""})
    settable: set[str] = field(default_factory=lambda: {"CONTEXT"})
    # On the pull request 12, as Azure DevOps Services REST API, "Pull Request Threads".
    comments: list[JsonObject] = field(default_factory=list)
    variables: dict[str, str] = field(default_factory=lambda: {"System.AccessToken": "j0b-token"})

    def answer(self, asked: Asked, _url: str) -> Answer | None:
        if asked.method == "OPTIONS" and asked.path == "/acme/_apis":
            known = [resource(*each) for each in (BUILDS, _RUNS, *_GIT)]
            return Answer(200, {"count": len(known), "value": [*known]})
        if asked.method == "POST" and (found := _START.fullmatch(asked.path)):
            return self._start(found[1], found[2], asked.body)
        if found := _THREADS.fullmatch(asked.path):
            return self._comment(asked, found[1])
        found = _BUILD.fullmatch(asked.path)
        run = self.played.find(found[1]) if found else None
        if run is None:
            return None
        if asked.method == "PATCH" and str(asked.body.get("status")).lower() == "cancelling":
            run.cancelled, run.life = True, [("cancelling", ""), ("completed", "canceled")]
        return Answer(200, _show_build(run, look=asked.method == "GET"))

    def _comment(self, asked: Asked, number: str | None) -> Answer:
        if number:
            self.comments[int(number) - 1] |= asked.body
            return Answer(200, self.comments[int(number) - 1])
        threads: list[JsonObject] = [
            {"id": each["id"], "comments": [{**each, "id": 1}], "status": "closed"}
            for each in self.comments
        ]
        if asked.method == "GET":
            return Answer(200, {"count": len(threads), "value": [*threads]})
        (made,) = json_text.as_list(asked.body["comments"])
        self.comments.append({"id": len(self.comments) + 1, **json_text.as_object(made)})
        return Answer(200, {"id": len(self.comments), "status": asked.body["status"]})

    def _start(self, project: str, pipeline: str, body: JsonObject) -> Answer:
        if project != "infra":
            text = f"TF200016: The following project does not exist: {project}."
            return _refuse(404, text, "ProjectDoesNotExistWithNameException")
        if pipeline not in self.pipelines:
            return _refuse(404, f"Pipeline {pipeline} was not found.", "PipelineNotFoundException")
        reference = _dig(body, "resources", "repositories", "self", "refName")
        if reference not in self.references:
            return _refuse(400, f"Could not find {reference}.", "InvalidPipelineRefException")
        variables = body.get("variables") or {}
        assert isinstance(variables, dict)
        if refused := sorted(set(variables) - self.settable):
            text = f"You can't set the following variables ({', '.join(refused)})."
            return _refuse(400, text, "PipelineValidationException")
        context = _dig(variables, "CONTEXT", "value")
        run = self.played.start(
            "https://azure.example.test/acme/infra/_build/results?buildId=",
            pipeline=pipeline,
            reference=reference,
            context=context,
            seen=_MACRO.sub(lambda found: self.variables.get(found[1], found[0]), context),
        )
        fields: JsonObject = {"id": run.id, "name": f"2026.{run.id}", "state": "inProgress"}
        return Answer(200, {**fields, "_links": {"web": {"href": run.url}}, "url": run.url})


def _show_build(run: PlayedRun, *, look: bool) -> JsonObject:
    status, result = run.look() if look else run.life[0]
    body: JsonObject = {"id": run.id, "status": status, "_links": {"web": {"href": run.url}}}
    return {**body, "result": result} if result else body


def _dig(body: JsonObject, *names: str) -> str:
    found: object = body
    for name in names:
        found = found.get(name) if isinstance(found, dict) else None
    return str(found or "")


def _refuse(status: int, message: str, kind: str) -> Answer:
    body: JsonObject = {"$id": "1", "innerException": None, "message": message}
    return Answer(status, {**body, "typeName": kind, "typeKey": kind, "errorCode": 0})
