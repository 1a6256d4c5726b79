"""Services whose states live in S3: the real command and engines against a moto server."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from moto_server import MotoServer, Request, run_moto
from pipeline import Pipeline, finish
from purveyor import json_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from purveyor.json_text import JsonObject
    from purveyor_emulator import Emulator

pytestmark = pytest.mark.engine
LOCKS = ("lockfile", "dynamodb", "both")
QUEUE: JsonObject = {"queue_name": "orders"}
ROLE = "arn:aws:iam::123456789012:role/provisioner"


@pytest.fixture(scope="module")
def moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MotoServer]:
    with run_moto(tmp_path_factory.mktemp("moto")) as server:
        yield server


@dataclass(frozen=True, slots=True)
class Store:
    """A bucket, a table of the same name, and what lies in them."""

    moto: MotoServer
    name: str

    def objects(self) -> list[str]:
        """Return the keys of states and of their locks."""
        listed = self.moto.s3().list_objects_v2(Bucket=self.name, Prefix="team/services/")
        return [each["Key"] for each in listed.get("Contents", [])]

    def versions(self) -> list[str]:
        listed = self.moto.s3().list_object_versions(Bucket=self.name)
        return [each["Key"] for each in listed.get("Versions", [])]

    def items(self) -> list[str]:
        found = self.moto.dynamodb().scan(TableName=self.name)["Items"]
        return [each["LockID"]["S"] for each in found]


@pytest.fixture
def store(moto: MotoServer) -> Store:
    name = f"states-{uuid.uuid4().hex[:12]}"
    moto.make_bucket(name)
    moto.make_table(name)
    return Store(moto, name)


def write_catalog(catalog: Path, store: Store, lock: str, more: str = "") -> None:
    table = "" if lock == "lockfile" else f", table: {store.name}"
    backend = f"type: s3, bucket: {store.name}, region: us-east-1, prefix: team, lock: {lock}"
    (catalog / "purveyor.yaml").write_text(f"version: 1\nbackend: {{{backend}{table}}}\n{more}")


def add_program(catalog: Path, command: str) -> None:
    """Let the queue's module run a program of ours when it creates."""
    (catalog / "modules/sqs-queue/program.tf").write_text(
        'resource "terraform_data" "program" {\n'
        f'  provisioner "local-exec" {{ command = "{command}" }}\n'
        "}\n"
    )


@pytest.fixture
def on_s3(store: Store, environment: dict[str, str], pipeline: Pipeline) -> Pipeline:
    environment.update(store.moto.environment())
    return pipeline


def new_queue(emulator: Emulator) -> str:
    return str(emulator.create_service("sqs-queue", name="orders")["id"])


def renamed(notification: JsonObject) -> JsonObject:
    inner = notification["notification"]
    assert isinstance(inner, dict)
    assert isinstance(inner["service"], dict)
    inner["service"]["slug"] = "renamed"
    return notification


@pytest.mark.parametrize("lock", LOCKS)
@pytest.mark.slow
def test_a_queue_lives_and_dies_in_a_bucket(
    lock: str, on_s3: Pipeline, emulator: Emulator, store: Store
) -> None:
    write_catalog(on_s3.catalog, store, lock)
    service = new_queue(emulator)
    key = f"team/services/{service}/orders.tfstate"

    created = on_s3.run(emulator.request_action(service, "create", QUEUE))
    assert created.code == 0, created.stderr
    assert store.objects() == [key]

    change: JsonObject = {"visibility_timeout": 60}
    updated = on_s3.run(renamed(emulator.request_action(service, "update", change)))
    assert updated.code == 0, updated.stderr
    assert updated.outcome["state_key"] == f"services/{service}/orders.tfstate"
    assert store.objects() == [key]

    deleted = on_s3.run(emulator.request_action(service, "delete"))
    assert deleted.code == 0, deleted.stderr
    assert (store.objects(), store.items()) == ([], [])
    assert store.versions().count(key) >= 3
    assert emulator.entity("service", service)["status"] == "deleted"


@pytest.mark.parametrize("lock", LOCKS)
@pytest.mark.slow
def test_two_runs_at_once_on_one_queue_build_it_once(
    lock: str, on_s3: Pipeline, emulator: Emulator, store: Store, tmp_path: Path
) -> None:
    write_catalog(on_s3.catalog, store, lock)
    built = tmp_path / "built"
    add_program(on_s3.catalog, f"sleep 1; echo built >> {built}")
    service = new_queue(emulator)
    runs = [on_s3.start(emulator.request_action(service, "create", QUEUE)) for _ in range(2)]
    ended = [finish(each) for each in runs]
    assert [each.code for each in ended] == [0, 0], [each.stderr for each in ended]
    assert built.read_text().splitlines() == ["built"]
    # Both may see the other's marker first.
    assert sum("wait" in each.stderr.lower() for each in ended) in {1, 2}
    assert [each for each in store.objects() if each.endswith(".tflock")] == []


@pytest.mark.one_engine
@pytest.mark.slow
def test_two_queues_at_once_do_not_wait_for_each_other(
    on_s3: Pipeline, emulator: Emulator, store: Store, tmp_path: Path
) -> None:
    write_catalog(on_s3.catalog, store, "lockfile")
    # Each waits until both have begun: one after the other would never end.
    count = f"ls {tmp_path} | grep -c '^met-'"
    add_program(
        on_s3.catalog,
        f"touch {tmp_path}/met-$$; until [ $({count}) = 2 ]; do sleep 0.05; done",
    )
    services = [new_queue(emulator) for _ in range(2)]
    runs = [on_s3.start(emulator.request_action(each, "create", QUEUE)) for each in services]
    ended = [finish(each) for each in runs]
    assert [each.code for each in ended] == [0, 0], [each.stderr for each in ended]
    assert len(store.objects()) == 2


@pytest.mark.slow
def test_the_accounts_role_reaches_the_module_and_never_the_state(
    on_s3: Pipeline, emulator: Emulator, store: Store, tmp_path: Path
) -> None:
    account = f"accounts: [{{match: {{}}, role_arn: '{ROLE}', region: us-east-1}}]\n"
    write_catalog(on_s3.catalog, store, "both", account)
    seen = tmp_path / "seen"
    session = "sh -c \"$(sed -n 's/^credential_process = //p' $AWS_CONFIG_FILE)\""
    add_program(
        on_s3.catalog, f"env | grep ^AWS_ > {seen}; {session} > {seen}.json".replace('"', '\\"')
    )
    asked = emulator.request_action(new_queue(emulator), "create", QUEUE)
    with store.moto.recording() as requests:
        done = on_s3.run(asked)
    assert done.code == 0, done.stderr

    inside = dict(line.split("=", 1) for line in seen.read_text().splitlines())
    handed = json_text.parse(seen.with_name("seen.json").read_text())
    assert isinstance(handed, dict)
    assert "AWS_ACCESS_KEY_ID" not in inside
    assert handed["AccessKeyId"] != "AMBIENT"
    assert signers(requests, "sts") == {"AMBIENT"}
    assert signers(requests, "state") == {"AMBIENT"}
    assert any(asked_id(asked) in each.body for each in requests)
    for secret in ("SecretAccessKey", "SessionToken"):
        assert str(handed[secret]) not in done.stdout + done.stderr


def signers(requests: list[Request], service: str) -> set[str]:
    """Return who signed the requests to STS, or those to the bucket and the table."""
    to_sts = [each for each in requests if "Action=AssumeRole" in each.body]
    if service == "sts":
        return {each.access_key for each in to_sts}
    about_states = re.compile(r"/states-|DynamoDB")
    return {e.access_key for e in requests if about_states.search(f"{e.path} {e.target}")}


def asked_id(notification: JsonObject) -> str:
    inner = notification["notification"]
    assert isinstance(inner, dict)
    return str(inner["id"])


@pytest.mark.one_engine
def test_a_bucket_that_is_missing_is_never_taken_for_no_state(
    on_s3: Pipeline, emulator: Emulator, store: Store
) -> None:
    write_catalog(on_s3.catalog, Store(store.moto, "not-there"), "lockfile")
    asked = emulator.request_action(new_queue(emulator), "create", QUEUE)
    done = on_s3.run(asked)
    assert (done.code, done.reason) == (19, "STATE_UNREADABLE")
    assert emulator.action(asked_id(asked))["status"] == "failed"
