"""How long a login lasts, whether it can be had again, and what a run says of it."""

from __future__ import annotations

import base64
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from moto_server import REGION, MotoServer, run_moto
from purveyor import json_text
from purveyor.backends import open_backend
from purveyor.catalog import load_catalog
from purveyor.catalog.backend import S3BackendConfig
from purveyor.credentials import LONG_APPLY, AccountCredentials, assume, log_in, warn_of_short
from purveyor.credentials.model import as_text
from purveyor.errors import CredentialsError, ReasonCode
from purveyor.settings import Settings
from purveyor.state_key import StateKey
from stub_answer import answering

if TYPE_CHECKING:
    from collections.abc import Iterator

SPOKE = "arn:aws:iam::222222222222:role/spoke"
AZURE = "client_id: c, tenant_id: t, subscription_id: s"
PROVIDER = "projects/1/locations/global/workloadIdentityPools/ci/providers/github"
TOKEN = "eyJhbGciOiJub25lIn0.e30."
AT_ONE = 1767229200.0


@pytest.fixture(scope="module")
def moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MotoServer]:
    with run_moto(tmp_path_factory.mktemp("moto")) as server:
        yield server


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "private"
    made.mkdir()
    return made


def enter(
    tmp_path: Path, folder: Path, keys: str, environment: dict[str, str]
) -> AccountCredentials:
    path = tmp_path / "purveyor.yaml"
    path.write_text(f"version: 1\naccounts:\n  - {{match: {{}}, {keys}}}\n")
    return log_in(
        load_catalog(path).choose_account({}),
        settings=Settings(environment),
        session_name="6b8e",
        folder=folder,
    )


@pytest.mark.parametrize(
    ("left", "limit", "words"),
    [
        (LONG_APPLY, None, ""),
        (LONG_APPLY - 60, None, "account's login ends in 44 min and cannot be renewed"),
        (LONG_APPLY, 7200.0, "the run may take 2 h"),
        (600.0, 300.0, ""),
    ],
)
def test_credentials_that_end_before_the_run_may_are_told(
    left: float, limit: float | None, words: str
) -> None:
    given = AccountCredentials({}, (), "2026-01-01T01:00:00Z")
    said = warn_of_short(given, AT_ONE - left, settings=Settings({}), limit=limit)
    assert (words in said) if words else said == ""
    endless = AccountCredentials({}, (), "")
    assert warn_of_short(endless, AT_ONE, settings=Settings({})) == ""


@pytest.mark.parametrize(("token", "end"), [("t", "2026-01-01T01:00:00Z"), ("", "junk"), ("t", "")])
def test_the_run_s_own_session_is_told_when_it_is_known_to_end(token: str, end: str) -> None:
    own = Settings({"AWS_SESSION_TOKEN": token, "AWS_CREDENTIAL_EXPIRATION": end})
    said = warn_of_short(AccountCredentials({}, (), ""), AT_ONE - 60, settings=own)
    known = bool(token) and end.startswith("2026")
    assert ("The run's own AWS login ends in 1 min" in said) is known


def test_a_role_lasts_as_long_as_the_session_or_the_token_that_it_is_taken_on_with(
    moto: MotoServer, clean_environment: dict[str, str], tmp_path: Path, folder: Path
) -> None:
    ends = int(time.time()) + 9000
    own = {"AWS_SESSION_TOKEN": "t", "AWS_CREDENTIAL_EXPIRATION": as_text(ends)}
    environment = clean_environment | moto.environment()
    given = enter(tmp_path, folder, f"role_arn: '{SPOKE}'", environment | own)
    assert given.expires == as_text(ends)
    keys = f"role_arn: '{SPOKE}', web_identity: {{token_from: ID}}"
    given = enter(tmp_path, folder, keys, environment | {"ID": token_until(ends)})
    assert given.expires == as_text(ends)
    given = enter(tmp_path, folder, keys, environment | {"ID": token_until(ends - 8000)})
    assert given.expires > as_text(time.time() + 3000), "the session that was got lasts longer"


def token_until(ends: float) -> str:
    """Return a token that says when it ends."""
    claims = base64.urlsafe_b64encode(json_text.write({"exp": int(ends)}).encode()).decode()
    return f"eyJhbGciOiJub25lIn0.{claims.rstrip('=')}."


def test_a_long_lived_token_renews_azure_s_login_for_as_long(tmp_path: Path, folder: Path) -> None:
    ends = time.time() + 9000
    keys = f"azure: {{{AZURE}, token_from: ID}}"
    given = enter(tmp_path, folder, keys, {"ID": token_until(ends)})
    assert (given.expires, given.notes) == (as_text(ends), ())
    given = enter(tmp_path, folder, keys, {"ID": token_until(ends - 8000)})
    assert (given.expires, len(given.notes)) == ("", 1)


def test_azure_pipelines_token_is_asked_for_and_kept_fresh_where_nobody_else_can(
    tmp_path: Path, folder: Path
) -> None:
    answer = json_text.write({"oidcToken": TOKEN}).encode()
    with answering(answer) as url:
        asking = {
            "SYSTEM_OIDCREQUESTURI": f"{url}/oidctoken",
            "SYSTEM_ACCESSTOKEN": "of-the-job",
            "ARM_ADO_PIPELINE_SERVICE_CONNECTION_ID": "c0",
        }
        given = enter(tmp_path, folder, f"google: {{provider: '{PROVIDER}'}}", asking)
        (kept,) = given.kept
        assert kept.fetch().text == TOKEN
    assert TOKEN in given.secrets
    assert (kept.path.stat().st_mode & 0o777, kept.path.read_text()) == (0o600, TOKEN)
    document = Path(given.environment["GOOGLE_APPLICATION_CREDENTIALS"]).read_text()
    assert f'"file": "{kept.path}"' in document
    assert 0 < kept.first.ends - time.time() <= 600


def test_a_login_that_is_over_when_it_is_given_is_told_as_expired(
    moto: MotoServer,
    clean_environment: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given = {"Version": 1, "AccessKeyId": "A", "SecretAccessKey": "s", "SessionToken": "t"}
    (tmp_path / "session").write_text(
        json_text.write({**given, "Expiration": "2020-01-01T00:00:00Z"})
    )
    config = tmp_path / "config"
    config.write_text(f"[profile over]\ncredential_process = cat {tmp_path}/session\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    settings = Settings(
        clean_environment | {"AWS_ENDPOINT_URL": moto.url} | {"AWS_PROFILE": "over"}
    )
    backend = open_backend(
        S3BackendConfig(type="s3", bucket="platform-states", region=REGION),
        root=tmp_path,
        settings=settings,
    )
    with pytest.raises(CredentialsError) as caught:
        backend.access(StateKey("services/5a1f/orders.tfstate", exists=False)).read()
    assert caught.value.reason is ReasonCode.CREDENTIALS_EXPIRED
    with pytest.raises(CredentialsError) as caught:
        assume(SPOKE, settings=settings, region=REGION, session_name="a")
    assert caught.value.reason is ReasonCode.CREDENTIALS_EXPIRED
