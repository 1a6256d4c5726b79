"""The cases: what Purveyor does, and the bare or usual way to the same end beside it."""

from __future__ import annotations

import itertools
import sys
import time
from typing import TYPE_CHECKING

import click
from run_stage import AWS, LOCAL, Cost

from purveyor import json_text
from purveyor.cli import cli
from purveyor.notification import ContextSource, parse_notification, read_action

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from run_stage import Stage

    from moto_server import MotoServer
    from purveyor.json_text import JsonObject

Times = dict[str, Cost]
_PEERS = (
    "init -input=false",
    "plan -input=false -out=plan",
    "show -json plan",
    "apply -input=false plan",
    "output -json",
)
_BARE_UPDATE = ("init -input=false", "plan -input=false -out=plan", "apply -input=false plan")
_BARE_CREATE = ("init -input=false", "apply -input=false -auto-approve")
_CONTEXT_BYTES = 60_000
# What `purveyor --help` can be compared with: click alone, with as many commands.
_BARE_CLICK = """
import click
cli = click.Group("bare", help="A bare program.")
for number in range({commands}):
    cli.add_command(click.Command(f"command-{{number}}", help="Do one thing."))
cli()
"""


def time_starts(stage: Stage) -> Times:
    """Time the interpreter alone, click alone, and two commands that only print."""
    python, bare = (
        sys.executable,
        _BARE_CLICK.format(commands=len(cli.list_commands(click.Context(cli)))),
    )
    return {
        "python": stage.time((python, "-c", "pass")),
        "click": stage.time((python, "-c", bare, "--help")),
        "--version": stage.time((python, "-m", "purveyor", "--version")),
        "--help": stage.time((python, "-m", "purveyor", "--help")),
    }


def time_context(_stage: Stage) -> Times:
    """Time a CONTEXT of 60 kB, from its text to the checked action."""
    parameters: JsonObject = {f"key_{n}": {"text": "x" * 40, "number": n} for n in range(700)}
    service: JsonObject = {"id": "s1", "slug": "s", "specification": {"slug": "q"}}
    inner: JsonObject = {
        "id": "a1", "type": "create", "service": service, "parameters": parameters,
    }  # fmt: skip
    text = json_text.write({"notification": inner})
    assert len(text) >= _CONTEXT_BYTES * 0.9  # noqa: S101 - what the name says
    began, used = time.perf_counter(), time.process_time()
    read_action(parse_notification(ContextSource(text, "the benchmark")))
    wall, cpu = time.perf_counter() - began, time.process_time() - used
    return {"context": Cost(wall * 1000, cpu * 1000)}


class LocalStates:
    """A create with a local backend and a module without providers."""

    def __init__(self, stage: Stage) -> None:
        (stage.folder / "local" / "module").mkdir(parents=True)
        (stage.folder / "local" / "module" / "main.tf").write_text(LOCAL)
        self.catalog = stage.folder / "local"
        _write_catalog(self.catalog, "{type: local, path: states}")

    def time(self, stage: Stage) -> Times:
        """Time both sides once."""
        work = stage.lay_out(LOCAL, {"v.auto.tfvars.json": '{"queue_name": "q"}'})
        return {
            "bare": stage.call_engine(work, *_BARE_CREATE, more={}),
            "ours": stage.run_purveyor(stage.order(queue_name="q"), self.catalog, {}),
        }


class AwsStates:
    """A create and an update with S3, a lock file and the AWS provider."""

    def __init__(self, stage: Stage, moto: MotoServer, mirror: Path) -> None:
        moto.make_bucket("measured")
        (stage.folder / "aws" / "module").mkdir(parents=True)
        (stage.folder / "aws" / "module" / "main.tf").write_text(AWS)
        backend = "{type: s3, bucket: measured, region: us-east-1}"
        self.catalog = stage.folder / "aws"
        _write_catalog(self.catalog, backend)
        self.guarded = self.catalog / "guarded.yaml"
        _write_catalog(
            self.catalog, backend, name="guarded.yaml", guard=", guard: {protect: [aws_sns_topic]}"
        )
        config = stage.folder / "engine.tfrc"
        config.write_text(
            f'provider_installation {{\n  filesystem_mirror {{ path = "{mirror}" }}\n}}\n'
        )
        self.reach = moto.environment()
        self.bare = {**self.reach, "TF_CLI_CONFIG_FILE": str(config)}
        self.own = {**self.reach, "PURVEYOR_PLUGIN_MIRROR": str(mirror)}
        self.keys = itertools.count()

    def time(self, stage: Stage) -> Times:
        """Time all sides once, each with a state of its own."""
        times = {}
        for name, create, update in (
            ("bare", _BARE_CREATE, _BARE_UPDATE),
            ("peers", _PEERS, _PEERS),
        ):
            key = f"{name}-{next(self.keys)}"
            created = self._lay_out(stage, key, {"queue_name": "q"})
            times[f"create {name}"] = stage.call_engine(created, *create, more=self.bare)
            wanted: dict[str, str | int] = {"queue_name": "q", "visibility_timeout": 60}
            changed = self._lay_out(stage, key, wanted)
            times[f"update {name}"] = stage.call_engine(changed, *update, more=self.bare)
        asked = stage.order(queue_name="q")
        times["create ours"] = stage.run_purveyor(asked, self.catalog, self.own)
        asked = stage.order(_service(asked), visibility_timeout=60)
        times["update ours"] = stage.run_purveyor(asked, self.guarded, self.own)
        return times

    def _lay_out(self, stage: Stage, key: str, values: Mapping[str, str | int]) -> Path:
        backend = (
            'terraform {\n  backend "s3" {\n    bucket = "measured"\n    region = "us-east-1"\n'
            f'    key = "{key}"\n    use_lockfile = true\n    encrypt = true\n  }}\n}}\n'
        )
        files = {"backend.tf": backend, "v.auto.tfvars.json": json_text.write(dict(values))}
        return stage.lay_out(AWS, files)


def _write_catalog(
    folder: Path, backend: str, *, name: str = "purveyor.yaml", guard: str = ""
) -> None:
    service = f"{{module: module{guard}}}"
    text = f"version: 1\nbackend: {backend}\nservices:\n  sqs-queue: {service}\n"
    (folder / name).write_text(text)


def _service(notification: JsonObject) -> str:
    inner = notification["notification"]
    assert isinstance(inner, dict)  # noqa: S101 - the emulator's shape
    service = inner["service"]
    assert isinstance(service, dict)  # noqa: S101 - see above
    return str(service["id"])
