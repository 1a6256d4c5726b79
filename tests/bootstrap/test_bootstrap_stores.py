"""Azure, Google Cloud, PostgreSQL and a folder are set up, and stay as strong as they are."""

from __future__ import annotations

import stat
import threading
import uuid
from typing import TYPE_CHECKING

import pytest
from google_fixtures import Bucket, serving

from azurite_server import ACCOUNT
from purveyor.bootstrap import open_store, set_up
from purveyor.catalog.backend import (
    AzureBackendConfig,
    ConsulBackendConfig,
    GoogleBackendConfig,
    LocalBackendConfig,
    PgBackendConfig,
)
from purveyor.errors import CatalogError, CredentialsError, ReasonCode
from purveyor.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from azurite_server import AzuriteServer
    from fake_gcs_server import FakeGcsServer
    from postgres_server import PostgresServer
    from purveyor.bootstrap import Measure, Survey
    from purveyor.catalog.backend import BackendConfig

SERVICE = {"restype": "service", "comp": "properties"}


def store_of(config: BackendConfig, environment: Mapping[str, str], root: Path) -> Survey:
    return open_store(config, root=root, settings=Settings(environment))


def changes(measures: Sequence[Measure]) -> list[str]:
    return [each.what for each in measures if each.change]


@pytest.fixture
def in_azure(
    azurite: AzuriteServer, clean_environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> dict[str, str]:
    for name, text in azurite.way().items():
        monkeypatch.setenv(name, text)
    return clean_environment | azurite.environment()


def keep_blobs(azurite: AzuriteServer, days: int, *, enabled: bool = True) -> None:
    kept = f"<Days>{days}</Days>" if enabled else ""
    text = (
        "<StorageServiceProperties><DeleteRetentionPolicy>"
        f"<Enabled>{str(enabled).lower()}</Enabled>{kept}"
        "</DeleteRetentionPolicy></StorageServiceProperties>"
    )
    answer = azurite.storage().ask("PUT", "", query=SERVICE, content=text.encode())
    assert answer.ok, answer.text


def test_a_container_is_made_and_its_blobs_are_kept_a_while(
    azurite: AzuriteServer, in_azure: dict[str, str], tmp_path: Path
) -> None:
    keep_blobs(azurite, 0, enabled=False)
    config = AzureBackendConfig(
        type="azurerm", account=ACCOUNT, container=f"c{uuid.uuid4().hex[:12]}"
    )
    store = store_of(config, in_azure, tmp_path)
    told = set_up(store, dry_run=True)
    assert changes(told) == ["container", "soft delete of blobs"]
    query = {"restype": "container"}
    assert not azurite.storage().ask("GET", config.container, query=query).ok

    (by_hand,) = [each.by_hand for each in set_up(store, dry_run=False) if each.by_hand]
    assert by_hand.startswith("az storage account blob-service-properties update")
    assert "--enable-versioning true" in by_hand
    assert azurite.storage().ask("GET", config.container, query=query).ok
    assert "<Days>30</Days>" in azurite.storage().ask("GET", "", query=SERVICE).text
    assert changes(set_up(store, dry_run=False)) == []


def test_a_longer_soft_delete_stays(
    azurite: AzuriteServer, in_azure: dict[str, str], tmp_path: Path
) -> None:
    keep_blobs(azurite, 90)
    config = AzureBackendConfig(
        type="azurerm", account=ACCOUNT, container=f"c{uuid.uuid4().hex[:12]}"
    )
    set_up(store_of(config, in_azure, tmp_path), dry_run=False)
    assert "<Days>90</Days>" in azurite.storage().ask("GET", "", query=SERVICE).text


def test_a_public_container_becomes_private_and_keeps_its_access_policies(
    azurite: AzuriteServer, in_azure: dict[str, str], tmp_path: Path
) -> None:
    config = AzureBackendConfig(
        type="azurerm", account=ACCOUNT, container=f"c{uuid.uuid4().hex[:12]}"
    )
    azurite.make_container(config.container)
    acl = {"restype": "container", "comp": "acl"}
    policy = (
        "<SignedIdentifiers><SignedIdentifier><Id>backup</Id><AccessPolicy>"
        "<Start>2026-01-01T00:00:00.0000000Z</Start><Expiry>2030-01-01T00:00:00.0000000Z</Expiry>"
        "<Permission>r</Permission></AccessPolicy></SignedIdentifier></SignedIdentifiers>"
    )
    headers = {"x-ms-blob-public-access": "blob", "content-type": "application/xml"}
    storage = azurite.storage()
    assert storage.ask(
        "PUT", config.container, query=acl, headers=headers, content=policy.encode()
    ).ok
    set_up(store_of(config, in_azure, tmp_path), dry_run=False)
    after = storage.ask("GET", config.container, query=acl)
    assert "x-ms-blob-public-access" not in after.headers
    assert "<Id>backup</Id>" in after.text


def test_a_wrong_storage_key_is_told_as_such(in_azure: dict[str, str], tmp_path: Path) -> None:
    config = AzureBackendConfig(type="azurerm", account=ACCOUNT, container="states")
    with pytest.raises(CredentialsError):
        store_of(config, in_azure | {"ARM_ACCESS_KEY": "d3Jvbmc="}, tmp_path)()


def test_a_google_bucket_is_made_closed_and_versioned(
    fake_gcs: FakeGcsServer, clean_environment: dict[str, str], tmp_path: Path
) -> None:
    bucket = f"states-{uuid.uuid4().hex[:12]}"
    environment = clean_environment | fake_gcs.environment()
    config = GoogleBackendConfig(type="gcs", bucket=bucket)
    with pytest.raises(CatalogError) as caught:
        set_up(store_of(config, environment, tmp_path), dry_run=False)
    assert "GOOGLE_PROJECT" in caught.value.hint
    told = set_up(store_of(config, environment, tmp_path), dry_run=True)
    assert told[0].change == "make it"


def google(bucket: Bucket, root: Path, **more: str) -> Survey:
    environment = {
        "GOOGLE_OAUTH_ACCESS_TOKEN": "any token will do",
        "GOOGLE_BACKEND_STORAGE_CUSTOM_ENDPOINT": bucket.url,
        "GOOGLE_PROJECT": "acme",
        "GOOGLE_REGION": "europe-west1",
    }
    config = GoogleBackendConfig.model_validate({"type": "gcs", "bucket": "states", **more})
    return store_of(config, environment, root)


def test_a_missing_google_bucket_gets_everything(tmp_path: Path) -> None:
    with serving(Bucket(None)) as bucket:
        store = google(bucket, tmp_path)
        assert set_up(store, dry_run=True)[0].change == "make it"
        assert bucket.resource is None
        set_up(store, dry_run=False)
        assert changes(set_up(store, dry_run=False)) == []
    assert bucket.resource is not None
    assert bucket.resource["location"] == "europe-west1"
    assert bucket.resource["versioning"] == {"enabled": True}
    assert bucket.resource["iamConfiguration"] == {
        "uniformBucketLevelAccess": {"enabled": True},
        "publicAccessPrevention": "enforced",
    }
    (rule,) = bucket.resource["lifecycle"]["rule"]
    assert rule["condition"]["matchesSuffix"] == ["/default.tflock"]
    assert rule["condition"]["isLive"] is False


def test_what_a_google_bucket_has_stays_even_when_somebody_changes_it_meanwhile(
    tmp_path: Path,
) -> None:
    archive = {"action": {"type": "Delete"}, "condition": {"age": 3650}}
    there = {
        "metageneration": "7",
        "encryption": {"defaultKmsKeyName": "projects/a/key"},
        "lifecycle": {"rule": [archive]},
        "softDeletePolicy": {"retentionDurationSeconds": "7776000"},
    }
    with serving(Bucket(there)) as bucket:
        bucket.interrupt = True
        set_up(google(bucket, tmp_path, kms_key="projects/b/key"), dry_run=False)
    assert bucket.resource is not None
    assert bucket.resource["labels"] == {"somebody": "else"}
    assert bucket.resource["encryption"] == there["encryption"]
    assert bucket.resource["softDeletePolicy"] == there["softDeletePolicy"]
    assert bucket.resource["lifecycle"]["rule"][0] == archive
    assert bucket.resource["versioning"] == {"enabled": True}


def in_schema(postgres: PostgresServer, schema: str, role: str | None, root: Path) -> Survey:
    settings = Settings({"PG_CONN_STR": postgres.address()})
    config = PgBackendConfig(type="pg", schema_name=schema)
    return open_store(config, root=root, settings=settings, grant_to=role)


def test_a_schema_is_made_with_the_table_that_the_engines_want(
    postgres: PostgresServer, tmp_path: Path
) -> None:
    schema, role = f"s_{uuid.uuid4().hex[:8]}", f"Runner {uuid.uuid4().hex[:8]}"
    with postgres.connect() as connection:
        connection.execute(f"CREATE ROLE \"{role}\" LOGIN PASSWORD 'x'".encode())
    store = in_schema(postgres, schema, role, tmp_path)
    assert changes(set_up(store, dry_run=True)) == [
        *("schema", "table", "unique names", "journal", "rights")
    ]
    with postgres.connect() as connection:
        assert connection.execute("SELECT to_regnamespace(%s)", (schema,)).fetchone() == (None,)
    set_up(store, dry_run=False)
    assert changes(set_up(store, dry_run=False)) == []
    with postgres.connect() as connection:
        connection.execute(f'SET ROLE "{role}"'.encode())
        for statement in (
            "INSERT INTO {}.states (name, data) VALUES ('a', 'x')",
            "UPDATE {}.states SET data = 'y'",
            "DELETE FROM {}.states",
            "UPDATE {}.purveyor_journal SET content = 'y'",
            "DELETE FROM {}.purveyor_journal",
        ):
            connection.execute(statement.format(schema).encode())


def test_many_runs_at_once_make_one_schema(postgres: PostgresServer, tmp_path: Path) -> None:
    schema = f"s_{uuid.uuid4().hex[:8]}"
    faults: list[BaseException] = []
    start = threading.Barrier(6)

    def run() -> None:
        try:
            store = in_schema(postgres, schema, None, tmp_path)
            measures = store()
            start.wait(timeout=20)
            for each in measures:
                assert each.take is not None
                each.take()
        except BaseException as error:  # noqa: BLE001 - told to the test
            faults.append(error)

    threads = [threading.Thread(target=run) for _ in range(6)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(timeout=60)
    assert faults == []
    assert changes(in_schema(postgres, schema, None, tmp_path)()) == []


def test_a_role_that_does_not_exist_is_named(postgres: PostgresServer, tmp_path: Path) -> None:
    with pytest.raises(CatalogError) as caught:
        in_schema(postgres, "any", "nobody", tmp_path)()
    assert caught.value.details == ("role nobody",)


def test_a_user_who_may_not_make_a_schema_is_told_so(
    postgres: PostgresServer, tmp_path: Path
) -> None:
    user = f"u_{uuid.uuid4().hex[:8]}"
    with postgres.connect() as connection:
        connection.execute(f"CREATE ROLE {user} LOGIN PASSWORD 'secret'".encode())
    settings = Settings({"PG_CONN_STR": postgres.address(user, "secret")})
    config = PgBackendConfig(type="pg", schema_name="not_there")
    with pytest.raises(CredentialsError) as caught:
        set_up(open_store(config, root=tmp_path, settings=settings), dry_run=False)
    assert caught.value.reason is ReasonCode.PERMISSION_DENIED


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_folder_is_its_owner_s_alone(tmp_path: Path) -> None:
    store = store_of(LocalBackendConfig(path="deep/states"), {}, tmp_path)
    assert changes(set_up(store, dry_run=True)) == ["folder"]
    assert not (tmp_path / "deep").exists()
    set_up(store, dry_run=False)
    assert mode(tmp_path / "deep/states") == 0o700
    assert changes(set_up(store, dry_run=False)) == []


@pytest.mark.parametrize(("before", "after"), [(0o755, 0o750), (0o770, 0o770), (0o700, 0o700)])
def test_a_folder_that_a_group_shares_is_closed_to_others_only(
    tmp_path: Path, before: int, after: int
) -> None:
    folder = tmp_path / "states"
    folder.mkdir()
    folder.chmod(before)
    set_up(store_of(LocalBackendConfig(path="states"), {}, tmp_path), dry_run=False)
    assert mode(folder) == after


def test_where_nothing_is_to_be_made_that_is_said(tmp_path: Path) -> None:
    config = ConsulBackendConfig(type="consul", address="http://127.0.0.1:8500")
    (told,) = set_up(store_of(config, {}, tmp_path), dry_run=False)
    assert told.change == ""
    assert "snapshots" in told.note
