"""Programs in an account: a custom action's gets keys or a profile, a provider a further role."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from moto_server import REGION, MotoServer, run_moto

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pipeline import Finished, Pipeline
    from purveyor_emulator import Emulator

pytestmark = pytest.mark.engine
CATALOG = """version: 1
accounts:
  - match: {{}}
    role_arn: arn:aws:iam::222222222222:role/provisioner
    region: {region}
services:
  mysql-database:
    links:
      database-user:
        actions:
          get-credentials:
            run: [sh, -c, 'env >{seen}; echo $AWS_SECRET_ACCESS_KEY; echo {{}} >$PURVEYOR_RESULT']
            timeout: {timeout}
"""
MODULE = """
terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}
provider "aws" {
  assume_role {
    role_arn = "arn:aws:iam::333333333333:role/inner"
  }
}
variable "queue_name" { type = string }
resource "aws_ssm_parameter" "one" {
  name  = "/${var.queue_name}"
  type  = "String"
  value = var.queue_name
}
"""


@pytest.fixture(scope="module")
def moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MotoServer]:
    with run_moto(tmp_path_factory.mktemp("moto")) as server:
        yield server


@pytest.mark.one_engine
@pytest.mark.parametrize(("timeout", "as_keys"), [(600, True), (3600, False)])
def test_a_program_finds_keys_when_they_outlast_it_and_else_a_profile(
    pipeline: Pipeline,
    emulator: Emulator,
    moto: MotoServer,
    tmp_path: Path,
    timeout: int,
    *,
    as_keys: bool,
) -> None:
    seen = tmp_path / "seen"
    text = CATALOG.format(region=REGION, seen=seen, timeout=timeout)
    (pipeline.catalog / "purveyor.yaml").write_text(text)
    done = press(pipeline, emulator, moto)
    assert done.code == 0, done.stderr
    inside = dict(line.split("=", 1) for line in seen.read_text().splitlines() if "=" in line)
    assert ("AWS_ACCESS_KEY_ID" in inside) is as_keys
    assert ("AWS_PROFILE" in inside) is not as_keys
    assert inside["AWS_REGION"] == REGION
    assert inside["AWS_CONFIG_FILE"].endswith("account-config"), "the runner's own is not there"
    if as_keys:
        assert inside["AWS_ACCESS_KEY_ID"].startswith("ASIA")
        assert inside["AWS_SECRET_ACCESS_KEY"] not in done.stdout + done.stderr
        assert inside["AWS_SESSION_TOKEN"]


def press(pipeline: Pipeline, emulator: Emulator, moto: MotoServer) -> Finished:
    """Press the button of a link that nobody has built yet."""
    service = str(emulator.create_service("mysql-database", name="orders-db")["id"])
    link = str(emulator.create_link(service, name="checkout-orders")["id"])
    return pipeline.run(emulator.request_action(link, "get-credentials"), **moto.environment())


@pytest.mark.no_gate
@pytest.mark.slow
@pytest.mark.aws_provider
def test_a_module_s_provider_takes_on_a_further_role_from_the_account_s(
    pipeline: Pipeline, emulator: Emulator, moto: MotoServer, plugin_mirror: Path
) -> None:
    folder = pipeline.catalog / "modules" / "sqs-queue"
    for each in folder.glob("*.tf"):
        each.unlink()
    (folder / "main.tf").write_text(MODULE)
    text = CATALOG.format(region=REGION, seen="x", timeout=1)
    (pipeline.catalog / "purveyor.yaml").write_text(text)
    service = str(emulator.create_service("sqs-queue", name="orders")["id"])
    environ = {**moto.environment(), "PURVEYOR_PLUGIN_MIRROR": str(plugin_mirror)}
    with moto.recording() as requests:
        asked = emulator.request_action(service, "create", {"queue_name": service})
        done = pipeline.run(asked, **environ)
    assert done.code == 0, done.stderr
    first, *further = [each for each in requests if "Action=AssumeRole" in each.body]
    assert first.access_key == "AMBIENT"
    assert further
    assert all("inner" in each.body and each.access_key.startswith("ASIA") for each in further)
    written = [each.access_key for each in requests if "PutParameter" in each.target]
    assert written
    assert not {"AMBIENT", further[0].access_key} & set(written)
