"""Writes specifications as resources of nullplatform's Terraform provider."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from purveyor.hcl.writing import express, write_block
from purveyor.json_text import as_object

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from purveyor.specs.layout import SpecificationDocument

    # Its address, what it is, and the address of what it belongs to.
    Resource = tuple[str, SpecificationDocument, str]

_ROLE = "nullplatform:services-runner-terraform"
_PROVIDER = {"nullplatform": {"source": "nullplatform/nullplatform", "version": ">= 0.0.104"}}
_JSON = ("attributes", "dimensions", "scopes", "parameters", "results", "annotations", "external")
# The provider has no such arguments (its docs/resources): the slug comes from the name.
_LACKING = ("slug", "use_managed_actions", "selectors")
_KEY = "nullplatform_api_key.purveyor"
_ARTIFACT = "nullplatform_artifact.catalog"


def write_terraform(
    service: SpecificationDocument, nrn: str, channel: str | None, repository: str | None
) -> str:
    """Return HCL as `fmt` leaves it; `channel` is written already, `repository` wants a package."""
    found = list(_find_resources(service, ""))
    required = {name: express({**each}, 2) for name, each in _PROVIDER.items()}
    grants = write_block("grants", {"nrn": "var.nrn", "role_slug": express(_ROLE)})
    parts = [
        write_block("terraform", {}, write_block("required_providers", required)),
        write_block('variable "nrn"', {"type": "string", "default": express(nrn)}),
        *(_write_specification(*each) for each in found),
        channel or "",
        _write(_KEY, {"name": express("Purveyor")}, grants),
        write_block('output "purveyor_api_key"', {"value": f"{_KEY}.api_key", "sensitive": "true"}),
        *(_write_package(service, found, repository) if repository else ()),
    ]
    return "\n".join(filter(None, parts))


def find_renamed(service: SpecificationDocument) -> Iterator[tuple[str, str]]:
    """Yield each slug that the platform does not make of the name, and the one that it makes."""
    for _, each, _ in _find_resources(service, ""):
        made = re.sub(r"[^a-z0-9]+", "-", str(each.body.get("name")).lower()).strip("-")
        if made != each.slug:
            yield each.slug, made


def _find_resources(document: SpecificationDocument, parent: str) -> Iterator[Resource]:
    above = f"{parent.partition('.')[2]}_" if document.kind == "action" else ""
    name = re.sub(r"^(?=\d)", "_", above + re.sub(r"\W", "_", document.slug))
    address = f"nullplatform_{document.kind}_specification.{name}"
    yield address, document, parent
    for each in document.below:
        yield from _find_resources(each, address)


def _write(address: str, values: dict[str, str], *inner: str) -> str:
    kind, name = address.split(".")
    return write_block(f'resource "{kind}" "{name}"', values, *inner)


def _write_specification(address: str, document: SpecificationDocument, parent: str) -> str:
    told = {"unique": "false"} if document.kind == "link" else {}
    for name, each in document.sent.items():
        if name not in _LACKING:
            told[name] = f"jsonencode({express(each, 2)})" if name in _JSON else express(each)
    if document.kind != "action":
        told["visible_to"] = "[var.nrn]"
    if parent:
        above = f"{parent.split('_')[1]}_" if document.kind == "action" else ""
        told[f"{above}specification_id"] = f"{parent}.id"
    selectors = as_object(document.body.get("selectors"))
    chosen = {name: express(each) for name, each in selectors.items()}
    return _write(address, told, *([write_block("selectors", chosen)] if chosen else []))


def _write_package(
    service: SpecificationDocument, found: Sequence[Resource], repository: str
) -> Iterator[str]:
    """Pin the specifications, and a commit of the catalog, which a pipeline names."""
    for name in ("commit", "package_version"):
        yield write_block(f'variable "{name}"', {"type": "string"})
    meta = f"jsonencode({{ url = {express(repository)}, reference = var.commit }})"
    yield _write(_ARTIFACT, {"nrn": "var.nrn", "type": express("git_repository"), "meta": meta})
    parts = [_write_component(_ARTIFACT, "artifact", "artifact_id", "id", "")]
    for address, each, parent in found:
        kind = f"{each.kind}_specification"
        parts.append(_write_component(address, kind, "id", "last_snapshot_id", parent))
    name = express(str(service.body.get("name")))
    told = {"slug": express(service.slug), "name": name, "version": "var.package_version"}
    yield _write("nullplatform_package.catalog", {"nrn": "var.nrn", **told}, *parts)


def _write_component(address: str, kind: str, own: str, revision: str, parent: str) -> str:
    told = {"name": express(address.partition(".")[2]), "resource_type": express(kind)}
    told |= {"resource_id": f"{address}.{own}", "resource_revision_id": f"{address}.{revision}"}
    return write_block("components", {**told, **({"parent_id": f"{parent}.id"} if parent else {})})
