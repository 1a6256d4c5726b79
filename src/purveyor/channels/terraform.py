"""Writes a channel as the resource of nullplatform's Terraform provider."""

from __future__ import annotations

from typing import TYPE_CHECKING

from purveyor import json_text
from purveyor.catalog.document import unfold
from purveyor.channels.model import SLUG_PATH

if TYPE_CHECKING:
    from collections.abc import Mapping

    from purveyor.json_text import JsonObject, JsonValue

_VARIABLE = 'variable "{}" {{\n  type      = string\n  sensitive = true\n}}\n\n'


def write_terraform(channel: JsonObject) -> str:
    """Return HCL as `fmt` leaves it; each header's value is a variable."""
    configuration = dict(unfold(channel.get("configuration")))
    headers = unfold(configuration.pop("headers", None))
    variables = {each: f"header_{each.lower().replace('-', '_')}" for each in headers}
    slugs = _express(unfold(unfold(channel["filters"])[SLUG_PATH])["$in"])
    filters = f'jsonencode({{ "{SLUG_PATH}" = {{ "$in" = {slugs} }} }})'
    told = {name: channel[name] for name in ("nrn", "type", "description", "source")}
    inner = _assign({name: _express(each) for name, each in configuration.items()}, 6)
    if variables:
        values = {_express(name): f"var.{each}" for name, each in variables.items()}
        inner += f"      headers = {{\n{_assign(values, 8)}      }}\n"
    return (
        "".join(map(_VARIABLE.format, variables.values()))
        + 'resource "nullplatform_notification_channel" "purveyor" {\n'
        + _assign({**{name: _express(each) for name, each in told.items()}, "filters": filters}, 2)
        + f"\n  configuration {{\n    {channel['type']} {{\n{inner}    }}\n  }}\n}}\n"
    )


def _assign(values: Mapping[str, str], indent: int) -> str:
    width = max(map(len, values))
    return "".join(f"{' ' * indent}{name:{width}} = {each}\n" for name, each in values.items())


def _express(value: JsonValue) -> str:
    """Return JSON as HCL reads it: templates stay text."""
    return json_text.write(value).replace("${", "$${").replace("%{", "%%{")
