"""Compares the files of a specification with the modules that serve it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from purveyor import json_text
from purveyor.catalog import lookup
from purveyor.errors import CatalogError
from purveyor.json_text import as_list, as_object, dig
from purveyor.reporter.specification import is_dropped, is_editable, is_secret
from purveyor.specs.attributes import describe_attributes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from purveyor.catalog import Catalog
    from purveyor.json_text import JsonObject, JsonValue
    from purveyor.reporter.specification import Properties
    from purveyor.specs.attributes import Attributes

# What a template language of the vendor's repositories puts in; a digit fits into a text and alone.
_PLACEHOLDER = re.compile(r"\{\{.*?\}\}", re.DOTALL)
_SERVICE = "service-spec.json.tpl"
# A value of the first kind is one of the second, too.
_NARROWER = {("integer", "number")}


@dataclass(frozen=True, slots=True)
class Mismatch:
    """`rule` is an id that stays; `line` counts from 1, 0 where the file has no such place."""

    rule: str
    level: str  # error or warning
    path: Path
    line: int
    text: str


def check_specification(catalog: Catalog, slug: str, folder: Path) -> list[Mismatch]:
    """Return what does not fit together; raise CatalogError for files that cannot be read."""
    service = lookup.find_service(catalog.root, catalog.model, slug)
    path = folder / _SERVICE
    found = list(_compare(path, describe_attributes(catalog, service, service)))
    links = folder / "links"
    for each in sorted(links.glob("*.json.tpl")) if links.is_dir() else ():
        name = as_object(_read(each)[0]).get("slug") or each.name.partition(".")[0]
        target = lookup.find_link(catalog.root, service, str(name))
        found += _compare(each, describe_attributes(catalog, service, target))
    return found


def _read(path: Path) -> tuple[JsonValue, str]:
    try:
        text = path.read_text(encoding="utf-8")
        return json_text.parse(_PLACEHOLDER.sub("0", text)), text
    except OSError:
        hint = "Write it with `purveyor spec generate`, or name its folder with --from."
        raise CatalogError(f"There is no specification {path}.", hint=hint) from None
    except json_text.JsonTextError as error:
        raise CatalogError(f"{path} is no JSON: {error}.", hint="Correct it.") from None


def _compare(path: Path, drawn: Attributes) -> Iterator[Mismatch]:
    document, text = _read(path)
    schema = as_object(dig(document, "attributes", "schema"))
    known = {name: as_object(each) for name, each in as_object(schema.get("properties")).items()}
    wanted = {name: as_object(each) for name, each in drawn.properties.items()}
    required, needed = as_list(schema.get("required")), as_list(drawn.schema.get("required"))
    told = [
        *_compare_names(known, wanted, needed, complete=drawn.complete),
        *(
            found
            for name in known
            for found in _compare_one(name, known[name], wanted.get(name, {}))
        ),
        *_find_optional(known, required, needed),
    ]
    for rule, name, words in told:
        level = "warning" if rule in _WARNINGS else "error"
        yield Mismatch(rule, level, path, _find_line(text, name), f"{name}: {words}")


_WARNINGS = frozenset({"default-differs", "never-visible", "output-unknown"})


def _compare_names(
    known: Properties, wanted: Properties, needed: list[JsonValue], *, complete: bool
) -> Iterator[tuple[str, str, str]]:
    for name, each in known.items() if complete else ():
        if name in wanted:
            continue
        if is_editable(each):
            yield "no-variable", name, "no variable takes it, and no template of the catalog"
        else:
            yield "no-output", name, "no output gives it"
    for name, each in wanted.items():
        if name in needed and not is_editable(known.get(name, {})):
            yield "not-asked", name, "the module needs it, and nobody is asked for it"
        elif name not in known and not is_editable(each):
            yield "output-unknown", name, "the output reaches nobody: no attribute has its name"


def _compare_one(
    name: str, known: JsonObject, wanted: JsonObject
) -> Iterator[tuple[str, str, str]]:
    if is_dropped(name, {name: known}):
        yield "never-visible", name, "`visibleOn: []`: the platform drops what it is set to"
    if is_secret(wanted) and not is_secret(known):
        yield "not-secret", name, "the module's value is sensitive, and the attribute no secret"
    one, other = known.get("type"), wanted.get("type")
    if one and other and one != other and (one, other) not in _NARROWER:
        shown = " or ".join(map(str, one)) if isinstance(one, list) else one
        yield "type-differs", name, f"it is {shown} here, and {other} in the module"
    allowed = wanted.get("enum")
    listed = known.get(
        "enum", [as_object(each).get("const") for each in as_list(known.get("oneOf"))]
    )
    if isinstance(allowed, list) and isinstance(listed, list):
        for each in (each for each in listed if each not in allowed):
            yield "value-refused", name, f"the module refuses {json_text.write(each)}"
    if "default" in known and "default" in wanted and known["default"] != wanted["default"]:
        yield "default-differs", name, "its default is not the module's"


def _find_optional(
    known: Properties, required: list[JsonValue], needed: list[JsonValue]
) -> Iterator[tuple[str, str, str]]:
    for name in map(str, needed):
        one = known.get(name, {})
        if is_editable(one) and name not in required and "default" not in one:
            yield "not-required", name, "it may be left out, and the module needs it"


def _find_line(text: str, name: str) -> int:
    """Return where a property begins; the same name may stand before, as another's value."""
    found = re.search(rf'"{re.escape(name)}"\s*:\s*\{{', text)
    return text.count("\n", 0, found.start()) + 1 if found else 0
