"""Reads a seed: the specifications, services, links and channels that the emulator starts with."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from purveyor import json_text
from purveyor.errors import CatalogError
from purveyor_emulator.vendors import VendorApi

if TYPE_CHECKING:
    from purveyor.json_text import JsonObject, JsonValue

DEFAULT_SEED = Path(__file__).with_name("default_seed.yaml")
_SHAPE = Path(__file__).with_name("seed.schema.json")


class SeedError(CatalogError):
    """The seed is at fault."""


@dataclass(frozen=True, slots=True)
class Seed:
    """A seed that was checked. Its lists are as written; the store adds what they name.

    `place` maps levels (`organization` first) to `{id, slug}`. With `clear_secrets`, notifications
    carry secret attributes in clear; else as null. `vendors` are the CIs that channels deliver to.
    """

    place: dict[str, dict[str, str]]
    user: JsonObject
    specifications: tuple[JsonObject, ...]
    services: tuple[JsonObject, ...] = ()
    channels: tuple[JsonObject, ...] = ()
    vendors: dict[str, VendorApi] = field(default_factory=dict)
    api_key: str = ""
    clear_secrets: bool = False


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
    # Its formats say whether a pattern is one.
    checker = Draft7Validator(shape, format_checker=Draft7Validator.FORMAT_CHECKER)
    errors = sorted(checker.iter_errors(document), key=lambda each: each.json_path)
    return [f"{error.json_path}: {error.message}" for error in errors]


def _seed(document: JsonObject) -> Seed:
    place = document.get("place") or {"organization": {"id": "1", "slug": "acme"}}
    return Seed(
        place={
            level: {"id": str(each["id"]), "slug": str(each["slug"])}
            for level, each in _dict(place).items()
            if isinstance(each, dict)
        },
        user=_dict(document.get("user")) or {"id": 77, "email": "developer@example.com"},
        specifications=tuple(_objects(document, "specifications")),
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


def _objects(document: JsonObject, name: str) -> list[JsonObject]:
    found = document.get(name)
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def _dict(value: JsonValue) -> JsonObject:
    return value if isinstance(value, dict) else {}
