"""The thing in two parts, made by a Pulumi project in YAML with a provider of the tests' own."""

from __future__ import annotations

import re
import subprocess  # noqa: TID251 - a person's hand, not the product's
from typing import TYPE_CHECKING

import pytest
from contract_fixtures import EngineCase

from purveyor.engines.pulumi import PulumiEngine
from purveyor.program import PulumiProject
from purveyor.step import BackendBlock, OwnState, Step
from real_programs import LEFT_OUT

if TYPE_CHECKING:
    from pathlib import Path

    from purveyor.action import Operation
    from purveyor.errors import PurveyorError
    from purveyor.json_text import JsonObject
    from purveyor.step import Engine

PASSPHRASE = "open sesame"
PROJECT = """
name: thing
runtime: yaml
config:
  text: {type: string}
  password: {type: string}
  mode: {type: string}
  place: {type: string}
resources:
  first:
    type: x:Thing
    properties: {folder: "${place}", name: first, text: "${text}"}
  second:
    type: x:Thing
    properties:
      {folder: "${place}", name: second, text: "${text}", mode: "${mode}", password: "${password}"}
    options: {dependsOn: ["${first}"]}
outputs:
  text: ${second.text}
  token: ${second.token}
"""


class PulumiCase(EngineCase):
    def prepare(self) -> None:
        if self.real.pulumi is None:
            pytest.skip(f"{LEFT_OUT}no Pulumi")
        project = self.folder / "project"
        project.mkdir()
        (project / "Pulumi.yaml").write_text(PROJECT)
        self.environment["PATH"] = f"{self.real.pulumi.parent}:{self.environment['PATH']}"

    def open(self) -> Engine:
        project = PulumiProject(self.folder / "project", self.folder)
        return PulumiEngine(project, self.redactor, passphrase=PASSPHRASE)

    def step(self, operation: Operation, variables: JsonObject, workspace: Path) -> Step:
        block = BackendBlock("local", {"path": str(self.folder / "state.tfstate")})
        return Step(
            operation=operation,
            workspace=workspace,
            module=self.folder,
            variables={"variables": variables},
            environment=self.environment,
            interruption=self.interruption,
            own_state=OwnState("5a1f", block),
        )

    def made(self) -> dict[str, str]:
        parts = (self.place / name for name in ("first", "second"))
        return {each.name: each.read_text() for each in parts if each.exists()}

    def mend(self, left: PurveyorError) -> None:
        """Do as the hint says."""
        command = re.search(r"`(.*?)`", left.hint)
        assert command is not None
        subprocess.run(
            [*("sh", "-c"), f"{command[1]} --clear-pending-creates --yes --non-interactive"],
            cwd=self.folder / "project",
            env={**self.environment, "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE},
            check=True,
            capture_output=True,
        )
