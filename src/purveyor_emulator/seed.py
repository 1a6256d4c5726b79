"""Reads a seed: the specifications, services, links and channels that the emulator starts with."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from purveyor import json_text
from purveyor.action import Kind, Operation
from purveyor.errors import CatalogError
from purveyor_emulator import schema
from purveyor_emulator.records import ActionSpecification, EmulatedSpecification, fixed_id
from purveyor_emulator.vendors import VendorApi

if TYPE_CHECKING:
    from purveyor.json_text import JsonObject, JsonValue

DEFAULT_SEED = Path(__file__).with_name("default_seed.yaml")
_SHAPE = Path(__file__).with_name("seed.schema.json")
_DEFAULT_ACTIONS = (Operation.CREATE, Operation.UPDATE, Operation.DELETE)


class SeedError(CatalogError):
    """The seed is at fault."""


@dataclass(frozen=True, slots=True)
class Seed:
    """A seed that was checked. `services` and `channels` are as written; the store adds them.

    `place` maps levels (`organization` first) to `{id, slug}`. With `clear_secrets`, notifications
    carry secret attributes in clear; else as null. `vendors` are the CIs that channels deliver to.
    """

    place: dict[str, dict[str, str]]
    user: JsonObject
    specifications: tuple[EmulatedSpecification, ...]
    actions: tuple[ActionSpecification, ...]
    services: tuple[JsonObject, ...] = ()
    channels: tuple[JsonObject, ...] = ()
    vendors: dict[str, VendorApi] = field(default_factory=dict)
    api_key: str = ""
    clear_secrets: bool = False


@dataclass(slots=True)
class _Reading:
    specifications: list[EmulatedSpecification] = field(default_factory=list)
    actions: list[ActionSpecification] = field(default_factory=list)


def read_seed(path: Path | None = None) -> Seed:
    """Read a seed file, JSON or YAML; the default seed without one. Raises SeedError."""
    path = path or DEFAULT_SEED
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SeedError(f"The seed {path} cannot be read: {error}", hint="check the path") from None
    return parse_seed(_document(text, path), where=str(path))


def parse_seed(document: JsonValue, *, where: str = "seed") -> Seed:
    """Check a seed's document and build what it describes. Raises SeedError with all faults."""
    faults = _shape_faults(document)
    if faults or not isinstance(document, dict):
        raise SeedError(
            f"The seed {where} has {len(faults)} fault(s).",
            hint="compare it with `purveyor emulate --print-seed`",
            details=faults,
        )
    return _seed(document)


def _document(text: str, path: Path) -> JsonValue:
    import yaml

    try:
        if path.suffix == ".json":
            return json_text.parse(text)
        # Through JSON once, so that dates and other YAML-only values are refused here.
        return json_text.parse(json_text.write(yaml.safe_load(text)))
    except (yaml.YAMLError, json_text.JsonTextError, TypeError, ValueError) as error:
        raise SeedError(
            f"The seed {path} is neither JSON nor YAML made of JSON values.",
            hint="quote dates and mend the syntax",
            details=[" ".join(str(error).split())],
        ) from None


def _shape_faults(document: JsonValue) -> list[str]:
    from jsonschema import Draft7Validator

    shape = _dict(json_text.parse(_SHAPE.read_text(encoding="utf-8")))
    errors = sorted(Draft7Validator(shape).iter_errors(document), key=lambda each: each.json_path)
    faults = [f"{error.json_path}: {error.message}" for error in errors]
    return faults or _schema_faults(document, "$")


def _schema_faults(value: JsonValue, path: str) -> list[str]:
    """Find faulty schemas: everything named attributes, parameters or results beside a slug."""
    if isinstance(value, list):
        return [f for i, each in enumerate(value) for f in _schema_faults(each, f"{path}[{i}]")]
    if not isinstance(value, dict):
        return []
    found = [
        f"{path}.{name}: {fault}"
        for name in ("attributes", "parameters", "results")
        if "slug" in value and name in value and (fault := schema.schema_fault(value[name]))
    ]
    nested = ("specifications", "links", "actions")
    return found + [f for key in nested for f in _schema_faults(value.get(key), f"{path}.{key}")]


def _seed(document: JsonObject) -> Seed:
    reading = _Reading()
    for each in _objects(document, "specifications"):
        service = _read_specification(each, Kind.SERVICE, "", reading)
        for link in _objects(each, "links"):
            _read_specification(link, Kind.LINK, service.id, reading)
    place = document.get("place") or {"organization": {"id": "1", "slug": "acme"}}
    return Seed(
        place={
            level: {"id": str(each["id"]), "slug": str(each["slug"])}
            for level, each in _dict(place).items()
            if isinstance(each, dict)
        },
        user=_dict(document.get("user")) or {"id": 77, "email": "developer@example.com"},
        specifications=tuple(reading.specifications),
        actions=tuple(reading.actions),
        services=tuple(_objects(document, "services")),
        channels=tuple(_objects(document, "channels")),
        vendors={
            name: VendorApi(str(each["address"]).rstrip("/"), str(each.get("token") or "emulated"))
            for name, each in _dict(document.get("vendors")).items()
            if isinstance(each, dict)
        },
        api_key=str(document.get("api_key") or ""),
        clear_secrets=document.get("clear_secrets") is True,
    )


def _read_specification(
    each: JsonObject, kind: Kind, parent_id: str, reading: _Reading
) -> EmulatedSpecification:
    slug = str(each["slug"])
    specification = EmulatedSpecification(
        kind=kind,
        id=str(each.get("id") or fixed_id(parent_id, slug)),
        slug=slug,
        name=str(each.get("name") or slug),
        schema=_dict(each.get("attributes")),
        use_default_actions=each.get("use_default_actions") is not False,
        use_managed_actions=each.get("use_managed_actions") is True,
        parent_id=parent_id,
    )
    reading.specifications.append(specification)
    if specification.use_default_actions:
        reading.actions += [_default_action(specification, each) for each in _DEFAULT_ACTIONS]
    reading.actions += [_own_action(specification, own) for own in _objects(each, "actions")]
    return specification


def _default_action(parent: EmulatedSpecification, operation: Operation) -> ActionSpecification:
    slug = f"{operation}-{parent.slug}"
    return ActionSpecification(
        id=fixed_id(parent.id, "action", slug),
        slug=slug,
        name=f"{operation.capitalize()} {parent.name}",
        operation=operation,
        parent=parent,
        parameters=schema.editable(parent.schema, operation),
        results=schema.mirrored(parent.schema),
    )


def _own_action(parent: EmulatedSpecification, each: JsonObject) -> ActionSpecification:
    slug = str(each["slug"])
    return ActionSpecification(
        id=str(each.get("id") or fixed_id(parent.id, "action", slug)),
        slug=slug,
        name=str(each.get("name") or slug),
        operation=Operation(str(each.get("type") or "custom")),
        parent=parent,
        parameters=_dict(each.get("parameters")),
        results=_dict(each.get("results")),
    )


def _objects(document: JsonObject, name: str) -> list[JsonObject]:
    found = document.get(name)
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def _dict(value: JsonValue) -> JsonObject:
    return value if isinstance(value, dict) else {}
