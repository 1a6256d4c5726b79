"""States in S3: few requests, every refusal explained, the engine told the right things."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from backend_fixtures import MODULE, Place, Workbench, entity
from records_fixtures import refusals_of

from moto_server import REGION, MotoServer
from purveyor.backends import open_backend
from purveyor.catalog.backend import S3BackendConfig
from purveyor.errors import CredentialsError, PurveyorError, ReasonCode, RecoveryError
from purveyor.settings import Settings
from purveyor.state_key import StateKey
from stub_answer import answering

if TYPE_CHECKING:
    from pathlib import Path

    from purveyor.backends import Backend
    from purveyor.engines.binary.model import EngineBinary

MOST_REQUESTS = 4
KEY = StateKey("services/5a1f/x.tfstate", exists=True)
IN_S3 = pytest.mark.parametrize("place", ["lockfile", "dynamodb", "both"], indirect=True)
IN_LOCKFILE = pytest.mark.parametrize("place", ["lockfile"], indirect=True)


def config(**changes: str) -> S3BackendConfig:
    return S3BackendConfig.model_validate(
        {"type": "s3", "bucket": "acme-states", "region": REGION} | changes
    )


def backend_at(url: str, environment: dict[str, str], root: Path, **changes: str) -> Backend:
    settings = Settings(environment | MotoServer(url).environment())
    return open_backend(config(**changes), root=root, settings=settings)


@IN_S3
def test_a_create_takes_two_requests_and_a_delete_four(place: Place, moto: MotoServer) -> None:
    backend = place.backend
    with moto.recording() as creating:
        key = backend.locate(entity())
        backend.block(key)
        backend.access(key).read()
    place.put(key.path, "{}")
    with moto.recording() as deleting:
        key = backend.locate(entity())
        with pytest.raises(RecoveryError):
            backend.access(key).read()
        backend.remove(key)
    assert len(creating) == 2
    assert len(deleting) == MOST_REQUESTS
    assert key.path not in place.paths()


@IN_S3
def test_looking_for_the_holder_takes_a_request_for_each_lock(
    place: Place, moto: MotoServer
) -> None:
    with moto.recording() as requests:
        assert place.backend.access(KEY).holder() is None
    assert len(requests) == (2 if place.name == "both" else 1)


@IN_LOCKFILE
def test_a_removed_state_s_versions_are_kept(
    bench: Workbench, place: Place, moto: MotoServer
) -> None:
    key = place.backend.locate(entity())
    bench.apply(key)
    place.backend.remove(key)
    bucket = str(place.backend.block(key).arguments["bucket"])
    versions = moto.s3().list_object_versions(Bucket=bucket, Prefix=f"team/a/{key.path}")
    states = [each for each in versions["Versions"] if each["Key"].endswith(".tfstate")]
    assert states


@IN_LOCKFILE
def test_a_folder_marker_is_no_state(place: Place) -> None:
    place.put("services/5a1f/", "")
    place.put("services/5a1f/old.tfstate/", "")
    assert place.backend.locate(entity()).exists is False


@pytest.mark.long
@pytest.mark.slow
@IN_LOCKFILE
def test_more_than_a_thousand_neighbours_hide_no_state(place: Place, moto: MotoServer) -> None:
    s3 = moto.s3()
    bucket = str(place.backend.block(KEY).arguments["bucket"])
    for number in range(1001):
        s3.put_object(Bucket=bucket, Key=f"team/a/services/5a1f/{number:04}.backup", Body=b"")
    place.put(KEY.path, "{}")
    assert place.backend.locate(entity()) == KEY


def answer(code: str) -> bytes:
    return f"<Error><Code>{code}</Code><Message>No.</Message></Error>".encode()


@pytest.mark.parametrize(
    "refusal",
    [
        (403, "AccessDenied", ReasonCode.PERMISSION_DENIED, "not allowed"),
        (403, "Strange", ReasonCode.PERMISSION_DENIED, "not allowed"),
        (403, "InvalidAccessKeyId", ReasonCode.CREDENTIALS_INVALID, "does not accept"),
        (403, "SignatureDoesNotMatch", ReasonCode.CREDENTIALS_INVALID, "does not accept"),
        (403, "RequestTimeTooSkewed", ReasonCode.CREDENTIALS_INVALID, "does not accept"),
        (400, "ExpiredToken", ReasonCode.CREDENTIALS_EXPIRED, "expired"),
        (404, "NoSuchBucket", ReasonCode.STATE_UNREADABLE, "does not exist"),
        (301, "PermanentRedirect", ReasonCode.STATE_UNREADABLE, "another region"),
        (501, "NotImplemented", ReasonCode.STATE_UNREADABLE, "refuses"),
    ],
)
def test_a_refusal_is_explained_and_is_never_no_state(
    clean_environment: dict[str, str],
    tmp_path: Path,
    refusal: tuple[int, str, ReasonCode, str],
) -> None:
    status, code, reason, word = refusal
    with answering(answer(code), status=status) as url:
        backend = backend_at(url, clean_environment, tmp_path)
        for attempt in (
            lambda: backend.locate(entity()),
            lambda: backend.access(KEY).read(),
            lambda: backend.access(KEY).holder(),
            lambda: backend.remove(KEY),
        ):
            with pytest.raises(PurveyorError) as caught:
                attempt()
            assert caught.value.reason is reason
            assert word in caught.value.message
            assert "acme-states" in caught.value.message
            assert code in caught.value.details[0]
            assert "secret of" not in f"{caught.value.message}{caught.value.details}"


@pytest.mark.parametrize("region", ["eu-west-3", ""])
def test_a_bucket_elsewhere_is_told_with_its_name_whether_the_store_names_its_region_or_not(
    clean_environment: dict[str, str], tmp_path: Path, region: str
) -> None:
    with answering(answer("PermanentRedirect"), status=301, region=region) as url:
        backend = backend_at(url, clean_environment, tmp_path)
        with pytest.raises(RecoveryError) as caught:
            backend.locate(entity())
    assert f"in another region than {REGION}" in caught.value.message
    assert "s3://acme-states/" in caught.value.message
    assert "`backend.region`" in caught.value.hint


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", ""])
def test_a_store_that_does_not_answer_is_never_no_state(
    clean_environment: dict[str, str], tmp_path: Path, url: str
) -> None:
    with answering(answer("SlowDown"), status=503) as busy:
        backend = backend_at(url or busy, clean_environment, tmp_path)
        with pytest.raises(RecoveryError) as caught:
            backend.locate(entity())
    assert caught.value.reason is ReasonCode.STATE_UNREADABLE
    assert "does not answer" in caught.value.message


def test_a_gateways_page_is_never_no_state(
    clean_environment: dict[str, str], tmp_path: Path
) -> None:
    page = b"<!doctype html><p>Log in to the network"
    with answering(page) as url, pytest.raises(RecoveryError) as caught:
        backend_at(url, clean_environment, tmp_path).locate(entity())
    assert caught.value.reason is ReasonCode.STATE_UNREADABLE


def test_a_state_that_breaks_off_on_its_way_is_never_no_state(
    clean_environment: dict[str, str], tmp_path: Path
) -> None:
    with answering(b"{", claimed=1000) as url:
        backend = backend_at(url, clean_environment, tmp_path)
        with pytest.raises(RecoveryError) as caught:
            backend.access(KEY).read()
    assert caught.value.reason is ReasonCode.STATE_UNREADABLE


def test_a_run_without_credentials_is_told_to_log_in(
    clean_environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    backend = open_backend(config(), root=tmp_path, settings=Settings(clean_environment))
    with pytest.raises(CredentialsError) as caught:
        backend.locate(entity())
    assert "no AWS credentials" in caught.value.message


def test_a_missing_bucket_is_named_whatever_is_asked_of_it(
    s3_environment: dict[str, str], tmp_path: Path
) -> None:
    nowhere = config().model_copy(update={"bucket": "nowhere"})
    backend = open_backend(nowhere, root=tmp_path, settings=Settings(s3_environment))
    for error in refusals_of(backend.records):
        assert error.reason is ReasonCode.STATE_UNREADABLE
        assert error.message == "The bucket nowhere does not exist."
        assert "purveyor state bootstrap" in error.hint


def test_a_missing_table_is_explained(
    moto: MotoServer, s3_environment: dict[str, str], tmp_path: Path
) -> None:
    missing = config(lock="dynamodb", table="nowhere")
    backend = open_backend(missing, root=tmp_path, settings=Settings(s3_environment))
    assert moto.url
    with pytest.raises(RecoveryError) as caught:
        backend.access(KEY).holder()
    assert caught.value.message == "The lock table nowhere does not exist."
    assert "purveyor state bootstrap" in caught.value.hint


def test_a_bucket_in_another_account_is_reached_through_its_role(
    moto: MotoServer, s3_environment: dict[str, str], tmp_path: Path
) -> None:
    moto.make_bucket("role-states")
    role = "arn:aws:iam::222222222222:role/states"
    backend = open_backend(
        config(bucket="role-states", role_arn=role),
        root=tmp_path,
        settings=Settings(s3_environment),
    )
    with moto.recording() as requests:
        backend.locate(entity())
        backend.access(KEY).read()
    assert requests[0].access_key == "AMBIENT"
    assert {each.access_key[:4] for each in requests[1:]} == {"ASIA"}
    assert len(requests) == 3


def test_a_role_for_states_without_credentials_is_explained(
    clean_environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    role = config(role_arn="arn:aws:iam::222222222222:role/states")
    backend = open_backend(role, root=tmp_path, settings=Settings(clean_environment))
    with pytest.raises(CredentialsError) as caught:
        backend.locate(entity())
    assert "role/states" in caught.value.message


def test_a_store_of_its_own_address_works_with_nothing_in_the_environment(
    moto: MotoServer, clean_environment: dict[str, str], engine: EngineBinary, tmp_path: Path
) -> None:
    moto.make_bucket(f"own-{engine.name}")
    moto.make_table(f"own-{engine.name}")
    keys = {"AWS_ACCESS_KEY_ID": "OWN", "AWS_SECRET_ACCESS_KEY": "s"}
    environment = clean_environment | keys
    own = config(
        bucket=f"own-{engine.name}", lock="both", table=f"own-{engine.name}", endpoint=moto.url
    )
    backend = open_backend(own, root=tmp_path, settings=Settings(environment))
    place = Place("both", backend, environment, lambda _path, _text: None, list)
    with moto.recording() as requests:
        done = Workbench(engine.path, place, tmp_path).apply(backend.locate(entity()), MODULE)
    assert done.endswith("exit 0"), done
    assert {each.access_key for each in requests} == {"OWN"}
    assert backend.locate(entity()).exists


@IN_LOCKFILE
def test_aws_itself_encrypts_the_state(bench: Workbench, place: Place, moto: MotoServer) -> None:
    key = place.backend.locate(entity())
    arguments = place.backend.block(key).arguments
    bench.apply(key)
    head = moto.s3().head_object(Bucket=str(arguments["bucket"]), Key=str(arguments["key"]))
    assert head["ServerSideEncryption"] == "AES256"


@IN_LOCKFILE
def test_a_state_that_tofu_has_encrypted_is_known_as_such(
    place: Place, tofu: Path, tmp_path: Path
) -> None:
    encryption = """
terraform {
  encryption {
    key_provider "pbkdf2" "p" {
      passphrase = "correct horse battery staple"
    }
    method "aes_gcm" "m" {
      keys = key_provider.pbkdf2.p
    }
    state {
      method = method.aes_gcm.m
    }
  }
}
"""
    key = place.backend.locate(entity())
    assert Workbench(tofu, place, tmp_path).apply(key, MODULE + encryption).endswith("exit 0")
    state = place.backend.access(key).read()
    assert state is not None
    assert (state.encrypted, state.outputs, bool(state.lineage)) == (True, {}, True)
