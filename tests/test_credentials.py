"""Roles are taken on for one action; states are still reached by the run itself."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

from moto_server import REGION, MotoServer, Request, run_moto
from purveyor import json_text, process
from purveyor.backends import open_backend
from purveyor.catalog.backend import S3BackendConfig
from purveyor.cloud import aws
from purveyor.credentials import STATE_PROFILE, assume, keep_for_state, name_session
from purveyor.errors import CredentialsError, ReasonCode
from purveyor.settings import Settings
from purveyor.state_key import StateKey
from purveyor.step import BackendBlock
from purveyor.transport.errors import FailureKind
from stub_answer import answering

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from purveyor.engines.binary.model import EngineBinary

ROLE = "arn:aws:iam::111111111111:role/provisioner"
BUCKET = "platform-states"
KEY = StateKey("services/5a1f/orders.tfstate", exists=False)
# Shows whose key a program inside the module gets to see.
MODULE = """
resource "terraform_data" "who" {
  provisioner "local-exec" {
    command = "printf %s \\"$AWS_ACCESS_KEY_ID\\" > who"
  }
}
"""
TEMPORARY = {
    "Code": "Success",
    "Type": "AWS-HMAC",
    "AccessKeyId": "ROLEKEY",
    "SecretAccessKey": "secret of ROLEKEY",
    "Token": "token of ROLEKEY",
    "Expiration": "2099-01-01T00:00:00Z",
    "LastUpdated": "2026-01-01T00:00:00Z",
}


@pytest.fixture(scope="module")
def moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MotoServer]:
    with run_moto(tmp_path_factory.mktemp("moto")) as server:
        server.make_bucket(BUCKET)
        yield server


@pytest.fixture
def ambient(moto: MotoServer, clean_environment: dict[str, str]) -> dict[str, str]:
    return clean_environment | moto.environment()


def test_a_role_is_taken_on_by_the_run_itself_and_named_after_the_action(
    moto: MotoServer, ambient: dict[str, str]
) -> None:
    with moto.recording() as requests:
        given = assume(
            ROLE,
            settings=Settings(ambient),
            region="eu-west-1",
            session_name="6b8e/1 x",
            external_id="acme",
            session_seconds=1800,
        )
    (request,) = requests
    assert request.access_key == "AMBIENT"
    assert "RoleSessionName=purveyor-6b8e-1-x&" in request.body
    assert "ExternalId=acme" in request.body
    assert "DurationSeconds=1800" in request.body
    assert given.environment["AWS_ACCESS_KEY_ID"].startswith("ASIA")
    assert given.environment["AWS_REGION"] == "eu-west-1"
    assert given.environment["AWS_CREDENTIAL_EXPIRATION"] == given.expires
    assert set(given.secrets) == {
        given.environment["AWS_SECRET_ACCESS_KEY"],
        given.environment["AWS_SESSION_TOKEN"],
    }
    assert not any(secret in repr(given) for secret in given.secrets)


def test_without_a_region_the_module_keeps_its_own(ambient: dict[str, str]) -> None:
    given = assume(ROLE, settings=Settings(ambient), region=None, session_name="a")
    assert "AWS_REGION" not in given.environment


@pytest.mark.parametrize("text", ["", "a", "Ä/\n${x}", "x" * 200])
def test_a_session_name_is_always_one_that_sts_takes(text: str) -> None:
    name = name_session(text)
    assert 2 <= len(name) <= 64
    assert name.isascii()
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+=,.@-")


def test_long_session_names_stay_different() -> None:
    assert name_session("x" * 200 + "1") != name_session("x" * 200 + "2")


@pytest.mark.parametrize(
    ("code", "reason", "word"),
    [
        ("AccessDenied", ReasonCode.PERMISSION_DENIED, "trust policy"),
        ("ExpiredToken", ReasonCode.CREDENTIALS_EXPIRED, "longer session"),
        ("InvalidClientTokenId", ReasonCode.CREDENTIALS_INVALID, "login"),
        ("SignatureDoesNotMatch", ReasonCode.CREDENTIALS_INVALID, "login"),
        ("ValidationError", ReasonCode.CREDENTIALS_INVALID, "platform team"),
        ("ServiceUnavailable", ReasonCode.PROVIDER_UNAVAILABLE, "run the action again"),
    ],
)
def test_each_refusal_by_sts_says_who_can_mend_it(
    clean_environment: dict[str, str], code: str, reason: ReasonCode, word: str
) -> None:
    answer = (
        f"<ErrorResponse><Error><Code>{code}</Code><Message>No.</Message></Error></ErrorResponse>"
    )
    with answering(answer.encode(), status=503 if "Unavailable" in code else 400) as url:
        settings = Settings(clean_environment | MotoServer(url).environment())
        with pytest.raises(CredentialsError) as caught:
            assume(ROLE, settings=settings, region=REGION, session_name="a")
    assert caught.value.reason is reason
    assert word in caught.value.hint
    assert ROLE in caught.value.message
    assert code in caught.value.details[0]
    assert "secret of" not in str(caught.value.details)


def test_an_sts_that_does_not_answer_is_no_fault_of_the_credentials(
    clean_environment: dict[str, str],
) -> None:
    settings = Settings(clean_environment | MotoServer("http://127.0.0.1:1").environment())
    with pytest.raises(CredentialsError) as caught:
        assume(ROLE, settings=settings, region=REGION, session_name="a")
    assert caught.value.reason is ReasonCode.PROVIDER_UNAVAILABLE


def test_a_gateways_page_is_no_fault_of_a_login(clean_environment: dict[str, str]) -> None:
    with answering(b"<!doctype html>", status=400) as url:
        settings = Settings(clean_environment | MotoServer(url).environment())
        with pytest.raises(CredentialsError) as told:
            assume(ROLE, settings=settings, region=REGION, session_name="a")
    assert told.value.reason is ReasonCode.PROVIDER_UNAVAILABLE


def test_a_run_without_credentials_is_told_to_log_in(
    clean_environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(CredentialsError) as caught:
        assume(ROLE, settings=Settings(clean_environment), region=REGION, session_name="a")
    assert "no AWS credentials" in caught.value.message


def test_a_profile_that_does_not_exist_is_named(clean_environment: dict[str, str]) -> None:
    settings = Settings(clean_environment | {"AWS_PROFILE": "nobody"})
    with pytest.raises(CredentialsError) as caught:
        assume(ROLE, settings=settings, region=REGION, session_name="a")
    assert "nobody" in caught.value.details[0]


@pytest.mark.parametrize("error", [ClientError({}, "X"), ValueError("x")])
def test_what_is_not_known_is_said_to_be_unknown(error: Exception) -> None:
    assert aws.classify(error).kind is FailureKind.OTHER


def test_static_keys_reach_the_state_while_the_module_has_the_role(
    moto: MotoServer, ambient: dict[str, str], engine: EngineBinary, tmp_path: Path
) -> None:
    who, requests = run_with_role(moto, ambient, engine, tmp_path)
    assert who.startswith("ASIA")
    assert signers(requests) == {"AMBIENT"}


def test_a_web_identity_reaches_the_state_while_the_module_has_the_role(
    moto: MotoServer, ambient: dict[str, str], engine: EngineBinary, tmp_path: Path
) -> None:
    token = tmp_path / "token"
    token.write_text("eyJhbGciOiJub25lIn0.e30.")
    mine = without_keys(ambient) | {
        "AWS_WEB_IDENTITY_TOKEN_FILE": str(token),
        "AWS_ROLE_ARN": "arn:aws:iam::222222222222:role/pipeline",
        "AWS_ENDPOINT_URL_STS": moto.url,
    }
    who, requests = run_with_role(moto, ambient, engine, tmp_path, mine=mine)
    assert any("AssumeRoleWithWebIdentity" in each.body for each in requests)
    assert signers(requests)
    assert not signers(requests) & {who, "AMBIENT"}


def test_a_container_s_role_reaches_the_state_while_the_module_has_the_role(
    moto: MotoServer, ambient: dict[str, str], engine: EngineBinary, tmp_path: Path
) -> None:
    with answering(json_text.write(TEMPORARY).encode()) as url:
        mine = without_keys(ambient) | {"AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{url}/creds"}
        _, requests = run_with_role(moto, ambient, engine, tmp_path, mine=mine)
    assert signers(requests) == {"ROLEKEY"}


def test_an_instance_s_role_reaches_the_state_while_the_module_has_the_role(
    moto: MotoServer, ambient: dict[str, str], engine: EngineBinary, tmp_path: Path
) -> None:
    with answering(json_text.write(TEMPORARY).encode()) as url:
        mine = without_keys(ambient) | {"AWS_EC2_METADATA_SERVICE_ENDPOINT": url}
        _, requests = run_with_role(moto, ambient, engine, tmp_path, mine=mine)
    assert signers(requests) == {"ROLEKEY"}


def test_a_profile_reaches_the_state_while_the_module_has_the_role(
    moto: MotoServer, ambient: dict[str, str], engine: EngineBinary, tmp_path: Path
) -> None:
    files = tmp_path / "credentials"
    files.write_text("[ours]\naws_access_key_id = PROFILED\naws_secret_access_key = s\n")
    mine = without_keys(ambient) | {
        "AWS_PROFILE": "ours",
        "AWS_SHARED_CREDENTIALS_FILE": str(files),
    }
    _, requests = run_with_role(moto, ambient, engine, tmp_path, mine=mine)
    assert signers(requests) == {"PROFILED"}


def test_the_files_are_private_and_the_block_holds_no_secret(
    ambient: dict[str, str], tmp_path: Path
) -> None:
    settings = Settings(ambient | {"AWS_SESSION_TOKEN": "a-session"})
    block = BackendBlock("s3", {"bucket": BUCKET})
    keep_for_state(block, folder=tmp_path, settings=settings)
    kept = keep_for_state(block, folder=tmp_path, settings=settings)
    files = [path for path in tmp_path.iterdir() if path.is_file()]
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    assert "aws_session_token = a-session" in (tmp_path / "state-credentials").read_text()
    assert kept.arguments["profile"] == STATE_PROFILE
    assert kept.arguments["bucket"] == BUCKET
    assert "secret of" not in json_text.write(dict(kept.arguments))


def test_a_key_with_a_line_break_is_refused_before_it_becomes_two_settings(
    ambient: dict[str, str], tmp_path: Path
) -> None:
    settings = Settings(ambient | {"AWS_SECRET_ACCESS_KEY": "half\ncredential_process = id"})
    with pytest.raises(CredentialsError) as caught:
        keep_for_state(BackendBlock("s3", {}), folder=tmp_path, settings=settings)
    assert "half" not in str(caught.value.message)


def test_a_backend_that_is_not_in_aws_stays_as_it_is(tmp_path: Path) -> None:
    block = BackendBlock("local", {"path": "x"})
    assert keep_for_state(block, folder=tmp_path, settings=Settings({})) is block
    assert list(tmp_path.iterdir()) == []


def run_with_role(
    moto: MotoServer,
    ambient: Mapping[str, str],
    engine: EngineBinary,
    tmp_path: Path,
    *,
    mine: Mapping[str, str] | None = None,
) -> tuple[str, list[Request]]:
    """Apply a module with a role; return the key it saw, and the engine's requests for the state.

    `mine` is the run's environment when it has no static keys.
    """
    settings = Settings(mine or ambient)
    given = assume(ROLE, settings=Settings(ambient), region=REGION, session_name="a")
    folder = tmp_path / "work"
    folder.mkdir()
    config = S3BackendConfig(type="s3", bucket=BUCKET, region=REGION)
    backend = open_backend(config, root=tmp_path, settings=settings)
    block = keep_for_state(backend.block(KEY), folder=tmp_path, settings=settings)
    (folder / "main.tf").write_text(MODULE)
    override = {"terraform": {"backend": {block.type: dict(block.arguments)}}}
    (folder / "backend_override.tf.json").write_text(json_text.write(override))
    environment = settings.for_children() | dict(given.environment)
    with moto.recording() as requests:
        for words in (["init"], ["apply", "-auto-approve"], ["destroy", "-auto-approve"]):
            argv = (str(engine.path), *words, "-no-color", "-input=false")
            done = process.run(process.Command(argv, folder, environment), timeout=60)
            assert done.code == 0, done.stdout + done.stderr
    assert given.environment["AWS_ACCESS_KEY_ID"] == (folder / "who").read_text()
    states = [each for each in requests if KEY.path in each.path]
    assert len(states) >= 3
    return (folder / "who").read_text(), requests


def signers(requests: list[Request]) -> set[str]:
    return {each.access_key for each in requests if each.access_key}


def without_keys(environment: Mapping[str, str]) -> dict[str, str]:
    keys = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
    return {name: value for name, value in environment.items() if name not in keys}
