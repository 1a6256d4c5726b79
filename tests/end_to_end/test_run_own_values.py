"""A module's own files of values count, and its names keep their spelling."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from service_fixtures import attribute, own_service

if TYPE_CHECKING:
    from pathlib import Path

    from purveyor.json_text import JsonObject

pytestmark = [pytest.mark.engine]

BOTH = ("create", "update")
SPELT = "gro\u0308ße"
MODULE = f"""
variable "region" {{ type = string }}
variable "{SPELT}" {{ type = number }}
variable "tier" {{ default = "small" }}
resource "terraform_data" "x" {{ input = "${{var.region}}-${{var.{SPELT}}}-${{var.tier}}" }}
output "ergebni\u0301s" {{ value = terraform_data.x.output }}
"""
PROPERTIES: JsonObject = {
    "größe": attribute("number", *BOTH),
    "ergebn\u00eds": attribute("string"),
}


def test_a_modules_files_of_values_and_its_spelling_count(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    catalog = "version: 1\nbackend: {type: local}\nservices: {thing: {defaults: {tier: large}}}\n"
    with own_service(tmp_path, environment, MODULE, PROPERTIES, catalog=catalog) as service:
        folder = tmp_path / "modules/thing"
        (folder / "terraform.tfvars").write_text('region = "eu-west-1"\ntier = "theirs"\n')
        created = service.create(größe=3)
        assert created.code == 0, created.stderr
        assert "region has its value from terraform.tfvars of the module." in created.stderr
        assert "tier has" not in created.stderr
        assert service.attributes()["ergebn\u00eds"] == "eu-west-1-3-large"
        assert service.update(größe=4).code == 0
        assert service.attributes()["ergebn\u00eds"] == "eu-west-1-4-large"
        assert service.run("delete").code == 0
