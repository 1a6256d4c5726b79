"""A double of GitLab's API: pipelines of acme/infra are started, shown and cancelled.

Laid out after docs.gitlab.com, "Pipelines API" (create a new pipeline; get a single pipeline;
cancel a pipeline's jobs), and "CI/CD variables": a job sees `$NAME` of a variable expanded.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from played_runs import Answer, Asked, PlayedRun, PlayedRuns

if TYPE_CHECKING:
    from purveyor.json_text import JsonObject

_PLACE = "/api/v4/projects/acme%2Finfra"
_RUN = re.compile(rf"{re.escape(_PLACE)}/pipelines/(\d+)(/cancel)?")
_NOTES = re.compile(rf"{re.escape(_PLACE)}/merge_requests/12/notes(?:/(\d+))?")
_NAME = re.compile(r"\$(\$|\{\w+\}|\w+)")
_ENDED = {"success", "failed", "canceled", "skipped"}


@dataclass(slots=True)
class GitLabDouble:
    """GitLab with one project, whose pipeline declares `inputs`.

    Without `may_set_variables` it is a new project of GitLab.com. `variables` are those of the
    project, which a job sees in place of `$NAME`.
    """

    played: PlayedRuns = field(
        default_factory=lambda: PlayedRuns([("pending", ""), ("running", ""), ("success", "")])
    )
    references: set[str] = field(default_factory=lambda: {"main"})
    inputs: set[str] = field(default_factory=lambda: {"context", "entity"})
    variables: dict[str, str] = field(default_factory=lambda: {"CI_JOB_TOKEN": "j0b-token"})
    may_set_variables: bool = True
    # On the merge request 12, as docs.gitlab.com, "Notes API".
    comments: list[JsonObject] = field(default_factory=list)

    def answer(self, asked: Asked, _url: str) -> Answer | None:
        if asked.method == "POST" and asked.path == f"{_PLACE}/pipeline":
            return self._start(asked.body)
        if found := _NOTES.fullmatch(asked.path):
            return self._comment(asked, found[1])
        found = _RUN.fullmatch(asked.path)
        run = self.played.find(found[1]) if found else None
        if not found or run is None:
            return None
        if found[2] and run.life[0][0] not in _ENDED:
            run.cancelled, run.life = True, [("canceling", ""), ("canceled", "")]
        return Answer(200, _show(run, look=not found[2]))

    def _comment(self, asked: Asked, number: str | None) -> Answer:
        if number:
            (found,) = (each for each in self.comments if str(each["id"]) == number)
            found |= asked.body
            return Answer(200, found)
        if asked.method == "GET":
            return Answer(200, [*self.comments])
        self.comments.append({"id": len(self.comments) + 1, **asked.body})
        return Answer(201, self.comments[-1])

    def _start(self, body: JsonObject) -> Answer:
        variables, inputs = body.get("variables") or [], body.get("inputs") or {}
        assert isinstance(variables, list)
        assert isinstance(inputs, dict)
        if body.get("ref") not in self.references:
            return _refuse("Reference not found")
        if variables and not self.may_set_variables:
            return _refuse("Insufficient permissions to set pipeline variables")
        if unknown := sorted(set(inputs) - self.inputs):
            return _refuse(f"Given inputs not defined in the `spec` section: {', '.join(unknown)}")
        given = {str(each["key"]): each for each in variables if isinstance(each, dict)}
        context, seen = str(inputs.get("context", "")), None
        if "CONTEXT" in given:
            context = str(given["CONTEXT"]["value"])
            # A variable of the type `file` is expanded like any other.
            seen = _NAME.sub(self._expand, context)
        run = self.played.start(
            "https://gitlab.example.test/acme/infra/-/pipelines/",
            pipeline=str(given.get("CONTEXT", {}).get("variable_type", "")),
            reference=str(body["ref"]),
            context=context,
            seen=seen,
        )
        return Answer(201, _show(run, look=False))

    def _expand(self, found: re.Match[str]) -> str:
        name = found[1].strip("{}")
        return "$" if name == "$" else self.variables.get(name, "")


def _show(run: PlayedRun, *, look: bool) -> JsonObject:
    status = (run.look() if look else run.life[0])[0]
    fields: JsonObject = {"id": run.id, "iid": run.id, "project_id": 1, "ref": run.reference}
    return {**fields, "status": status, "source": "api", "web_url": run.url}


def _refuse(message: str) -> Answer:
    return Answer(400, {"message": {"base": [message]}})
