"""A stand-in for Azure's agent: what it puts into a step's environment, and how it cancels a step.

Written after the agent's sources (Variables.cs, VarUtil.cs, TaskRunner.cs, ProcessInvoker.cs) as
far as they meet us: variables are expanded at the job's start, one that holds a secret becomes
secret and is kept from the environment, and a cancelled step's process gets SIGINT, later SIGTERM.
"""

from __future__ import annotations

import re
import subprocess  # noqa: TID251 - node is started as the agent starts it
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import yaml

if TYPE_CHECKING:
    from pathlib import Path

_MACRO = re.compile(r"\$\(([A-Za-z][\w.]*)\)")
_PARAMETER = re.compile(r"\$\{\{ parameters(?:\.(\w+)|\['([\w-]+)'\]) \}\}")


@dataclass(frozen=True, slots=True)
class Agent:
    """Runs the template's bash step in a job's workspace."""

    template: Path
    workspace: Path
    task: Path
    task_lib: Path
    environment: dict[str, str]
    parameters: dict[str, str]
    secrets: dict[str, str] = field(default_factory=dict)

    def start(self, **variables: str) -> subprocess.Popen[str]:
        """Start the step with these pipeline variables; raise OSError when the kernel refuses."""
        step = self._step()
        script = self.workspace / "step.sh"
        script.write_text(str(step["bash"]))
        known = {
            "Pipeline.Workspace": str(self.workspace),
            "Agent.TempDirectory": str(self.workspace / "temp"),
            **variables,
        }
        folder = self._expand(str(step["workingDirectory"]), known)
        return subprocess.Popen(
            ["node", str(self.task), str(self.task_lib), str(script), folder],  # noqa: S607 - on PATH
            env=self._step_environment(step, known),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def _step(self) -> dict[str, object]:
        document = yaml.safe_load(self.template.read_text())
        step, *_finish = (
            each for each in document["steps"] if isinstance(each, dict) and "bash" in each
        )
        self.parameters.update(
            {
                each["name"]: str(each["default"])
                for each in document.get("parameters", [])
                if "default" in each and each["name"] not in self.parameters
            }
        )
        return dict(step)

    def _step_environment(
        self, step: dict[str, object], variables: dict[str, str]
    ) -> dict[str, str]:
        found = {**self.environment, "TF_BUILD": "True", "AGENT_TEMPDIRECTORY": ""}
        for name, value in variables.items():
            if not self._is_spliced(value):
                found[name.upper().replace(".", "_")] = self._expand(value, variables)
        mapped = step["env"]
        assert isinstance(mapped, dict)
        for name, value in mapped.items():
            given = _PARAMETER.sub(lambda m: self.parameters[m[1] or m[2]], str(value))
            found[name] = self._expand(given, {**variables, **self.secrets})
        return found

    def _is_spliced(self, value: str) -> bool:
        return any(name in self.secrets for name in _MACRO.findall(value))

    def _expand(self, text: str, variables: dict[str, str]) -> str:
        return _MACRO.sub(lambda m: variables.get(m[1], m[0]), text)
