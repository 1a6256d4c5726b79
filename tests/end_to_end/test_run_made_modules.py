"""Modules drawn by a seed, in the shapes of real ones: what was asked stays what is built."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from purveyor import json_text
from service_fixtures import attribute, own_service

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from purveyor.json_text import JsonObject, JsonValue

pytestmark = [pytest.mark.engine, pytest.mark.one_engine, pytest.mark.slow]

BOTH = ("create", "update")
TYPES: Mapping[str, tuple[str, str, list[JsonValue]]] = {
    "name": ("string", "string", ["a", "b c", 'd"$x']),
    "size": ("number", "number", [1, 2, 3]),
    "labels": ("map(string)", "object", [{}, {"team": "x"}, {"days": 7}]),
    "zones": ("list(string)", "array", [[], ["a"], ["a", "b"]]),
    "acl": ("string", "string", ["private", "", None]),
    "pin": ("string", "string", ["zebra-4711", "tulip-0815", "windmill"]),
}
# Of the variable's own name, with another value, empty, or gone for some values.
OUTPUTS = (
    "jsonencode(var.{0})",
    'var.{0} == null ? null : "arn:${{sha256(jsonencode(var.{0}))}}"',
    '""',
    'length(jsonencode(var.{0})) > 4 ? "host" : null',
)


def draw_module(draw: random.Random) -> tuple[str, JsonObject]:
    """Return a module and its specification's properties."""
    text = ""
    properties: JsonObject = {}
    for name, (type_, shown, values) in TYPES.items():
        default = "" if draw.random() < 0.5 else f"default = {json_text.write(values[0])}"
        sensitive = "sensitive = true" if name == "pin" and draw.random() < 0.5 else ""
        text += f'variable "{name}" {{\n  type = {type_}\n  {default}\n  {sensitive}\n}}\n'
        words: JsonValue = [shown, "null"] if name == "acl" else shown
        secret: JsonObject = {"secret": True} if name == "pin" else {}
        properties[name] = {**attribute(shown, *BOTH), "type": words, **secret}
    given = ", ".join(f"{name} = var.{name}" for name in TYPES if name != "pin")
    text += (
        f'resource "terraform_data" "box" {{\n  input = jsonencode({{ {given} }})\n'
        "  triggers_replace = sha256(var.pin)\n}\n"
    )
    for name in TYPES:
        if name != "pin":
            output = draw.choice([name, f"{name}_seen"])
            value = draw.choice(OUTPUTS).format(name)
            text += f'output "{output}" {{ value = {value} }}\n'
            properties.setdefault(output, attribute("string"))
    return text, properties


@pytest.mark.parametrize("seed", range(4))
def test_what_was_asked_stays_what_is_built(
    seed: int, tmp_path: Path, environment: dict[str, str]
) -> None:
    draw = random.Random(seed)  # noqa: S311 - a draw that can be repeated
    module, properties = draw_module(draw)
    with own_service(tmp_path, environment, module, properties) as service:
        asked = {name: draw.choice(values) for name, (_, _, values) in TYPES.items()}
        service.create(**asked)
        for name in draw.sample(sorted(TYPES), 2):
            change = {name: draw.choice(TYPES[name][2])}
            asked |= change
            service.update(**change)
        shown = {**service.attributes(), "pin": asked["pin"]}
        assert {name: shown[name] for name in asked} == asked
        assert service.run("delete").code == 0
