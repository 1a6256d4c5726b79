"""A stack by the real Pulumi: whose lock is waited for, what a guard refuses, which login fails."""

from __future__ import annotations

import dataclasses
import os
import socket
import stat
import tempfile
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from purveyor import json_text
from purveyor.action import Operation
from purveyor.engines.pulumi import PulumiEngine, session
from purveyor.errors import CatalogError, CredentialsError, GuardError, StateLockedError
from purveyor.plan import Guard
from purveyor.process import Interruption
from purveyor.program import PulumiProject
from purveyor.redaction import Redactor
from purveyor.step import BackendBlock, LockAwaited, OwnState, Step
from real_programs import LEFT_OUT

if TYPE_CHECKING:
    from minio_server import MinioServer
    from purveyor.json_text import JsonObject
    from purveyor.lock import Lock
    from purveyor.step import StepEvent, StepResult
    from real_programs import RealPrograms

PASSWORD = "c4nary-pass"
PROGRAM = """
name: thing
runtime: yaml
config: {name: {type: string}, password: {type: string, secret: true}}
resources:
  thing:
    type: x:Thing
    properties: {folder: PLACE, name: "${name}", text: made, password: "${password}"}
outputs: {name: "${thing.name}", nested: {token: "${thing.token}", plain: [1, true]}}
"""


class Stack:
    """A project, its state, and what is heard of it."""

    def __init__(self, folder: Path, pulumi: Path) -> None:
        self.folder, self.place = folder, folder / "place"
        (folder / "project").mkdir()
        self.place.mkdir()
        program = PROGRAM.replace("PLACE", str(self.place))
        (folder / "project/Pulumi.yaml").write_text(program)
        self.environment = {"PATH": f"{pulumi.parent}:/usr/bin:/bin", "HOME": str(folder)}
        self.project = PulumiProject(folder / "project", folder)
        self.passphrase: str | None = "open sesame"
        block = BackendBlock("local", {"path": str(folder / "state.tfstate")})
        self.own = OwnState("5a1f", block, lock_timeout=0.0)
        self.guard = Guard()
        self.heard: list[StepEvent] = []
        self.redactor = Redactor()

    def run(self, operation: Operation = Operation.CREATE, **variables: str) -> StepResult:
        engine = PulumiEngine(self.project, self.redactor, passphrase=self.passphrase)
        workspace = Path(tempfile.mkdtemp(dir=self.folder))
        step = Step(
            operation=operation,
            workspace=workspace,
            module=self.folder,
            variables={"variables": {"name": "one", "password": PASSWORD, **variables}},
            environment=self.environment,
            interruption=Interruption(),
            own_state=self.own,
            guard=self.guard,
        )
        return engine.run(step, self.heard.append)

    def lock(self, pid: int, host: str) -> Path:
        """Leave a lock as Pulumi does."""
        content = {
            "pid": pid,
            "username": "ada",
            "hostname": host,
            "timestamp": datetime.now(UTC).isoformat(),
        }
        path = self.folder / "state/.pulumi/locks/organization/thing/5a1f/8f0c.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json_text.write(content))
        return path


@pytest.fixture
def stack(tmp_path: Path, real: RealPrograms) -> Stack:
    if real.pulumi is None:
        pytest.skip(f"{LEFT_OUT}no Pulumi")
    return Stack(tmp_path, real.pulumi)


@pytest.mark.slow
def test_a_lock_is_cancelled_only_when_its_run_is_certainly_over(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack.run()
    assert stat.S_IMODE((stack.folder / "state").stat().st_mode) == 0o700
    lost: list[Lock] = []

    def is_lost(lock: Lock) -> bool:
        lost.append(lock)
        return True

    path = stack.lock(4242, "elsewhere")
    with pytest.raises(StateLockedError, match=r"locked by ada@elsewhere \(pid 4242\)") as caught:
        stack.run()
    assert "pulumi cancel --stack 5a1f" in caught.value.hint
    assert f"'file://{stack.folder}/state'" in caught.value.hint

    stack.own = dataclasses.replace(stack.own, is_lost=is_lost)
    stack.run()
    assert (lost[0].id, lost[0].who) == ("8f0c", "ada@elsewhere")
    assert not path.exists()

    # A program that lives here holds its lock, whatever the journal says of its run.
    monkeypatch.setattr(session, "NAP", 0.01)
    stack.own = dataclasses.replace(stack.own, lock_timeout=0.5)
    stack.lock(os.getpid(), socket.gethostname())
    with pytest.raises(StateLockedError):
        stack.run()
    assert any(isinstance(each, LockAwaited) for each in stack.heard)


@pytest.mark.slow
def test_a_guard_refuses_an_update_before_anything_changes(stack: Stack) -> None:
    stack.run()
    stack.guard = Guard(("x:index:Thing::thing",))
    with pytest.raises(GuardError, match="would replace") as caught:
        stack.run(Operation.UPDATE, name="two")
    assert "forced by name" in caught.value.details[0]
    assert [each.name for each in stack.place.iterdir()] == ["one"]

    stack.guard = Guard(("x:index:Other",))
    assert [each.verb for each in stack.run(Operation.UPDATE, name="two").changes] == ["replace"]
    assert [each.name for each in stack.place.iterdir()] == ["two"]


@pytest.mark.slow
def test_what_is_declared_secret_is_encrypted_and_marked_however_deep(stack: Stack) -> None:
    outputs = stack.run().outputs
    assert outputs["name"].sensitive is False
    nested = outputs["nested"]
    assert nested.sensitive
    assert nested.value == {"token": "c4nary-m4de-ssap-yran4c", "plain": [1, True]}
    assert stack.redactor.redact("c4nary-m4de-ssap-yran4c") == "***"
    kept = "".join(each.read_text() for each in (stack.folder / "state").rglob("*.json"))
    assert "c4nary" not in kept


@pytest.mark.slow
def test_another_passphrase_is_told(stack: Stack) -> None:
    stack.run()
    stack.passphrase = "sesame, open"
    with pytest.raises(CredentialsError, match="is not the passphrase of the stack 5a1f"):
        stack.run()


@pytest.mark.slow
def test_a_stack_in_a_bucket_is_reached_by_the_runs_login_and_not_by_the_accounts(
    stack: Stack, minio: MinioServer, tmp_path: Path
) -> None:
    minio.make_bucket(bucket := f"states-{uuid.uuid4().hex[:8]}")
    key, secret = minio.environment().values()
    own = tmp_path / "own"
    own.write_text(
        f"[purveyor-state]\naws_access_key_id = {key}\naws_secret_access_key = {secret}\n"
    )
    said: JsonObject = {
        "bucket": bucket,
        "key": "team/pulumi/services/5a1f/thing.tfstate",
        "region": "us-east-1",
        "endpoints": {"s3": minio.url},
        "use_path_style": True,
        "profile": "purveyor-state",
        "shared_credentials_files": [str(own)],
    }
    stack.own = dataclasses.replace(stack.own, block=BackendBlock("s3", said))
    stack.environment |= {"AWS_ACCESS_KEY_ID": "account", "AWS_SECRET_ACCESS_KEY": "theirs"}
    stack.run()
    listed = minio.s3().list_objects_v2(Bucket=bucket)["Contents"]
    assert "team/pulumi/services/5a1f/thing/.pulumi/stacks/thing/5a1f.json" in [
        each["Key"] for each in listed
    ]


def test_a_missing_passphrase_is_told_before_pulumi_starts(stack: Stack) -> None:
    stack.passphrase = None
    stack.project = dataclasses.replace(stack.project, passphrase_from="TEAM_PASSPHRASE")
    with pytest.raises(CredentialsError, match="TEAM_PASSPHRASE is not set"):
        stack.run()


def test_a_missing_program_is_told(stack: Stack) -> None:
    stack.environment["PATH"] = "/nowhere"
    with pytest.raises(CatalogError, match="pulumi is not on PATH"):
        stack.run()


def test_a_folder_without_a_project_is_told(stack: Stack) -> None:
    (stack.folder / "project/Pulumi.yaml").write_text("runtime: yaml\n")
    with pytest.raises(CatalogError, match=r"no Pulumi\.yaml with a `name`"):
        stack.run()
