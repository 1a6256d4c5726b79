"""An engine in an account sees that account's login, and the state is still the run's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from azurite_server import ACCOUNT
from purveyor import json_text, process
from purveyor.backends import open_backend
from purveyor.catalog.backend import AzureBackendConfig
from purveyor.credentials import LOGINS, keep_for_state, narrow
from purveyor.errors import CredentialsError
from purveyor.settings import SETTINGS, Settings
from purveyor.state_key import StateKey
from purveyor.step import BackendBlock
from stub_answer import answering

if TYPE_CHECKING:
    from pathlib import Path

    from azurite_server import AzuriteServer

ROLE = {"AWS_ACCESS_KEY_ID": "ASIA", "AWS_SECRET_ACCESS_KEY": "s", "AWS_SESSION_TOKEN": "t"}
AZURE = BackendBlock("azurerm", {"container_name": "states"})
GOOGLE = BackendBlock("gcs", {"bucket": "states"})


def test_with_a_login_of_the_account_none_of_the_runner_s_stays() -> None:
    runner = dict.fromkeys(LOGINS, "the runner's") | {"PATH": "/bin", "ARM_ENVIRONMENT": "china"}
    seen = narrow(runner, ROLE)
    assert seen == ROLE | {"PATH": "/bin", "ARM_ENVIRONMENT": "china"}


def test_every_secret_of_a_cloud_that_purveyor_knows_is_a_login() -> None:
    clouds = ("AWS_", "ARM_", "GOOGLE_", "ACTIONS_", "SYSTEM_")
    secrets = {each.name for each in SETTINGS if each.secret and each.name.startswith(clouds)}
    assert secrets - LOGINS == set()


def test_without_a_login_the_runner_s_own_stay_but_for_those_of_accounts() -> None:
    runner = {"AWS_ACCESS_KEY_ID": "mine", "PROD_SECRET": "not yours"}
    region = {"AWS_REGION": "eu-west-1"}
    assert narrow(runner, region, withheld={"PROD_SECRET"}) == {
        "AWS_ACCESS_KEY_ID": "mine",
        "AWS_REGION": "eu-west-1",
    }


def kept(
    block: BackendBlock, tmp_path: Path, mine: dict[str, str], given: dict[str, str]
) -> BackendBlock:
    return keep_for_state(block, folder=tmp_path, settings=Settings(mine), given=given)


def test_a_storage_key_reaches_the_state_and_no_provider(tmp_path: Path) -> None:
    mine = {"ARM_ACCESS_KEY": "k", "ARM_CLIENT_ID": "mine", "ARM_CLIENT_SECRET": "mine"}
    assert kept(AZURE, tmp_path, mine, {"ARM_CLIENT_ID": "theirs"}).environment == {
        "ARM_ACCESS_KEY": "k"
    }


def test_two_proofs_for_azure_that_one_environment_cannot_hold_are_refused(tmp_path: Path) -> None:
    mine = {"ARM_CLIENT_ID": "mine", "ARM_TENANT_ID": "t", "ARM_CLIENT_SECRET": "one"}
    given = {"ARM_CLIENT_ID": "theirs", "ARM_CLIENT_SECRET": "other"}
    with pytest.raises(CredentialsError) as caught:
        kept(AZURE, tmp_path, mine, given)
    assert caught.value.details == ("ARM_CLIENT_SECRET",)


def test_google_s_state_login_goes_through_variables_that_only_the_backend_reads(
    tmp_path: Path,
) -> None:
    mine = {"GOOGLE_CREDENTIALS": "{mine}", "GOOGLE_ENCRYPTION_KEY": "k"}
    given = {"GOOGLE_APPLICATION_CREDENTIALS": "theirs.json"}
    assert kept(GOOGLE, tmp_path, mine, given).environment == {
        "GOOGLE_BACKEND_CREDENTIALS": "{mine}",
        "GOOGLE_ENCRYPTION_KEY": "k",
    }


@pytest.mark.parametrize("mine", [{"GOOGLE_OAUTH_ACCESS_TOKEN": "t"}, {}])
def test_a_google_login_that_the_module_would_get_too_is_refused(
    tmp_path: Path, mine: dict[str, str]
) -> None:
    with pytest.raises(CredentialsError):
        kept(GOOGLE, tmp_path, mine, {"GOOGLE_APPLICATION_CREDENTIALS": "theirs.json"})
    assert kept(GOOGLE, tmp_path, mine, ROLE).environment == mine


def identity(digit: str) -> dict[str, str]:
    names = ("ARM_CLIENT_ID", "ARM_TENANT_ID", "ARM_SUBSCRIPTION_ID")
    number = "-".join(digit * length for length in (8, 4, 4, 4, 12))
    return {"ARM_USE_OIDC": "true", **dict.fromkeys(names, number)}


def test_the_engine_reaches_the_state_as_the_run_while_the_account_stands_in_its_environment(
    azurite: AzuriteServer,
    clean_environment: dict[str, str],
    terraform: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, text in azurite.way().items():
        monkeypatch.setenv(name, text)
    azurite.make_container("two-identities")
    config = AzureBackendConfig(type="azurerm", account=ACCOUNT, container="two-identities")
    (tmp_path / "main.tf").write_text('resource "terraform_data" "x" {}\n')
    with answering(json_text.write({"value": "a.b.c"}).encode()) as url:
        asking = {"ARM_OIDC_REQUEST_URL": url, "ARM_OIDC_REQUEST_TOKEN": "ask"}
        mine = {
            **clean_environment,
            **azurite.way(),
            **asking,
            **identity("1"),
        }
        given = asking | identity("9")
        settings = Settings(mine)
        key = StateKey("services/5a1f/x.tfstate", exists=False)
        plain = open_backend(config, root=tmp_path, settings=settings).block(key)
        block = keep_for_state(plain, folder=tmp_path, settings=settings, given=given)
        override = {"terraform": {"backend": {block.type: dict(block.arguments)}}}
        (tmp_path / "backend_override.tf.json").write_text(json_text.write(override))
        environment = {**narrow(mine, given), **block.environment}
        del azurite.logins[:]
        for words in (["init"], ["apply", "-auto-approve"]):
            argv = (str(terraform), *words, "-no-color", "-input=false")
            done = process.run(process.Command(argv, tmp_path, environment), timeout=60)
            assert done.code == 0, done.stdout + done.stderr
    assert {each["client_id"] for each in azurite.logins} == {mine["ARM_CLIENT_ID"]}
    assert all(mine["ARM_TENANT_ID"] in each["path"] for each in azurite.logins)
