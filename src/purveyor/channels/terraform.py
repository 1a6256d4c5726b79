"""Writes a channel as the resource of nullplatform's Terraform provider."""

from __future__ import annotations

from typing import TYPE_CHECKING

from purveyor.catalog.document import unfold
from purveyor.hcl.writing import assign, express, write_block

if TYPE_CHECKING:
    from purveyor.json_text import JsonObject


def write_terraform(channel: JsonObject) -> str:
    """Return HCL as `fmt` leaves it; each header's value is a variable."""
    configuration = dict(unfold(channel.get("configuration")))
    headers = unfold(configuration.pop("headers", None))
    variables = {each: f"header_{each.lower().replace('-', '_')}" for each in headers}
    told = {name: express(channel[name]) for name in ("nrn", "type", "description", "source")}
    inner = {name: express(each) for name, each in configuration.items()}
    if variables:
        values = {express(name): f"var.{each}" for name, each in variables.items()}
        inner["headers"] = f"{{\n{assign(values, 4)}  }}"
    secret = {"type": "string", "sensitive": "true"}
    own = write_block(
        'resource "nullplatform_notification_channel" "purveyor"',
        {**told, "filters": f"jsonencode({express(channel['filters'])})"},
        write_block("configuration", {}, write_block(str(channel["type"]), inner)),
    )
    return "\n".join(
        (*(write_block(f'variable "{each}"', secret) for each in variables.values()), own)
    )
