"""An update starts at what was last applied, and what comes back is no longer than what is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from service_fixtures import attribute, own_service

if TYPE_CHECKING:
    from pathlib import Path

    from purveyor.json_text import JsonObject

pytestmark = [pytest.mark.engine]

BOTH = ("create", "update")
NAMED = """
variable "name" { type = string }
variable "size" { type = number }
resource "terraform_data" "box" {
  triggers_replace = "box-${var.name}"
  input            = var.size
}
output "name" { value = terraform_data.box.triggers_replace }
"""
NAME: JsonObject = {"name": attribute("string", "create"), "size": attribute("number", *BOTH)}


def test_a_result_never_becomes_what_was_asked(tmp_path: Path, environment: dict[str, str]) -> None:
    catalog = "version: 1\nbackend: {type: local}\nservices:\n  thing:\n    immutable: [name]\n"
    with own_service(tmp_path, environment, NAMED, NAME, catalog=catalog) as service:
        created = service.create(name="a", size=1)
        assert "'name' has the name of a variable" in created.stderr
        assert service.attributes()["name"] == "a"
        updated = service.update(size=2)
        assert [each["verb"] for each in updated.outcome["changes"]] == ["update"]  # type: ignore[union-attr,index,call-overload]
        assert service.attributes()["name"] == "a"


@pytest.mark.one_engine
def test_what_the_catalog_hands_on_by_name_freezes_what_was_asked(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    module = """
variable "bucket" { type = string }
resource "terraform_data" "name" {
  input = startswith(var.bucket, "np-") ? var.bucket : "np-${var.bucket}"
}
output "bucket" { value = terraform_data.name.output }
"""
    catalog = (
        "version: 1\nbackend: {type: local}\nservices:\n  thing:\n    outputs: {bucket: bucket}\n"
    )
    properties: JsonObject = {"bucket": attribute("string", "create")}
    with own_service(tmp_path, environment, module, properties, catalog=catalog) as service:
        service.create(bucket="orders")
        assert service.attributes()["bucket"] == "np-orders"
        assert service.run("delete").code == 0


SECRET = """
variable "name" { type = string }
variable "size" { type = number }
variable "pin" {
  type    = string
  default = "none"
}
variable "acl" {
  type    = string
  default = "private"
}
variable "zone" { type = string }
resource "terraform_data" "box" {
  input = "${var.name}-${var.size}-${sha256(var.pin)}-${coalesce(var.acl, "null")}"
  lifecycle {
    precondition {
      condition     = var.size != 13
      error_message = "Not with ${var.pin}."
    }
  }
}
output "dsn" { value = "mysql://u:${var.pin}@db/x" }
output "zone_seen" { value = var.zone == null ? "none" : var.zone }
"""
PINNED: JsonObject = {
    "name": attribute("string", *BOTH),
    "size": attribute("number", *BOTH),
    "pin": attribute("string", *BOTH, secret=True),
    "acl": {**attribute("string", *BOTH), "type": ["string", "null"]},
    "zone": {**attribute("string", *BOTH), "type": ["string", "null"]},
    "dsn": attribute("string"),
    "zone_seen": attribute("string"),
}


def test_secrets_and_nulls_hold_over_updates_and_a_delete_has_them(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    pin = 'zebra-4711 "quoted" $x'
    with own_service(tmp_path, environment, SECRET, PINNED) as service:
        created = service.create(name="a", size=1, pin=pin, acl=None, zone=None)
        assert "'dsn' holds a secret value and was withheld" in created.stderr
        assert "dsn" not in service.attributes()
        kept = tmp_path / f".purveyor/state/journal/entities/service/{service.id}/secrets.json"
        assert kept.stat().st_mode & 0o077 == 0
        service.update(size=2)
        refused = service.run("update", size=13)
        assert refused.code == 12
        shown = str(service.emulator.view()) + refused.stdout + refused.stderr + created.stderr
        assert "zebra-4711" not in shown
        assert service.run("delete").code == 0
        assert not kept.exists()


@pytest.mark.one_engine
def test_a_secret_that_is_not_kept_has_to_be_given_again(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    catalog = "version: 1\nbackend: {type: local}\nkeep_secrets: false\n"
    with own_service(tmp_path, environment, SECRET, PINNED, catalog=catalog) as service:
        assert service.run("create", name="a", size=1, pin="zebra-4711", zone=None).code == 0
        refused = service.run("update", size=2)
        assert (refused.code, refused.reason) == (12, "PARAMETER_INVALID")
        assert "pin: is not kept, so it has to be given again" in refused.stderr
        assert service.run("update", size=2, pin="zebra-4711").code == 0
        assert "zebra-4711" not in "".join(
            path.read_text() for path in (tmp_path / ".purveyor/state/journal").rglob("*.json")
        )


GONE = """
variable "dlq" { type = bool }
resource "terraform_data" "box" { input = var.dlq }
output "dlq_arn" { value = var.dlq ? "arn:dlq" : "" }
output "replica" { value = var.dlq ? "host-1" : null }
output "ports" { value = var.dlq ? [1, 2] : [] }
"""


@pytest.mark.one_engine
def test_the_platform_never_shows_what_is_no_longer_so(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    properties: JsonObject = {
        "dlq": attribute("boolean", *BOTH),
        "dlq_arn": attribute("string"),
        "replica": attribute("string"),
        "ports": attribute("array"),
    }
    with own_service(tmp_path, environment, GONE, properties) as service:
        service.create(dlq=True)
        assert service.attributes()["replica"] == "host-1"
        service.update(dlq=False)
        shown = service.attributes()
        assert (shown["dlq_arn"], shown["replica"], shown["ports"]) == ("", "", [])
