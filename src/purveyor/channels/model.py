"""What a channel is made of: the run it starts, its filter, and what a user calls it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from purveyor.catalog import lookup
from purveyor.catalog.document import unfold
from purveyor.client.login import is_loopback
from purveyor.hcl import is_module_file

if TYPE_CHECKING:
    from collections.abc import Sequence

    from purveyor.catalog import Catalog
    from purveyor.json_text import JsonObject

SOURCE = "service"  # of the actions of services and of links alike
SLUG_PATH = "service.specification.slug"  # links' notifications hold their service, too
_LONGEST_DESCRIPTION = 64
# What tells two channels of one type apart: together they say what is started.
TARGETS = {
    "github": ("account", "repository", "workflow_id"),
    "gitlab": ("project_id",),
    "azure": ("organization", "project", "pipeline_id"),
    "http": ("url",),
}
_FURTHER = {"github": {"reference", "installation_id"}, "http": {"headers"}}
_FORMS = {
    "github": r"[\w.-]+/[\w.-]+",
    "gitlab": r"\d+",
    "azure": r"[^/]+/[^/]+/\d+",
    "http": r"https?://([\w.-]+|\[[\da-f:]+\])(:\d{1,5})?([/?][^\s#]*)?",
}


def read_target(kind: str, text: str, workflow: str) -> JsonObject:
    """Return what `ACCOUNT/REPOSITORY`, a project's number or a URL names; raise ValueError."""
    names = TARGETS[kind]
    if not re.fullmatch(_FORMS[kind], text, re.ASCII):
        told = "/".join(name for name in names if name != "workflow_id").upper()
        raise ValueError(f"a {kind} channel takes {told}, not {text!r}")
    parts = [text] if kind == "http" else [*text.split("/"), workflow]
    found: JsonObject = dict(zip(names, parts, strict=False))
    return {**found, "pipeline_id": int(parts[2])} if kind == "azure" else found


def find_slugs(catalog: Catalog) -> list[str]:
    """Return the slugs of all service specifications that the catalog serves, sorted."""
    root = catalog.root / lookup.MODULES
    found = lookup.list_folders(root)
    own = (each for each in found if lookup.is_service(root / each, is_module_file))
    return sorted({*catalog.model.services, *own})


def build_channel(
    kind: str,
    given: JsonObject,
    fields: JsonObject,
    slugs: Sequence[str],
    current: JsonObject | None,
) -> JsonObject:
    """Return what a channel is to say; of the `current` one what was not given stays.

    `given` is of its configuration. With None as `current` it need not be whole. Raise ValueError
    for what does not fit.
    """
    if kind not in TARGETS:
        raise ValueError(f"channels of the type {kind} are not Purveyor's to change")
    further = _FURTHER.get(kind, {"reference"})
    if strange := given.keys() - further - {*TARGETS[kind]}:
        raise ValueError(f"a {kind} channel has no {min(strange)}")
    default: JsonObject = {"reference": "main"} if "reference" in further else {}
    known = current or {}
    configuration = {**default, **unfold(known.get("configuration")), **given}
    if current is not None and kind == "github" and not configuration.get("installation_id"):
        raise ValueError("a github channel needs --installation-id, that of the platform's App")
    url = urlsplit(str(configuration.get("url", "")))
    if url.scheme == "http" and configuration.get("headers") and not is_loopback(str(url.hostname)):
        raise ValueError("headers would travel in clear: the address must begin with https://")
    wanted: JsonObject = {
        "type": kind,
        "source": [SOURCE],
        "status": "active",
        **fields,
        "configuration": configuration,
        "filters": {SLUG_PATH: {"$in": [*slugs]}},
    }
    made = known.get("description") or f"Purveyor: {target_of(wanted)}"[:_LONGEST_DESCRIPTION]
    wanted.setdefault("description", made)
    if len(str(wanted["description"])) > _LONGEST_DESCRIPTION:
        raise ValueError(f"a description has at most {_LONGEST_DESCRIPTION} characters")
    return wanted


def target_of(channel: JsonObject) -> str:
    found = unfold(channel.get("configuration"))
    return "/".join(str(found.get(each, "?")) for each in TARGETS.get(str(channel.get("type")), ()))


def name_channel(channel: JsonObject) -> str:
    """Return what a person knows a channel by: `17 (github acme/catalog/provision.yml, CI)`."""
    kind = f"{channel.get('type')} {target_of(channel)}".strip()
    described = f", {channel['description']}" if channel.get("description") else ""
    return f"{channel.get('id') or 'to be made'} ({kind}{described})"
