"""What is measured against what: compiled sources, an engine, a platform, modules, folders."""

from __future__ import annotations

import compileall
import contextlib
import itertools
import os
import resource
import shutil
import subprocess  # noqa: TID251 - both sides are timed by the same plain call
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import purveyor
from purveyor import json_text
from purveyor.engines.binary import find_engine
from purveyor.settings import read_settings
from purveyor.step import EngineRequirement

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from purveyor.json_text import JsonObject

LOCAL = """
variable "queue_name" { type = string }
resource "terraform_data" "queue" { input = var.queue_name }
output "queue_arn" { value = terraform_data.queue.output }
"""
AWS = """
terraform {
  required_providers { aws = { source = "registry.terraform.io/hashicorp/aws" } }
}
provider "aws" { region = "us-east-1" }
variable "queue_name" { type = string }
variable "visibility_timeout" {
  type    = number
  default = 30
}
resource "aws_sns_topic" "queue" {
  name_prefix = var.queue_name
  tags        = { timeout = var.visibility_timeout }
}
resource "aws_ssm_parameter" "queue" {
  name  = "/queues/${aws_sns_topic.queue.name}"
  type  = "String"
  value = "waits ${var.visibility_timeout} s"
}
output "queue_arn" { value = aws_sns_topic.queue.arn }
"""


@dataclass(frozen=True, slots=True)
class Cost:
    """Milliseconds on the wall, and of processors; the latter counts programs started below."""

    wall: float
    cpu: float

    def __add__(self, other: Cost) -> Cost:
        """Add up what was done one after the other."""
        return Cost(self.wall + other.wall, self.cpu + other.cpu)


@dataclass
class Stage:
    """A folder for everything, and the environment in which both sides run."""

    folder: Path
    environment: dict[str, str]
    engine: Path
    platform: subprocess.Popen[str]
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def time(
        self,
        argv: tuple[str, ...],
        *,
        cwd: Path | None = None,
        stdin: str = "",
        more: Mapping[str, str] | None = None,
    ) -> Cost:
        """Run a program to its end; return what it took. Exit when it fails."""
        began, used = time.perf_counter(), _cpu()
        done = subprocess.run(
            argv,
            cwd=cwd or self.folder,
            env={**self.environment, **(more or {})},
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
        )
        took = Cost((time.perf_counter() - began) * 1000, _cpu() - used)
        if done.returncode:
            sys.exit(f"{argv} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}")
        return took

    def call_engine(self, work: Path, *calls: str, more: Mapping[str, str]) -> Cost:
        """Call the engine once for each line of arguments; return what all took together."""
        took = Cost(0, 0)
        for call in calls:
            took += self.time((str(self.engine), *call.split()), cwd=work, more=more)
        return took

    def run_purveyor(
        self, notification: JsonObject, catalog: Path, more: Mapping[str, str]
    ) -> Cost:
        """Run one action as a pipeline would; return what it took."""
        argv = (sys.executable, "-m", "purveyor", "run", "--context", "-", "--catalog")
        text = json_text.write(notification)
        return self.time((*argv, str(catalog)), stdin=text, more=more)

    def order(self, service: str | None = None, **parameters: str | int) -> JsonObject:
        """Press a button on the platform; return the notification."""
        assert self.platform.stdin is not None  # noqa: S101 - opened with a pipe
        order = json_text.write({"service": service, "parameters": parameters})
        self.platform.stdin.write(f"{order}\n")
        self.platform.stdin.flush()
        return _read_line(self.platform)

    def lay_out(self, module: str, files: Mapping[str, str]) -> Path:
        """Make a fresh work directory with a module and more files."""
        work = self.folder / f"work-{next(self._numbers)}"
        work.mkdir()
        for name, text in {"main.tf": module, **files}.items():
            (work / name).write_text(text)
        return work


@contextlib.contextmanager
def set_up(folder: Path) -> Iterator[Stage]:
    """Compile the sources (an installed package is compiled, too), start the platform."""
    library = folder / "library"
    package = Path(purveyor.__file__).parent
    shutil.copytree(package, library / "purveyor", ignore=shutil.ignore_patterns("__pycache__"))
    compileall.compile_dir(library, quiet=2)
    engine = find_engine(EngineRequirement(""), read_settings()).path
    programs = folder / "programs"
    programs.mkdir()
    (programs / engine.name).symlink_to(engine)
    environment = {
        "PATH": f"{programs}{os.pathsep}/usr/bin:/bin",
        "HOME": str(folder),
        "PYTHONPATH": str(library),
        "PYTHONDONTWRITEBYTECODE": "1",
        "CHECKPOINT_DISABLE": "1",
    }
    platform = subprocess.Popen(
        (sys.executable, str(Path(__file__).with_name("run_platform.py"))),
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        reach = {name: str(value) for name, value in _read_line(platform).items()}
        yield Stage(folder, environment | reach, engine, platform)
    finally:
        platform.terminate()
        platform.wait()


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (used.ru_utime + used.ru_stime) * 1000


def _read_line(platform: subprocess.Popen[str]) -> JsonObject:
    assert platform.stdout is not None  # noqa: S101 - opened with a pipe
    document = json_text.parse(platform.stdout.readline())
    assert isinstance(document, dict)  # noqa: S101 - our own program wrote it
    return document
