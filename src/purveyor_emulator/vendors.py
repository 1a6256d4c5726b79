"""What the platform asks of a CI for a channel: one request that starts a run with the CONTEXT."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from purveyor import json_text
from purveyor_emulator.refusal import invalid, object_in, text_in

if TYPE_CHECKING:
    from purveyor.json_text import JsonObject

# What each type must have (nullplatform's Terraform provider, notification_channel resource).
_TEXTS = {
    "github": ("account", "repository", "reference", "workflow_id", "installation_id"),
    "gitlab": ("project_id", "reference"),
    "azure": ("organization", "project", "reference"),
    "http": ("url",),
}


@dataclass(frozen=True, slots=True)
class VendorApi:
    """Where a CI's API is, and the token that starts runs there."""

    address: str
    token: str = field(default="emulated", repr=False)


@dataclass(frozen=True, slots=True)
class StartRequest:
    """A POST that starts something."""

    url: str
    headers: dict[str, str]
    body: JsonObject


def check_configuration(kind: str, configuration: JsonObject) -> None:
    """Refuse a configuration without what its type must have; other types are not looked at."""
    for name in _TEXTS.get(kind, ()):
        if not isinstance(configuration.get(name), str) or not configuration[name]:
            raise invalid(f"body/configuration/{name} must be string")
    if kind == "azure":
        number = configuration.get("pipeline_id")
        if not isinstance(number, int) or isinstance(number, bool):
            raise invalid("body/configuration/pipeline_id must be integer")
    if kind == "http":
        if urlsplit(text_in(configuration, "url")).scheme not in {"http", "https"}:
            raise invalid("body/configuration/url must be an http or https address")
        headers = object_in(configuration, "headers").values()
        if not all(isinstance(value, str) for value in headers):
            raise invalid("body/configuration/headers values must be string")


def start_request(
    kind: str, api: VendorApi, configuration: JsonObject, envelope: JsonObject
) -> StartRequest:
    """Return what starts a run with the whole envelope, as one text."""
    part = {name: quote(str(value), safe="") for name, value in configuration.items()}
    context, reference = json_text.write(envelope), configuration["reference"]
    match kind:
        case "github":  # docs.github.com, "Create a workflow dispatch event"
            return StartRequest(
                f"{api.address}/repos/{part['account']}/{part['repository']}"
                f"/actions/workflows/{part['workflow_id']}/dispatches",
                {"authorization": f"Bearer {api.token}", "accept": "application/vnd.github+json"},
                {"ref": reference, "inputs": {"context": context}},
            )
        case "gitlab":  # docs.gitlab.com, "Create a new pipeline"
            return StartRequest(
                f"{api.address}/projects/{part['project_id']}/pipeline",
                {"private-token": api.token},
                {"ref": reference, "variables": [{"key": "CONTEXT", "value": context}]},
            )
        case _:  # learn.microsoft.com, "Runs - Run Pipeline"
            login = base64.b64encode(f":{api.token}".encode()).decode()
            source: JsonObject = {"refName": f"refs/heads/{reference}"}
            return StartRequest(
                f"{api.address}/{part['organization']}/{part['project']}"
                f"/_apis/pipelines/{part['pipeline_id']}/runs?api-version=7.1",
                {"authorization": f"Basic {login}"},
                {
                    "resources": {"repositories": {"self": source}},
                    "variables": {"CONTEXT": {"value": context}},
                },
            )
