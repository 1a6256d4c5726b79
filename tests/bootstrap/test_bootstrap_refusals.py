"""What cannot be set up is said; what is not AWS is set up as far as it goes."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest
from s3_fixtures import changes

from moto_server import REGION, MotoServer
from purveyor.bootstrap import open_store, set_up
from purveyor.bootstrap.bucket_rules import LOCKS, MARKERS, SMALLEST_STATE
from purveyor.catalog.backend import S3BackendConfig
from purveyor.errors import CatalogError, CredentialsError, ReasonCode, RecoveryError
from purveyor.settings import Settings
from stub_answer import answering

if TYPE_CHECKING:
    from minio_server import MinioServer


def test_a_bucket_of_somebody_else_is_refused(clean_environment: dict[str, str]) -> None:
    settings = Settings(clean_environment | MotoServer("http://127.0.0.1:1").environment())
    identity = (
        b"<GetCallerIdentityResponse><GetCallerIdentityResult><Account>111111111111</Account>"
        b"</GetCallerIdentityResult></GetCallerIdentityResponse>"
    )
    with answering(identity) as sts, answering(b"", status=403) as s3:
        ways = {"AWS_ENDPOINT_URL_STS": sts, "AWS_ENDPOINT_URL_S3": s3}
        settings = Settings(clean_environment | MotoServer(s3).environment() | ways)
        config = S3BackendConfig(type="s3", bucket="theirs", region=REGION)
        with pytest.raises(CatalogError) as caught:
            open_store(config, root=None, settings=settings)()  # type: ignore[arg-type]  # no folder
    assert caught.value.reason is ReasonCode.NAME_TAKEN
    assert "theirs" in caught.value.message


def test_without_credentials_the_run_is_told_to_log_in(
    clean_environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    config = S3BackendConfig(type="s3", bucket="states", region=REGION)
    with pytest.raises(CredentialsError):
        open_store(config, root=None, settings=Settings(clean_environment))()  # type: ignore[arg-type]  # no folder


def test_an_aws_that_does_not_answer_is_said_to(clean_environment: dict[str, str]) -> None:
    settings = Settings(clean_environment | MotoServer("http://127.0.0.1:1").environment())
    config = S3BackendConfig(type="s3", bucket="states", region=REGION)
    with pytest.raises(RecoveryError):
        open_store(config, root=None, settings=settings)()  # type: ignore[arg-type]  # no folder


def test_a_store_that_is_not_aws_is_set_up_as_far_as_it_goes(
    minio: MinioServer, clean_environment: dict[str, str]
) -> None:
    name = f"states-{uuid.uuid4().hex[:12]}"
    settings = Settings(clean_environment | minio.environment())
    config = S3BackendConfig(
        type="s3", bucket=name, region=REGION, prefix="team/a", endpoint=minio.url
    )
    store = open_store(config, root=None, settings=settings)  # type: ignore[arg-type]  # no folder
    told = {each.what: each for each in set_up(store, dry_run=False)}
    s3 = minio.s3()
    assert s3.get_bucket_versioning(Bucket=name)["Status"] == "Enabled"
    # Over plain HTTP the statement would lock out everybody, us first.
    assert "plain http" in told["bucket: connections"].note
    rules = {
        each["ID"]: each for each in s3.get_bucket_lifecycle_configuration(Bucket=name)["Rules"]
    }
    assert set(rules) == {LOCKS, MARKERS}
    assert rules[LOCKS]["Status"] == "Enabled"
    condition = rules[LOCKS]["Filter"]["And"]
    assert condition["ObjectSizeLessThan"] == SMALLEST_STATE
    assert condition["Prefix"] == "team/a/"
    again = set_up(store, dry_run=True)
    # Without a KMS of its own MinIO refuses a default encryption each time.
    assert changes(again) == ["bucket: encryption"]
