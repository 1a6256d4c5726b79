"""Specifications in the vendor's layout: made anew, or brought up to date with hand-written parts.

specs/service-spec.json.tpl
specs/links/<slug>.json.tpl
specs/actions/<slug>.json.tpl
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from purveyor import json_text
from purveyor.catalog import lookup
from purveyor.errors import CatalogError
from purveyor.specs.attributes import describe_attributes

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from pathlib import Path

    from purveyor.catalog import Catalog
    from purveyor.catalog.lookup import Target
    from purveyor.json_text import JsonObject, JsonValue

# What a module says of a property; all else there is a person's, and stays.
_OWNED = frozenset(
    {
        *("type", "default", "enum", "not", "minimum", "maximum", "exclusiveMinimum"),
        *("exclusiveMaximum", "multipleOf", "pattern", "minLength", "maxLength", "items"),
        *("minItems", "maxItems", "uniqueItems", "properties", "required", "minProperties"),
        *("maxProperties", "additionalProperties", "propertyNames", "allOf"),
    }
)
_BY_PURVEYOR = frozenset({"archive", "unarchive"})


@dataclass(slots=True)
class SpecificationFile:
    """One file: what it holds now (None where there is none), and what it should hold."""

    path: Path
    before: str | None
    after: str
    notes: list[str] = field(default_factory=list)

    @property
    def changed(self) -> bool:
        return self.before != self.after


def generate(catalog: Catalog, slug: str, folder: Path) -> list[SpecificationFile]:
    """Return all files of a service's specification in `folder`; none is written.

    Raise CatalogError for an entry or a module with faults, and for a file that is no JSON.
    """
    service = lookup.find_service(catalog.root, catalog.model, slug)
    links = _names(service.entry.links, service.folder / lookup.LINKS)
    links = [each for each in links if each != lookup.DEFAULT]
    actions: dict[str, JsonObject] = {}
    files: list[SpecificationFile] = []
    service_own = describe_attributes(catalog, service, service)
    for name in links:
        target = lookup.find_link(catalog.root, service, name)
        own = describe_attributes(catalog, service, target)
        programs = _list_actions(target, actions, own.sensitive | service_own.sensitive)
        drawn = _describe(name, own.schema, programs, {"unique": False})
        files.append(_merge(folder / "links" / f"{name}.json.tpl", drawn, own.notes))
    service_only: JsonObject = {"type": "dependency", "available_links": list(links)}
    programs = _list_actions(service, actions, service_own.sensitive)
    drawn = _describe(slug, service_own.schema, programs, service_only)
    files.insert(0, _merge(folder / "service-spec.json.tpl", drawn, service_own.notes))
    files += (
        _merge(folder / "actions" / f"{name}.json.tpl", each, []) for name, each in actions.items()
    )
    return files


def _describe(slug: str, schema: JsonObject, actions: Sequence[str], own: JsonObject) -> JsonObject:
    """Return a service's or a link's document; `own` is what only one of the two has."""
    return {
        "name": _title(slug),
        "slug": slug,
        **own,
        "assignable_to": "any",
        "use_default_actions": True,
        "available_actions": list(actions),
        "selectors": _select(),
        "attributes": {"schema": schema, "values": {}},
    }


def _select() -> JsonObject:
    """Return the four that the platform requires (its provider, documentation of selectors)."""
    return {"category": "any", "imported": False, "provider": "any", "sub_category": "any"}


def _list_actions(
    target: Target, found: dict[str, JsonObject], sensitive: Collection[str]
) -> list[str]:
    """Return the slugs of an entry's custom actions; `found` gets their documents."""
    slugs = _names(target.entry.actions, target.folder / lookup.ACTIONS)
    slugs = [each for each in slugs if each not in _BY_PURVEYOR]
    for slug in slugs:
        empty: JsonObject = {"type": "object", "properties": {}}
        entry = target.entry.actions.get(slug)
        handed: JsonObject = {}
        if entry and not entry.run and not (target.folder / lookup.ACTIONS / slug).is_dir():
            hidden = {*sensitive, *(entry.secrets or ())}
            handed = {
                each: {"secret": True} if each in hidden else {} for each in entry.outputs or ()
            }
        found[slug] = {
            "name": _title(slug),
            "slug": slug,
            "type": "custom",
            "retryable": True,
            "parameters": {"schema": copy.deepcopy(empty), "values": {}},
            "results": {"schema": {**empty, "properties": handed}, "values": {}},
        }
    return slugs


def _names(entries: Iterable[str], folder: Path) -> list[str]:
    return list(dict.fromkeys([*entries, *lookup.list_folders(folder)]))


def _title(slug: str) -> str:
    return slug.replace("-", " ").replace("_", " ").capitalize()


def _merge(path: Path, drawn: JsonObject, notes: list[str]) -> SpecificationFile:
    before = path.read_text(encoding="utf-8") if path.is_file() else None
    notes = [f"{path.name}: {each}" for each in notes]
    if before is None:
        return SpecificationFile(path, None, _write(drawn), notes)
    try:
        known = json_text.parse(before)
    except json_text.JsonTextError as error:
        raise CatalogError(
            f"{path} is no JSON, so that its hand-written parts cannot be kept: {error}.",
            hint="Correct it, or move it away and generate it anew; a template with `{{ … }}`"
            " outside of texts is not read here.",
        ) from None
    if not isinstance(known, dict):
        raise CatalogError(f"{path} holds no JSON object.", hint="Move it away, then try again.")
    merged = _merge_document(known, drawn, notes, path.name)
    return SpecificationFile(path, before, before if merged == known else _write(merged), notes)


def _merge_document(
    known: JsonObject, drawn: JsonObject, notes: list[str], name: str
) -> JsonObject:
    """Keep what a person wrote; bring attributes up to date, and add links and actions."""
    merged = dict(known)
    for key, value in drawn.items():
        own = known.get(key)
        if key == "attributes" and isinstance(own, dict) and isinstance(value, dict):
            merged[key] = _merge_attributes(own, value, notes, name)
        elif key.startswith("available_") and isinstance(own, list) and isinstance(value, list):
            merged[key] = [*own, *(each for each in value if each not in own)]
        elif key not in known:
            merged[key] = value
    return merged


def _merge_attributes(
    known: JsonObject, drawn: JsonObject, notes: list[str], name: str
) -> JsonObject:
    old, new = _object(known, "schema"), _object(drawn, "schema")
    before, after = _object(old, "properties"), _object(new, "properties")
    gone = [each for each in before if each not in after]
    notes += [f"{name}: {each} is no variable and no output of the module; left" for each in gone]
    properties = {n: each for n, each in before.items() if n in gone}
    for each in [*(n for n in before if n in after), *(n for n in after if n not in before)]:
        properties[each] = _merge_property(_object(before, each), _object(after, each))
    ordered = {each: properties[each] for each in (*before, *after)}
    asked = _list(new, "required")
    needed = [each for each in _list(old, "required") if each in gone or each in asked]
    needed += [each for each in asked if each not in needed]
    schema: JsonObject = {**old, "type": "object", "properties": ordered, "required": needed}
    if not needed:
        del schema["required"]
    return {**known, "schema": schema}


def _merge_property(known: JsonObject, drawn: JsonObject) -> JsonObject:
    if not known:
        return drawn
    kept = {key: each for key, each in known.items() if key not in _OWNED}
    said: JsonObject = {
        key: each for key, each in drawn.items() if key in _OWNED or key not in kept
    }
    if "type" not in drawn and "type" in known:
        said["type"] = known["type"]  # an output's type is a person's to say
    if "oneOf" in kept:
        said.pop("enum", None)  # the same values with titles
    merged = {**kept, **said}
    ordered = [*(key for key in known if key in merged), *(key for key in said if key not in known)]
    return {key: merged[key] for key in ordered}


def _object(holder: JsonObject, name: str) -> JsonObject:
    found: JsonValue = holder.get(name)
    return found if isinstance(found, dict) else {}


def _list(holder: JsonObject, name: str) -> list[JsonValue]:
    found: JsonValue = holder.get(name)
    return found if isinstance(found, list) else []


def _write(document: JsonObject) -> str:
    return json_text.write(document, indent=2) + "\n"
