"""A bucket's name that nobody asks for is computed once, and outlives renames, on a real engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from purveyor import json_text
from service_fixtures import attribute, own_service

if TYPE_CHECKING:
    from pathlib import Path

    from purveyor.json_text import JsonObject
    from service_fixtures import OwnService

pytestmark = [pytest.mark.engine]

BOTH = ("create", "update")
MODULE = """
variable "bucket_name" { type = string }
variable "max_bytes" { type = number }
variable "fifo" { type = bool }
variable "zones" { type = list(string) }
variable "token" { type = string }
resource "terraform_data" "bucket" {
  input            = var.bucket_name
  triggers_replace = [var.bucket_name]
}
output "name" { value = terraform_data.bucket.output }
output "limits" { value = "${var.max_bytes} ${var.fifo} ${join("+", var.zones)}" }
output "token_length" { value = length(var.token) }
"""
PROPERTIES: JsonObject = {
    "bucket_name_suffix": attribute("string", *BOTH),
    "size_kib": attribute("number", *BOTH),
    "queue_type": attribute("string", *BOTH),
    "zones": attribute("string", *BOTH),
    "pin": attribute("string", *BOTH, secret=True),
    "name": attribute("string"),
    "limits": attribute("string"),
    "token_length": attribute("number"),
}
CATALOG = """\
version: 1
backend: {type: local}
services:
  thing:
    compute:
      bucket_name:
        value: "np-{{ service.name | slug(40) }}-{{ parameters.bucket_name_suffix }}"
        once: true
      max_bytes: "{{ parameters.size_kib * 1024 }}"
      fifo: "{{ parameters.queue_type == 'fifo' }}"
      zones: "{{ parameters.zones | default('') | split(',') }}"
      token: "{{ parameters.pin | hash(32) }}"
"""


def rename(service: OwnService, name: str) -> None:
    service.emulator.platform.store.entities[service.id].name = name


def test_a_name_is_computed_once_and_the_rest_each_time(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    with own_service(tmp_path, environment, MODULE, PROPERTIES, catalog=CATALOG) as service:
        asked: JsonObject = {
            "bucket_name_suffix": "assets",
            "size_kib": 3,
            "queue_type": "fifo",
            "zones": "a, b",
            "pin": "s3cret-pin",
        }
        created = service.create(**asked)
        assert service.attributes()["name"] == "np-news-assets"
        assert service.attributes()["limits"] == "3072 true a+b"
        rename(service, "Yesterday's news")
        updated = service.update(size_kib=4, bucket_name_suffix="other")
        assert service.attributes()["name"] == "np-news-assets", "decided once"
        assert service.attributes()["limits"] == "4096 true a+b"
        deleted = service.run("delete")
        assert deleted.code == 0, deleted.stderr
        shown = [f"{each.stdout}{each.stderr}" for each in (created, updated, deleted)]
        records = [p.read_text() for p in (tmp_path / "states").rglob("capsule.json")]
        assert "s3cret-pin" not in "".join([*shown, *records])


@pytest.mark.one_engine
def test_what_cannot_be_computed_is_told_before_anything_is_touched(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    with own_service(tmp_path, environment, MODULE, PROPERTIES, catalog=CATALOG) as service:
        done = service.run("create", queue_type="fifo", pin="s3cret-pin")
        assert done.code == 12, done.stderr
        assert done.reason == "PARAMETER_INVALID"
        told = json_text.write(done.outcome)
        assert "compute.bucket_name, character 34: parameters.bucket_name_suffix is missing" in told
        assert "compute.max_bytes, character 1: parameters.size_kib is missing" in told
        assert "s3cret-pin" not in told + done.stderr
        assert not list(tmp_path.rglob("*.tfstate"))
