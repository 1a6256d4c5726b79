"""A custom action's program gets an account's role in the way that fits how long it may work."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from moto_server import REGION, MotoServer, run_moto

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pipeline import Finished, Pipeline
    from purveyor.emulator import Emulator

pytestmark = [pytest.mark.engine, pytest.mark.one_engine]
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


@pytest.fixture(scope="module")
def moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MotoServer]:
    with run_moto(tmp_path_factory.mktemp("moto")) as server:
        yield server


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
