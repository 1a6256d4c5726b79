"""Reads a service's specifications, from files in the vendor's layout and from the platform.

specs/service-spec.json.tpl, specs/links/<link>.json.tpl, specs/actions/<action>.json.tpl
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from purveyor import json_text
from purveyor.client.lists import list_rows
from purveyor.errors import CatalogError
from purveyor.json_text import as_list, as_object

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from purveyor.client import PlatformClient
    from purveyor.json_text import JsonObject

# What a template language of the vendor's repositories puts in; a digit fits into a text and alone.
# One word alone, as in a description, is none.
_PLACEHOLDER = re.compile(r"\{\{(?!\s*\w+\s*\}\}).*?\}\}", re.DOTALL)
# What the platform's own Terraform provider sends; its modules leave all else out, too.
_SHARED = (
    *("name", "slug", "assignable_to", "attributes", "selectors", "dimensions", "scopes"),
    *("use_default_actions", "use_default_naming", "use_managed_actions"),
)
_SENT = {
    "service": (*_SHARED, "type", "description"),
    "link": (*_SHARED, "unique", "external"),
    "action": (
        *("name", "slug", "type", "description", "parameters", "results", "retryable"),
        *("parallelize", "enabled_when", "icon", "annotations", "external"),
    ),
}


@dataclass(slots=True)
class SpecificationDocument:
    kind: str  # service, link or action
    body: JsonObject
    path: Path | None = None  # the platform's have none
    text: str = ""  # of the file
    below: list[SpecificationDocument] = field(default_factory=list)  # links and custom actions

    @property
    def slug(self) -> str:
        return str(self.body.get("slug"))

    @property
    def sent(self) -> JsonObject:
        """What of a file is the platform's."""
        return {name: self.body[name] for name in _SENT[self.kind] if name in self.body}

    def find_line(self, pattern: str) -> int:
        """Return where the file's text fits first, counted from 1; 0 where it does not."""
        found = re.search(pattern, self.text, re.DOTALL)
        return self.text.count("\n", 0, found.start()) + 1 if found else 0


def read_files(folder: Path, *, whole: bool = False) -> SpecificationDocument:
    """Return what a folder holds; raise CatalogError for what cannot be read.

    A placeholder is read over; with `whole` it is an error, too.
    """
    service = _read("service", folder / "service-spec.json.tpl", whole=whole)
    links, actions = (
        [_read(kind, each, whole=whole) for each in sorted(folder.glob(f"{kind}s/*.json.tpl"))]
        for kind in ("link", "action")
    )
    listed = "available_links" in service.body
    service.below = _pick(service, "available_links", links) if listed else links
    for each in (*service.below, service):
        each.below += _pick(each, "available_actions", actions)
    for each in service.below:  # as the vendor's module has it
        if each.kind == "link" and "selectors" in service.body:
            each.body.setdefault("selectors", service.body["selectors"])
    return service


def _read(kind: str, path: Path, *, whole: bool) -> SpecificationDocument:
    try:
        text = path.read_text(encoding="utf-8")
        body = as_object(json_text.parse(_PLACEHOLDER.sub("0", text)))
    except OSError:
        hint = "Write it with `purveyor spec generate`, or name its folder with --from."
        raise CatalogError(f"There is no specification {path}.", hint=hint) from None
    except json_text.JsonTextError as error:
        raise CatalogError(f"{path} is no JSON: {error}.", hint="Correct it.") from None
    body.setdefault("slug", path.name.partition(".")[0])
    found = SpecificationDocument(kind, body, path, text)
    if whole and (line := found.find_line(_PLACEHOLDER.pattern)):
        hint = (
            "Write the value, or leave the key out: places come from --nrn, ids from the platform."
        )
        raise CatalogError(f"{path}:{line} has a placeholder, which nobody fills in.", hint=hint)
    return found


def _pick(
    parent: SpecificationDocument, key: str, known: Sequence[SpecificationDocument]
) -> list[SpecificationDocument]:
    """Return what a specification names, by slug or by file."""
    names = {each.path.name.partition(".")[0]: each for each in known if each.path}
    names |= {each.slug: each for each in known}
    wanted = list(map(str, as_list(parent.body.get(key))))
    if lost := [each for each in wanted if each not in names]:
        hint = "Write the file, or take the name out."
        raise CatalogError(f"{parent.path} names {lost[0]} in {key}: there is no file.", hint=hint)
    return [names[each] for each in wanted]


def read_platform(client: PlatformClient, nrn: str, slug: str) -> SpecificationDocument | None:
    """Return what the platform has for a slug; None where it has nothing."""
    query = {"nrn": nrn, "type": "dependency"}
    rows = list_rows(client, "/service_specification", {**query, "slug": slug}, query)
    found = next((each for each in rows if each.get("slug") == slug), None)
    return None if found is None else _grow(client, "service", found)


def _grow(client: PlatformClient, kind: str, body: JsonObject) -> SpecificationDocument:
    own = f"/{kind}_specification/{body['id']}"
    links = list_rows(client, f"{own}/link_specification", {}) if kind == "service" else ()
    actions = list_rows(client, f"{own}/action_specification", {})
    below = [_grow(client, "link", each) for each in links]
    below += [SpecificationDocument("action", each) for each in actions]
    return SpecificationDocument(kind, body, below=below)
