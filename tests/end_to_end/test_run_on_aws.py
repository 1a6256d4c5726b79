"""The AWS example catalog from create to delete: real provider, moto for AWS.

The database's instance itself is stood in for by a parameter of SSM: the provider watches a new
instance for more than 90 seconds (measured), whatever the cloud answers. All else is the example's.
"""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from moto_server import MotoServer, run_moto
from pipeline import Pipeline, action_id
from purveyor import json_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from purveyor.json_text import JsonObject
    from purveyor_emulator import Emulator

pytestmark = [
    pytest.mark.engine,
    pytest.mark.one_engine,
    pytest.mark.aws_provider,
    pytest.mark.slow,
]
EXAMPLE = Path(__file__).parents[2] / "examples" / "catalog-aws"
INSTANCE = re.compile(r'resource "aws_db_instance" "main" {\n.*?\n}\n', re.DOTALL)
STAND_IN = """
resource "aws_ssm_parameter" "main" {
  name  = "/databases/${local.identifier}"
  type  = "SecureString"
  value = aws_secretsmanager_secret_version.admin.secret_string
  tags  = { storage_gb = var.storage_gb }
}
"""
ENGINE = 'engine: {name: opentofu, version: ">= 1.9"}\n'


@pytest.fixture
def moto(tmp_path: Path) -> Iterator[MotoServer]:
    with run_moto(tmp_path) as server:
        server.make_bucket("acme-tfstate")
        yield server


@pytest.fixture
def on_aws(
    emulator: Emulator,
    environment: dict[str, str],
    moto: MotoServer,
    plugin_mirror: Path,
    tmp_path: Path,
) -> Pipeline:
    catalog = Path(shutil.copytree(EXAMPLE, tmp_path / "aws"))
    text = (catalog / "purveyor.yaml").read_text()
    assert ENGINE in text
    (catalog / "purveyor.yaml").write_text(text.replace(ENGINE, ""))
    module = catalog / "modules" / "mysql-database"
    main, count = INSTANCE.subn(lambda _: STAND_IN, (module / "main.tf").read_text())
    assert count == 1
    (module / "main.tf").write_text(main)
    outputs = (module / "outputs.tf").read_text()
    outputs = outputs.replace(
        "aws_db_instance.main.address", '"${local.identifier}.rds.example.com"'
    )
    (module / "outputs.tf").write_text(outputs.replace("aws_db_instance.main.port", "3306"))
    # The action's program needs a python3 that has botocore.
    path = f"{Path(sys.executable).parent}:{environment['PATH']}"
    reach = {**moto.environment(), "PURVEYOR_PLUGIN_MIRROR": str(plugin_mirror), "PATH": path}
    return Pipeline(catalog, {**environment, **reach}, emulator)


def succeed(pipeline: Pipeline, notification: JsonObject) -> None:
    done = pipeline.run(notification)
    assert (done.code, done.outcome["platform_heard"]) == (0, True), done.stderr
    assert pipeline.emulator is not None
    assert pipeline.emulator.action(action_id(notification))["status"] == "success"


@pytest.mark.timeout(300)
def test_a_mysql_database_and_its_user_live_and_die(
    on_aws: Pipeline, emulator: Emulator, moto: MotoServer
) -> None:
    service = str(emulator.create_service("mysql-database", name="orders")["id"])
    succeed(on_aws, emulator.request_action(service, "create", {"database_name": "orders"}))
    password = str(emulator.secret("service", service, "password"))
    assert len(password) == 32

    link = str(emulator.create_link(service, name="checkout")["id"])
    succeed(on_aws, emulator.request_action(link, "create", {"username": "checkout"}))
    asked = emulator.request_action(link, "get-credentials")
    succeed(on_aws, asked)
    results = emulator.action(action_id(asked))["results"]
    assert isinstance(results, dict)
    assert (results["username"], results["port"]) == ("checkout", 3306)
    sent = emulator.requests(method="PATCH", path=f"/link/{link}/action/{action_id(asked)}")
    told = json_text.write(sent)
    assert str(emulator.secret("link", link, "password")) not in told
    assert "X-Amz-Expires=900" in told  # a token of RDS, which ends

    listed = moto.s3().list_objects_v2(Bucket="acme-tfstate", Prefix="services/services/")
    (state,) = [each["Key"] for each in listed["Contents"]]
    assert state == f"services/services/{service}/orders.tfstate"

    succeed(on_aws, emulator.request_action(link, "delete"))
    succeed(on_aws, emulator.request_action(service, "delete"))
    assert emulator.entity("service", service)["status"] == "deleted"
