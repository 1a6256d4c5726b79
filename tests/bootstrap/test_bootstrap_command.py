"""`purveyor state bootstrap` as a person calls it."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import pytest

from purveyor import json_text
from warm_commands import run_command

if TYPE_CHECKING:
    import subprocess  # noqa: TID251 - for the type
    from pathlib import Path

    from moto_server import MotoServer

HUB = "arn:aws:iam::111111111111:role/hub"
ACCOUNTS = f"""accounts:
  - {{match: {{}}, role_arn: 'arn:aws:iam::222222222222:role/spoke', through: ['{HUB}']}}
  - {{match: {{a: b}}, role_arn: 'arn:aws:iam::333333333333:role/other', web_identity: {{}}}}
"""


class Command:
    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder = folder
        self.environment = environment

    def write(self, backend: str, more: str = "") -> None:
        (self.folder / "purveyor.yaml").write_text(f"version: 1\nbackend: {backend}\n{more}")

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return run_command("state", "bootstrap", *arguments, cwd=self.folder, env=self.environment)

    def told(self, *arguments: str) -> Any:
        done = self.run("--json", *arguments)
        assert done.returncode == 0, done.stderr
        return json_text.parse(done.stdout)


@pytest.fixture
def command(tmp_path: Path, clean_environment: dict[str, str]) -> Command:
    return Command(tmp_path, clean_environment)


def test_the_changes_are_told_made_and_gone(command: Command) -> None:
    command.write("{type: local, path: states}")
    assert command.told("--dry-run")["changes"] == 1
    assert not (command.folder / "states").exists()
    done = command.run()
    assert done.stdout.startswith("folder\tmissing\t")
    assert "1 changes made" in done.stderr
    assert (command.folder / "states").is_dir()
    assert command.told()["changes"] == 0


def test_a_bucket_is_set_up_by_the_real_command(command: Command, moto: MotoServer) -> None:
    name = f"states-{uuid.uuid4().hex[:12]}"
    command.write(f"{{type: s3, bucket: {name}, region: us-east-1}}")
    command.environment |= moto.environment()
    told = command.told()
    assert told["backend"] == "s3"
    assert {each["what"] for each in told["measures"] if each["change"]} >= {"bucket"}
    assert moto.s3().get_bucket_versioning(Bucket=name)["Status"] == "Enabled"


def test_policies_are_printed_without_asking_any_cloud(command: Command) -> None:
    command.write(
        "{type: s3, bucket: acme, region: cn-north-1, prefix: team, lock: both, table: locks,"
        " kms_key: 5a1f}",
        ACCOUNTS,
    )
    policies = {each["command"]: each["policy"] for each in command.told("--policies")}
    run = {each["Sid"]: each for each in policies["run"]["Statement"]}
    assert run["FindStates"]["Resource"] == ["arn:aws-cn:s3:::acme"]
    assert run["UseStates"]["Resource"] == ["arn:aws-cn:s3:::acme/team/*"]
    assert run["UseLocks"]["Resource"] == ["arn:aws-cn:dynamodb:cn-north-1:*:table/locks"]
    assert run["UseTheKey"]["Resource"] == ["arn:aws-cn:kms:cn-north-1:*:key/5a1f"]
    # The second role of a chain, and one that a token opens, are not the run's own to take on.
    assert run["TakeOnRoles"]["Resource"] == [HUB]
    bootstrap = str(policies["state bootstrap"])
    assert "s3:GetObject'" not in bootstrap
    assert "s3:PutBucketPolicy" in bootstrap
    actions = [a for p in policies.values() for s in p["Statement"] for a in s["Action"]]
    assert not any(each.endswith(":*") for each in actions)


@pytest.mark.parametrize(
    ("backend", "words"),
    [
        ("{type: azurerm, account: acmestates, container: states}", "Storage Blob Data Contrib"),
        ("{type: gcs, bucket: acme-states}", "roles/storage.objectUser"),
        ("{type: pg, schema_name: states}", 'GRANT USAGE ON SCHEMA "states" TO "runner"'),
        ("{type: consul, address: 'http://127.0.0.1:8500'}", "no rights of its own"),
    ],
)
def test_rights_elsewhere_are_told_in_that_place_s_words(
    command: Command, backend: str, words: str
) -> None:
    command.write(backend)
    done = command.run("--policies", "--grant-to", "runner")
    assert done.returncode == 0, done.stderr
    assert words in done.stdout
