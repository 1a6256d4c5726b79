"""A module built in an account sees that account's login and none of the runner's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pipeline import Pipeline

if TYPE_CHECKING:
    from pathlib import Path

    from purveyor_emulator import Emulator

pytestmark = [pytest.mark.engine, pytest.mark.one_engine]
CATALOG = """version: 1
accounts:
  - match: {}
    keys: {access_key_from: PROD_ID, secret_key_from: PROD_SECRET}
    region: eu-west-1
  - match: {environment: elsewhere}
    azure: {client_id: c, tenant_id: t, subscription_id: s, client_secret_from: OTHER_SECRET}
"""
RUNNER = {
    "AWS_ACCESS_KEY_ID": "RUNNER",
    "AWS_SECRET_ACCESS_KEY": "the runner's own",
    "AWS_PROFILE": "runner",
    "GOOGLE_CREDENTIALS": "{}",
    "ARM_CLIENT_SECRET": "the runner's azure",
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "the runner's token",
    "PROD_ID": "PRODKEY",
    "PROD_SECRET": "production's secret",
    "OTHER_SECRET": "another account's secret",
}


@pytest.mark.no_gate
def test_only_the_account_s_login_is_in_the_module_s_environment(
    pipeline: Pipeline, emulator: Emulator, tmp_path: Path
) -> None:
    (pipeline.catalog / "purveyor.yaml").write_text(CATALOG)
    seen = tmp_path / "seen"
    (pipeline.catalog / "modules/sqs-queue/program.tf").write_text(
        'resource "terraform_data" "program" {\n'
        f'  provisioner "local-exec" {{ command = "env > {seen}" }}\n'
        "}\n"
    )
    service = str(emulator.create_service("sqs-queue", name="orders")["id"])
    asked = emulator.request_action(service, "create", {"queue_name": "orders"})
    environment = {**pipeline.environment, **RUNNER}
    done = Pipeline(pipeline.catalog, environment, pipeline.emulator).run(asked)
    assert done.code == 0, done.stderr

    text = seen.read_text()
    inside = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
    assert inside["AWS_ACCESS_KEY_ID"] == "PRODKEY"
    assert inside["AWS_SECRET_ACCESS_KEY"] == "production's secret"
    assert inside["AWS_REGION"] == "eu-west-1"
    assert set(RUNNER) & set(inside) == {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}
    for foreign in ("runner's", "another account's"):
        assert foreign not in text
    for secret in ("production's secret", "another account's secret"):
        assert secret not in done.stdout + done.stderr
