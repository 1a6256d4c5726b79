"""The thing in two parts, made by Terraform and by OpenTofu."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import pytest
from contract_fixtures import EngineCase

from purveyor.backends.local import open_local
from purveyor.engines.terraform import TerraformEngine
from purveyor.state_key import KEYS, StateKey
from purveyor.step import BackendBlock, ModuleSource, StateSlot, Step
from real_programs import LEFT_OUT

if TYPE_CHECKING:
    from pathlib import Path

    from purveyor.action import Operation
    from purveyor.json_text import JsonObject
    from purveyor.step import Engine

MODULE = """
variable "text" {}
variable "mode" {}
variable "place" {}
variable "password" {
  sensitive = true
}
resource "terraform_data" "first" {
  input            = { place = var.place }
  triggers_replace = var.text
  provisioner "local-exec" {
    command     = "printf %s \\"$TEXT\\" > \\"$PLACE/first\\""
    environment = { TEXT = var.text, PLACE = var.place }
  }
  provisioner "local-exec" {
    when    = destroy
    command = "rm -f '${self.output.place}/first'"
  }
}
resource "terraform_data" "second" {
  input            = { place = var.place }
  triggers_replace = var.text
  depends_on       = [terraform_data.first]
  provisioner "local-exec" {
    command     = <<-EOT
      case "$MODE" in
        fail) echo it is refused >&2; exit 1 ;;
        slow) touch "$PLACE/halfway"; sleep 60 ;;
      esac
      printf %s "$TEXT" > "$PLACE/second"
    EOT
    environment = { TEXT = var.text, PLACE = var.place, MODE = var.mode }
  }
  provisioner "local-exec" {
    when    = destroy
    command = "rm -f '${self.output.place}/second'"
  }
}
output "text" { value = var.text }
output "token" {
  value     = "c4nary-m4de-${strrev(var.password)}"
  sensitive = true
}
"""
KEY = StateKey("services/one.tfstate", exists=True)


class TerraformCase(EngineCase):
    engine_name: ClassVar[str] = "terraform"

    def prepare(self) -> None:
        found = self.real.engine(self.engine_name)
        if found is None:
            pytest.skip(f"{LEFT_OUT}no {self.engine_name}")
        self.binary = found
        module = self.folder / "catalog" / "module"
        module.mkdir(parents=True)
        (module / "main.tf").write_text(MODULE)

    def open(self) -> Engine:
        return TerraformEngine(
            lambda: self.binary,
            environment=self.environment,
            cache=self.folder / "cache",
            redactor=self.redactor,
        )

    def step(self, operation: Operation, variables: JsonObject, workspace: Path) -> Step:
        root = self.folder / "catalog"
        states = self.folder / "states"
        return Step(
            operation=operation,
            workspace=workspace,
            module=self.open().fetch(ModuleSource(root, root / "module"), workspace),
            variables=variables,
            environment=self.environment,
            interruption=self.interruption,
            state=StateSlot(
                block=BackendBlock("local", {"path": str(states / KEY.path)}),
                access=open_local(states, KEYS).access(KEY),
                stamp="services/one",
            ),
        )

    def made(self) -> dict[str, str]:
        parts = (self.place / name for name in ("first", "second"))
        return {each.name: each.read_text() for each in parts if each.exists()}


class OpenTofuCase(TerraformCase):
    engine_name = "opentofu"
