"""What `purveyor doctor` finds in a store of states, on a real S3 server and on disk."""

from __future__ import annotations

import time
import uuid
from typing import TYPE_CHECKING

import pytest

from http_state_server import PASSWORD, USER, run_http_states
from moto_server import REGION
from purveyor.backends.stores.s3 import S3Store
from purveyor.errors import CredentialsError

if TYPE_CHECKING:
    from doctor_fixtures import Practice

    from moto_server import MotoServer

LOCK = '{"ID": "11111111-2222", "Who": "ci@runner-7", "Operation": "OperationTypeApply"}'
STATE = (
    '{"version": 4, "terraform_version": "%s", "serial": 1, "lineage": "a", "resources": [],'
    ' "outputs": {"purveyor_entity": {"value": "services/5a1f", "type": "string"}}}'
)


class Bucket:
    """A practice whose states lie in a bucket of its own."""

    def __init__(self, practice: Practice, moto: MotoServer) -> None:
        self.practice, self.moto, self.name = practice, moto, f"states-{uuid.uuid4().hex[:12]}"
        moto.make_bucket(self.name)
        backend = {"type": "s3", "bucket": self.name, "region": REGION}
        practice.set_catalog(backend=backend)
        practice.environment |= moto.environment()

    def put(self, key: str, text: str) -> None:
        self.moto.s3().put_object(Bucket=self.name, Key=key, Body=text.encode())

    @property
    def keys(self) -> list[str]:
        found = self.moto.s3().list_objects_v2(Bucket=self.name)
        return [each["Key"] for each in found.get("Contents", [])]


@pytest.fixture
def bucket(practice: Practice, moto: MotoServer) -> Bucket:
    return Bucket(practice, moto)


def test_a_bucket_that_is_not_hardened(bucket: Bucket) -> None:
    bucket.practice.examine()
    settings = {
        each["where"]: each["what"]
        for each in bucket.practice.document["findings"]
        if each["code"] == "store-settings"
    }
    assert settings["bucket: public access"].startswith("0 of 4 blocks")
    assert "bucket: encryption" in settings
    assert "bucket: versioning" not in settings
    suspended = {"Status": "Suspended"}
    bucket.moto.s3().put_bucket_versioning(Bucket=bucket.name, VersioningConfiguration=suspended)  # type: ignore[arg-type]  # a known word
    bucket.practice.examine()
    assert "bucket: versioning" in bucket.practice.out


def test_the_probes_of_the_rights_are_gone_afterwards(bucket: Bucket) -> None:
    assert "store-rights" not in bucket.practice.examine()
    assert bucket.keys == []
    history = bucket.moto.s3().list_object_versions(Bucket=bucket.name)["Versions"]
    probed = {each["Key"].rpartition("/probe")[2] for each in history}
    assert probed == {".tfstate.probe", ".tfstate.tflock"}


@pytest.mark.parametrize("what", ["create", "put", "read", "remove"])
def test_a_right_that_a_run_lacks(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    def refuse(*_: object) -> None:
        raise CredentialsError(f"AWS refuses {what}.", hint="Grant it.")

    monkeypatch.setattr(S3Store, what, refuse)
    found = bucket.practice.examine()
    if what == "create":  # nothing of ours is created here
        assert "store-rights" not in found
    else:
        assert found["store-rights"]["what"].startswith(f"AWS refuses {what}.")
        assert bucket.practice.code == 19


def test_a_bucket_that_is_not_there(bucket: Bucket) -> None:
    bucket.moto.s3().delete_bucket(Bucket=bucket.name)
    assert bucket.practice.examine()["store-rights"]["level"] == "error"
    assert "missing instead of" in bucket.practice.out


@pytest.mark.parametrize("locked", [True, False])
def test_an_archived_service_with_a_live_lock(bucket: Bucket, *, locked: bool) -> None:
    service = bucket.practice.emulator.create_service("cache", status="archived", name="orders")
    key = f"services/{service['id']}/orders.tfstate"
    if locked:
        bucket.put(f"{key}.tflock", LOCK)
    found = bucket.practice.examine()
    assert ("archived-locked" in found) is locked
    if locked:
        assert "ci@runner-7" in found["archived-locked"]["what"]


def test_what_state_doctor_finds_is_found_too(bucket: Bucket) -> None:
    bucket.put("services/5a1f/a.tfstate", STATE % "1.0.0")
    bucket.put("services/77/b.tfstate", STATE % "1.0.0")
    bucket.put("services/78/b.tfstate", "{")
    bucket.put("services/79/b.tfstate", "{}")
    bucket.put("services/79/c.tfstate", "{}")
    bucket.put("elsewhere.tfstate", "{}")
    bucket.put("services/5a1f/a.tfstate.tflock", LOCK)
    bucket.put("services/5a1f/a.tfstate.moved", "{}")
    found = bucket.practice.examine()
    problems = {"foreign", "unreadable", "doubled"}
    assert found.keys() >= problems | {"stray", "lock-held", "moved"}
    assert {found[each]["level"] for each in problems} == {"error"}
    assert {found[each]["level"] for each in ("stray", "lock-held", "moved")} == {"note"}


@pytest.mark.parametrize(("version", "older"), [("99.0.0", True), ("1.0.0", False)])
def test_an_engine_that_is_older_than_the_newest_state(
    practice: Practice, version: str, *, older: bool
) -> None:
    practice.write("states/services/5a1f/a.tfstate", STATE % version)
    found = practice.examine()
    assert ("engine-older" in found) is older


def test_a_journal_of_its_own_is_tried_too(practice: Practice) -> None:
    practice.set_catalog(journal={"type": "local", "path": "journal"})
    practice.write("journal", "no folder")
    assert "store-rights" in practice.examine()


def test_a_store_whose_rights_cannot_be_tried_is_said_so(practice: Practice) -> None:
    with run_http_states() as server:
        names = {"username_from": "STATES_USER", "password_from": "STATES_PASSWORD"}
        backend = {"type": "http", "address": f"{server.url}/states/{{name}}", **names}
        practice.set_catalog(backend=backend)
        found = practice.examine(STATES_USER=USER, STATES_PASSWORD=PASSWORD)
    assert set(found) == {"not-asked"}
    wheres = [each["where"] for each in practice.document["findings"]]
    assert wheres.count("states") == 2  # rights, and what a list would tell


def test_a_server_that_does_not_answer(practice: Practice) -> None:
    practice.set_catalog(backend={"type": "http", "address": "http://127.0.0.1:1/{name}"})
    assert "does not answer" in practice.examine()["store-rights"]["what"]


@pytest.mark.slow
def test_it_takes_less_than_five_seconds(bucket: Bucket) -> None:
    bucket.practice.examine()  # what is loaded once is loaded
    started = time.monotonic()
    bucket.practice.examine()
    assert time.monotonic() - started < 5
