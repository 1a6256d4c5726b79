"""Shapes of the vendor's own specifications that are no fault, and what is none of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from purveyor import json_text
from purveyor.catalog.loading import load_catalog
from purveyor.specs.checking import check_specification

if TYPE_CHECKING:
    from pathlib import Path

TOPIC = """
variable "topic_name" { type = string }
variable "fifo" { type = bool }
variable "scope" {
  type    = string
  default = "MessageGroup"
  validation {
    condition     = contains(["MessageGroup", "Topic"], var.scope)
    error_message = "one of two"
  }
}
variable "note" {
  type    = string
  default = null
}
variable "region" { type = string }
variable "indexes" {
  type = list(object({ name = string, kind = optional(string, "S") }))
  default = []
}
output "topic_arn" { value = "a" }
output "user" { value = "u" }
"""
LINK = """
variable "topic_arn" { type = string }
variable "permissions" {
  type    = list(object({ container = string, level = string }))
  default = []
}
output "key_id" { value = "k" }
output "secret_key" {
  value     = "s"
  sensitive = true
}
output "target" { value = var.permissions }
"""
CATALOG = """
version: 1
backend: {type: local}
services:
  topic:
    module: deployment
    variables: {region: eu-west-1}
    compute:
      topic_name: {value: "np-{{ parameters.name }}", once: true}
      fifo: "{{ parameters.kind == 'fifo' }}"
      scope: "{{ 'Topic' if parameters.scope == 'topic' else 'MessageGroup' }}"
    links:
      subscribe:
        module: permissions
        compute:
          topic_arn: "{{ outputs.topic_arn }}"
          permissions: "{{ parameters.target }}"
        outputs: {key_id: key_id, secret_key: {output: secret_key, secret: true}, target: target}
"""
EDITED: Any = {"editableOn": ["create", "update"]}
SHOWN: Any = {"editableOn": [], "visibleOn": ["read"], "export": True, "type": "string"}


def service(**changed: Any) -> Any:
    properties = {
        # The account's configuration gives it.
        "aws_region": {"type": "string", "config": "aws.region", "visibleOn": [], "editableOn": []},
        "name": {"type": "string", "editableOn": ["create"], "pattern": "^$|^[a-z]+$"},
        # An enum with titles, the first word of a template's rule.
        "kind": {**EDITED, "type": "string", "default": "standard",
                 "oneOf": [{"const": "standard", "title": "Standard"}, {"const": "fifo"}]},
        # The same name as a variable that a template sets to other words.
        "scope": {**EDITED, "type": "string", "oneOf": [{"const": "group"}, {"const": "topic"}]},
        "note": {**EDITED, "type": ["string", "null"], "description": "{{topic_arn}} is text"},
        # Nothing is said of when it may be set; elements never say it.
        "indexes": {"type": "array", "default": [], "items": {"type": "object", "properties": {
            "name": {"type": "string"}, "kind": {"type": "string", "default": "S"}}}},
        "topic_arn": SHOWN,
        "user": {"type": "string", "readOnly": True},
        **changed,
    }  # fmt: skip
    schema = {"$schema": "http://json-schema.org/draft-07/schema#", "additionalProperties": False,
              "required": ["name", "kind"], "uiSchema": {"type": "VerticalLayout", "elements": []},
              "properties": properties}  # fmt: skip
    # The link is named by its slug; its file has another name.
    own = {"name": "Topic", "slug": "topic", "type": "dependency", "available_links": ["subscribe"]}
    return {**own, "attributes": {"schema": schema, "values": {}}}


def link(**changed: Any) -> Any:
    keywords = {"enum": "[.service.attributes.containers[].name]"}
    properties = {
        # It goes through a template, and an output has its name.
        "target": {"type": "array", "editableOn": ["create"], "items": {"type": "object",
                   "properties": {"container": {"additionalKeywords": keywords}}}},
        "key_id": {**SHOWN, "export": {"type": "environment_variable"}, "readOnly": True},
        "secret_key": {**SHOWN, "export": {"type": "environment_variable", "secret": True}},
        **changed,
    }  # fmt: skip
    schema = {"type": "object", "required": ["key_id", "secret_key"], "properties": properties}
    return {
        "name": "Subscribe",
        "slug": "subscribe",
        "unique": False,
        "attributes": {"schema": schema},
    }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    files = {
        "purveyor.yaml": CATALOG,
        "deployment/main.tf": TOPIC,
        "permissions/main.tf": LINK,
        "specs/service-spec.json.tpl": json_text.write(service()),
        "specs/links/connect.json.tpl": json_text.write(link()),
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def check(folder: Path) -> list[str]:
    found = check_specification(load_catalog(folder), "topic", folder / "specs")
    return [f"{each.rule} {each.text.partition(':')[0]}" for each in found]


def test_none_of_them_is_a_fault(folder: Path) -> None:
    assert check(folder) == []


CHANGES: list[tuple[str, Any]] = [
    ("no-variable colour", {"colour": {"type": "string"}}),
    ("no-output arn", {"arn": {"type": "string", "readOnly": True}}),
    ("type-differs note", {"note": {**EDITED, "type": ["number", "null"]}}),
    ("type-differs indexes", {"indexes": {"type": "object"}}),
    ("never-visible user", {"user": {**SHOWN, "visibleOn": []}}),
    ("never-visible marker", {"marker": {**SHOWN, "visibleOn": []}}),
]


@pytest.mark.parametrize(("finding", "changed"), CHANGES, ids=[each[0] for each in CHANGES])
def test_a_fault_beside_them_is_found_alone(folder: Path, finding: str, changed: Any) -> None:
    (folder / "specs/service-spec.json.tpl").write_text(json_text.write(service(**changed)))
    assert check(folder) == [finding]
