"""Runs workflows with act in host mode, as GitHub's runner would."""

from __future__ import annotations

import json  # noqa: TID251 - act's own lines
import shutil
import subprocess  # noqa: TID251 - starts act
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

SHA = "0" * 40
STAND_IN = Path(__file__).parent / "runner_bash.py"
PYTHON = Path(sys.executable).resolve()


@dataclass(frozen=True, slots=True)
class Ran:
    """What act told: one document a line."""

    code: int
    lines: list[dict[str, Any]]
    stderr: str

    @property
    def job(self) -> str:
        """How the jobs ended."""
        results = {line["jobResult"] for line in self.lines if "jobResult" in line}
        return "+".join(sorted(results)) or "none"

    @property
    def log(self) -> str:
        """All that was printed."""
        return "\n".join(str(line.get("msg", "")) for line in self.lines) + self.stderr


@dataclass(frozen=True, slots=True)
class ActRunner:
    """One runner: its workspace, our action's folder, and what the environment holds."""

    act: Path
    folder: Path
    workspace: Path
    action: Path
    environment: Mapping[str, str]
    mapped: tuple[str, ...] = field(default=())

    def start(
        self,
        event: Mapping[str, Any],
        *,
        secrets: Mapping[str, str],
        variables: Mapping[str, str] | None = None,
    ) -> subprocess.Popen[str]:
        """Start the workflow in `.github/workflows/used.yml`, dispatched with `event`."""
        event_file = self.folder / "event.json"
        event_file.write_text(json.dumps(event), "utf-8")
        command = [str(self.act), "--no-cache-server", "--json", "--rm"]
        command += ["--action-cache-path", str(self.folder / "actions")]
        command += ["-P", "ubuntu-24.04=-self-hosted", "-s", "GITHUB_TOKEN=token"]
        for name, value in secrets.items():
            command += ["-s", f"{name}={value}"]
        for name, value in (variables or {}).items():
            command += ["--var", f"{name}={value}"]
        command += ["workflow_dispatch", "-W", ".github/workflows/used.yml", "-e", str(event_file)]
        for name in (f"acme/purveyor@{SHA}", *self.mapped):
            command += ["--local-repository", f"{name}={self.action}"]
        for name, value in (("GITHUB_REPOSITORY", "acme/catalog"), ("GITHUB_RUN_ID", "4711")):
            command += ["--env", f"{name}={value}"]
        return subprocess.Popen(
            command,
            cwd=self.workspace,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, event: Mapping[str, Any], *, secrets: Mapping[str, str]) -> Ran:
        """Run to the end."""
        return finish(self.start(event, secrets=secrets))

    def _environment(self) -> dict[str, str]:
        bin_folder = self.folder / "bin"
        if not bin_folder.exists():
            bin_folder.mkdir()
            stand_in = bin_folder / "bash"
            stand_in.write_text(f'#!/bin/sh\nexec {PYTHON} -I {STAND_IN} "$@"\n')
            stand_in.chmod(0o755)
        return {
            **self.environment,
            "PATH": f"{bin_folder}:{PYTHON.parent}:{self.environment['PATH']}",
            "RUNNER_REAL_BASH": shutil.which("bash") or "/bin/bash",
            "RUNNER_STAND_IN": str(self.folder),
            "ACT_DISABLE_VERSION_CHECK": "1",
        }


def finish(child: subprocess.Popen[str], seconds: float = 90) -> Ran:
    """Wait for act and read what it told."""
    stdout, stderr = child.communicate(timeout=seconds)
    lines = [json.loads(line) for line in stdout.splitlines() if line.startswith("{")]
    return Ran(child.returncode, lines, stderr)


def make_repository(folder: Path) -> None:
    """Make a folder a repository with one commit: act asks for its HEAD."""
    author = ["-c", "user.name=Acme", "-c", "user.email=acme@example.com"]
    for arguments in (
        ["init", "-q", "-b", "main"],
        ["add", "."],
        [*author, "commit", "-q", "-m", "Catalog"],
        ["remote", "add", "origin", "https://github.com/acme/catalog.git"],
    ):
        command = [shutil.which("git") or "git", *arguments]
        subprocess.run(command, cwd=folder, check=True)
