"""Accounts are logged in to as the catalog says; what they need stands in names, never values."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from google.auth import identity_pool

from moto_server import MotoServer, run_moto
from purveyor import json_text, process
from purveyor.catalog import load_catalog
from purveyor.credentials import AccountCredentials, log_in
from purveyor.errors import CatalogError, CredentialsError
from purveyor.settings import Settings
from stub_answer import answering

if TYPE_CHECKING:
    from collections.abc import Iterator

    from purveyor.catalog.recipe import Account

HUB = "arn:aws:iam::111111111111:role/hub"
SPOKE = "arn:aws:iam::222222222222:role/spoke"
TOKEN = "eyJhbGciOiJub25lIn0.e30."
KEYS = "keys: {access_key_from: PROD_ID, secret_key_from: PROD_SECRET}"
PROVIDER = "projects/1/locations/global/workloadIdentityPools/ci/providers/github"


@pytest.fixture(scope="module")
def moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MotoServer]:
    with run_moto(tmp_path_factory.mktemp("moto")) as server:
        yield server


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "private"
    made.mkdir()
    return made


def account(tmp_path: Path, keys: str) -> Account:
    """Read an account as a catalog has it."""
    path = tmp_path / "purveyor.yaml"
    path.write_text(f"version: 1\naccounts:\n  - {{match: {{}}, {keys}}}\n")
    return load_catalog(path).choose_account({})


def enter(
    tmp_path: Path, folder: Path, keys: str, environment: dict[str, str]
) -> AccountCredentials:
    return log_in(
        account(tmp_path, keys),
        settings=Settings(environment),
        session_name="6b8e",
        folder=folder,
    )


def session_of(given: AccountCredentials) -> dict[str, object]:
    """Return what the profile's program prints."""
    config = Path(given.environment["AWS_CONFIG_FILE"]).read_text()
    assert config.startswith(f"[profile {given.environment['AWS_PROFILE']}]\n")
    program = config.partition("credential_process = ")[2].strip()
    done = process.run(process.Command(("/bin/sh", "-c", program), Path("/"), {}))
    printed = json_text.parse(done.stdout)
    assert isinstance(printed, dict)
    return dict(printed)


def test_each_role_of_a_chain_is_taken_on_from_the_one_before(
    moto: MotoServer, clean_environment: dict[str, str], tmp_path: Path, folder: Path
) -> None:
    keys = f"role_arn: '{SPOKE}', through: ['{HUB}'], external_id: acme, session_seconds: 1800"
    with moto.recording() as requests:
        given = enter(tmp_path, folder, keys, clean_environment | moto.environment())
    first, second = requests
    assert first.access_key == "AMBIENT"
    assert "hub" in first.body
    assert "ExternalId" not in first.body
    assert second.access_key.startswith("ASIA")
    assert "spoke" in second.body
    assert "ExternalId=acme" in second.body
    assert "DurationSeconds=1800" in second.body
    assert session_of(given)["AccessKeyId"] not in {"AMBIENT", second.access_key}
    assert given.expires == "", "it can be taken on again"


@pytest.mark.parametrize("way", ["variable", "file", "github"])
def test_a_role_is_taken_on_with_an_identity_token_and_no_key(
    moto: MotoServer, clean_environment: dict[str, str], tmp_path: Path, folder: Path, way: str
) -> None:
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    source = {"variable": "token_from: ID", "file": f"token_file: '{tmp_path}/token'"}.get(way, "")
    environment = clean_environment | {"AWS_ENDPOINT_URL": moto.url, "ID": TOKEN}
    with answering(json_text.write({"value": TOKEN}).encode()) as url, moto.recording() as seen:
        environment |= {
            "ACTIONS_ID_TOKEN_REQUEST_URL": f"{url}/?v=1",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "ask",
        }
        keys = f"role_arn: '{SPOKE}', web_identity: {{{source}}}"
        given = enter(tmp_path, folder, keys, environment)
    (request,) = seen
    assert request.access_key == ""
    assert "AssumeRoleWithWebIdentity" in request.body
    assert f"WebIdentityToken={TOKEN}" in request.body
    assert session_of(given)["SessionToken"] in given.secrets


def test_a_refusal_that_quotes_the_token_is_told_without_it(
    clean_environment: dict[str, str], tmp_path: Path, folder: Path
) -> None:
    error = f"<Code>ValidationError</Code><Message>Value '{TOKEN}' is too long</Message>"
    body = f"<ErrorResponse><Error>{error}</Error></ErrorResponse>".encode()
    keys = f"role_arn: '{SPOKE}', web_identity: {{token_from: ID}}"
    with answering(body, status=400) as url, pytest.raises(CredentialsError) as caught:
        enter(tmp_path, folder, keys, {**clean_environment, "AWS_ENDPOINT_URL": url, "ID": TOKEN})
    (detail,) = caught.value.details
    assert "ValidationError" in detail
    assert TOKEN[:20] not in detail


def test_keys_come_from_the_variables_that_the_catalog_names(
    moto: MotoServer, clean_environment: dict[str, str], tmp_path: Path, folder: Path
) -> None:
    environment = clean_environment | moto.environment()
    environment |= {"PROD_ID": "PRODKEY", "PROD_SECRET": "prod secret"}
    alone = enter(tmp_path, folder, KEYS, environment)
    assert alone.environment["AWS_ACCESS_KEY_ID"] == "PRODKEY"
    assert alone.secrets == ("prod secret",)
    assert alone.expires == ""
    with moto.recording() as requests:
        enter(tmp_path, folder, f"{KEYS}, role_arn: '{SPOKE}'", environment)
    assert [each.access_key for each in requests] == ["PRODKEY"]


@pytest.mark.parametrize(
    ("keys", "missing"),
    [
        (KEYS, "PROD_ID"),
        (f"role_arn: '{SPOKE}', web_identity: {{token_from: ID}}", "ID"),
        (f"google: {{provider: '{PROVIDER}', token_from: ID}}", "ID"),
        ("google: {credentials_from: KEY}", "KEY"),
        ("azure: {client_id: c, tenant_id: t, subscription_id: s, client_secret_from: S}", "S"),
    ],
)
def test_a_named_variable_that_is_not_set_is_told_by_its_name(
    tmp_path: Path, folder: Path, keys: str, missing: str
) -> None:
    for nothing in ("", " \n"):
        with pytest.raises(CredentialsError) as caught:
            enter(tmp_path, folder, keys, {missing: nothing})
        assert f"variable {missing}," in caught.value.message


@pytest.mark.parametrize(
    "keys",
    [
        f"role_arn: '{SPOKE}', web_identity: {{}}",
        f"google: {{provider: '{PROVIDER}'}}",
        "azure: {client_id: c, tenant_id: t, subscription_id: s}",
    ],
)
def test_where_the_ci_gives_no_token_the_next_step_is_told(
    tmp_path: Path, folder: Path, keys: str
) -> None:
    with pytest.raises(CredentialsError) as caught:
        enter(tmp_path, folder, keys, {})
    assert "id-token: write" in caught.value.hint


def mode(path: str) -> int:
    return stat.S_IMODE(Path(path).stat().st_mode)


AZURE = "client_id: c, tenant_id: t, subscription_id: s"


def test_an_azure_identity_gets_its_token_in_a_private_file(tmp_path: Path, folder: Path) -> None:
    keys = f"azure: {{{AZURE}, token_from: ID}}"
    given = enter(tmp_path, folder, keys, {"ID": TOKEN, "ARM_CLIENT_ID": "the run's"})
    path = given.environment["ARM_OIDC_TOKEN_FILE_PATH"]
    assert mode(path) == 0o600
    assert (given.environment["ARM_CLIENT_ID"], given.environment["ARM_USE_OIDC"]) == ("c", "true")
    assert given.environment["ARM_SUBSCRIPTION_ID"] == "s"
    assert TOKEN in given.secrets
    assert "cannot be renewed" in given.notes[0]


def test_azure_s_provider_asks_github_itself_as_often_as_it_needs(
    tmp_path: Path, folder: Path
) -> None:
    asking = {
        "ACTIONS_ID_TOKEN_REQUEST_URL": "https://ci.example.com/?v=1",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "ask",
    }
    given = enter(tmp_path, folder, f"azure: {{{AZURE}}}", asking)
    assert given.environment["ARM_OIDC_REQUEST_URL"] == "https://ci.example.com/?v=1"
    assert given.environment["ARM_OIDC_REQUEST_TOKEN"] == "ask"
    assert given.notes == ()


def test_an_azure_secret_is_passed_under_azure_s_name(tmp_path: Path, folder: Path) -> None:
    keys = f"azure: {{{AZURE}, client_secret_from: S}}"
    given = enter(tmp_path, folder, keys, {"S": "hunter2!"})
    assert given.environment["ARM_CLIENT_SECRET"] == "hunter2!"
    assert "ARM_USE_OIDC" not in given.environment


def test_google_s_own_library_reads_the_federated_login(tmp_path: Path, folder: Path) -> None:
    robot = "robot@acme.iam.gserviceaccount.com"
    keys = f"google: {{provider: '{PROVIDER}', service_account: {robot}, project: acme}}"
    asking = {
        "ACTIONS_ID_TOKEN_REQUEST_URL": "https://ci.example.com/?v=1",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "ask",
    }
    given = enter(tmp_path, folder, f"{keys}, region: europe-west1", asking)
    path = given.environment["GOOGLE_APPLICATION_CREDENTIALS"]
    assert mode(path) == 0o600
    assert given.environment["GOOGLE_PROJECT"] == "acme"
    assert given.environment["GOOGLE_REGION"] == "europe-west1"
    assert "ask" in given.secrets
    document = json_text.parse(Path(path).read_text())
    assert isinstance(document, dict)
    credentials = identity_pool.Credentials.from_info(document)
    assert credentials.service_account_email == robot
    source = document["credential_source"]
    assert isinstance(source, dict)
    assert "audience=https%3A%2F%2Fiam.googleapis.com%2Fprojects" in str(source["url"])


def test_a_service_account_alone_is_acted_as_from_the_run_s_own_login(
    tmp_path: Path, folder: Path
) -> None:
    keys = "google: {service_account: robot@acme.iam.gserviceaccount.com}"
    given = enter(tmp_path, folder, keys, {"GOOGLE_CREDENTIALS": "{}"})
    assert given.environment == {
        "GOOGLE_CREDENTIALS": "{}",
        "GOOGLE_IMPERSONATE_SERVICE_ACCOUNT": "robot@acme.iam.gserviceaccount.com",
    }


def test_a_region_alone_is_passed_on_without_any_login(tmp_path: Path, folder: Path) -> None:
    given = enter(tmp_path, folder, "region: eu-west-1", {})
    assert given.environment == {"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-west-1"}


def test_what_logs_in_to_any_account_is_withheld_from_each(tmp_path: Path) -> None:
    both = (
        f"match: {{a: b}}, {KEYS}}}\n  - {{match: {{}}, azure: {{{AZURE}, client_secret_from: S}}"
    )
    path = tmp_path / "purveyor.yaml"
    path.write_text(f"version: 1\naccounts:\n  - {{{both}}}\n")
    catalog = load_catalog(path)
    names = {"PROD_ID", "PROD_SECRET", "S"}
    assert catalog.choose_account({}).withheld == names
    assert catalog.choose_account({"a": "b"}).withheld == names


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        (f"through: ['{HUB}']", "need `role_arn`"),
        ("web_identity: {}", "need `role_arn`"),
        (f"role_arn: '{SPOKE}', through: ['{HUB}'], session_seconds: 7200", "3600 seconds"),
        (f"role_arn: '{SPOKE}', web_identity: {{token_from: A, token_file: b}}", "exclude"),
        (f"role_arn: '{SPOKE}', web_identity: {{}}, external_id: x", "no use"),
        (f"role_arn: '{SPOKE}', web_identity: {{}}, {KEYS}", "exclude"),
        ("keys: {access_key_from: A}", "secret_key_from"),
        ("google: {project: acme}", "needs `provider`"),
        ("google: {credentials_from: A, service_account: b}", "stands alone"),
        ("azure: {client_id: c}", "tenant_id"),
    ],
)
def test_a_login_that_cannot_be_is_refused_with_its_place(
    tmp_path: Path, keys: str, words: str
) -> None:
    with pytest.raises(CatalogError) as caught:
        account(tmp_path, keys)
    assert any(words in each for each in caught.value.details)
    assert all(each.startswith("purveyor.yaml:3:") for each in caught.value.details)
