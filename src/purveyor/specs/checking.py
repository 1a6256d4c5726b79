"""Compares a specification, in files or on the platform, with the modules that serve it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from purveyor import json_text
from purveyor.catalog import lookup
from purveyor.json_text import as_list, as_object, dig
from purveyor.reporter.specification import is_dropped, is_editable, is_secret, read_properties
from purveyor.specs.attributes import GUESS, describe_attributes
from purveyor.specs.layout import read_files

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from purveyor.catalog import Catalog
    from purveyor.catalog.lookup import ServiceTarget, Target
    from purveyor.json_text import JsonObject, JsonValue
    from purveyor.reporter.specification import Properties
    from purveyor.specs.layout import SpecificationDocument

# A value of the first kind is one of the second, too.
_NARROWER = {("integer", "number")}


@dataclass(frozen=True, slots=True)
class Mismatch:
    """`rule` is an id that stays; `line` counts from 1, 0 where the file has no such place."""

    rule: str
    level: str  # error or warning
    place: str  # a file, or the slug of what the platform has
    line: int
    text: str


def check_specification(catalog: Catalog, slug: str, folder: Path) -> list[Mismatch]:
    """Return what does not fit together; raise CatalogError for files that cannot be read."""
    return check_documents(catalog, slug, read_files(folder))


def check_documents(catalog: Catalog, slug: str, service: SpecificationDocument) -> list[Mismatch]:
    own = lookup.find_service(catalog.root, catalog.model, slug)
    found = list(_compare(catalog, service, own, own))
    for each in service.below:
        if each.kind == "link":
            target = lookup.find_link(catalog.root, own, each.slug)
            found += _compare(catalog, each, own, target)
    return found


def _compare(
    catalog: Catalog, document: SpecificationDocument, service: ServiceTarget, target: Target
) -> Iterator[Mismatch]:
    drawn = describe_attributes(catalog, service, target)
    known = read_properties(document.body, "attributes") or {}
    wanted = {name: as_object(each) for name, each in drawn.properties.items()}
    required = as_list(dig(document.body, "attributes", "schema", "required"))
    needed = as_list(drawn.schema.get("required"))
    told = [
        *_compare_names(known, wanted, needed, complete=drawn.complete),
        *(
            found
            for name in known
            for found in _compare_one(name, known[name], wanted.get(name, {}))
        ),
        *_find_optional(known, required, needed),
    ]
    yield from _tell(document, told)
    for each in document.below:
        if each.kind == "action" and each.body.get("type") == "custom":
            yield from _tell(each, _compare_results(catalog.root, each, known, target))


def _tell(
    document: SpecificationDocument, told: Iterable[tuple[str, str, str]]
) -> Iterator[Mismatch]:
    for rule, name, words in told:
        level = "warning" if rule in _WARNINGS else "error"
        # The same name may stand before, as another's value.
        line = document.find_line(rf'"{re.escape(name)}"\s*:\s*\{{')
        text = f"{name}: {words}"
        yield Mismatch(rule, level, str(document.path or document.slug), line, text)


def _compare_results(
    root: Path, action: SpecificationDocument, attributes: Properties, target: Target
) -> Iterator[tuple[str, str, str]]:
    """Compare what a custom action gives, as far as that is known before it is run."""
    results = read_properties(action.body, "results") or {}
    if not lookup.has_program(target, action.slug):
        yield "no-program", action.slug, "no program serves this action"
    elif not lookup.find_program(root, target, action.slug).run:
        handed = set(target.entry.actions[action.slug].outputs or ())
        for name in sorted(handed ^ results.keys()):
            yield "not-handed-out", name, "the action's outputs and results are not the same"
    for name, each in ((n, each) for n, each in results.items() if "target" in each):
        place = str(each["target"])
        if place not in attributes:
            yield "no-attribute", name, f"its target {place} is no attribute"
        elif _differ(each.get("type"), attributes[place].get("type")):
            words = f"its target {place} is {_show_type(attributes[place])}"
            yield "result-differs", name, f"it is {_show_type(each)}, {words}"


_WARNINGS = frozenset({"default-differs", "never-visible", "output-unknown"})


def _compare_names(
    known: Properties, wanted: Properties, needed: list[JsonValue], *, complete: bool
) -> Iterator[tuple[str, str, str]]:
    for name, each in known.items() if complete else ():
        if name in wanted or "config" in each:  # the account's configuration gives it
            continue
        if _is_asked(each):
            yield "no-variable", name, "no variable takes it, and no template of the catalog"
        elif not is_dropped(name, known):  # that has a finding of its own
            yield "no-output", name, "no output gives it"
    for name, each in wanted.items():
        if name in needed and not _is_asked(known.get(name, {"readOnly": True})):
            yield "not-asked", name, "the module needs it, and nobody is asked for it"
        elif name not in known and not is_editable(each):
            yield "output-unknown", name, "the output reaches nobody: no attribute has its name"


def _is_asked(known: JsonObject) -> bool:
    """Tell whether a developer may set it, as also where nothing is said of that."""
    return is_editable(known) or not (known.keys() & {"editableOn", "readOnly"})


def _differ(one: JsonValue, other: JsonValue) -> bool:
    """Tell whether a value of the first type may be none of the second; null is left out."""
    kinds = [other, *as_list(other)]
    return other is not None and any(
        each not in {None, "null", *kinds} and not any((each, kind) in _NARROWER for kind in kinds)
        for each in (one if isinstance(one, list) else [one])
    )


def _show_type(schema: JsonObject) -> str:
    return " or ".join(map(str, as_list(schema["type"]))) or str(schema["type"])


def _compare_one(
    name: str, known: JsonObject, wanted: JsonObject
) -> Iterator[tuple[str, str, str]]:
    if is_dropped(name, {name: known}) and "config" not in known:
        yield "never-visible", name, "`visibleOn: []`: the platform drops what it is set to"
    if is_secret(wanted) and not is_secret(known):
        yield "not-secret", name, "the module's value is sensitive, and the attribute no secret"
    if wanted is not GUESS and _differ(known.get("type"), wanted.get("type")):
        words = f"it is {_show_type(known)} here, and {wanted['type']} in the module"
        yield "type-differs", name, words
    allowed = wanted.get("enum")
    titled = map(as_object, as_list(known.get("oneOf")))
    listed = known.get("enum", [each["const"] for each in titled if "const" in each])
    if isinstance(allowed, list) and isinstance(listed, list):
        for each in (each for each in listed if each not in allowed):
            shown = "a value" if is_secret(wanted) else json_text.write(each)
            yield "value-refused", name, f"the module refuses {shown}"
    if "default" in known and "default" in wanted and known["default"] != wanted["default"]:
        yield "default-differs", name, "its default is not the module's"


def _find_optional(
    known: Properties, required: list[JsonValue], needed: list[JsonValue]
) -> Iterator[tuple[str, str, str]]:
    for name in map(str, needed):
        one = known.get(name, {})
        if name in known and _is_asked(one) and name not in required and "default" not in one:
            yield "not-required", name, "it may be left out, and the module needs it"
