"""What journal and capsule cost in S3: requests counted, of one create and one delete."""

from __future__ import annotations

import uuid
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from moto_server import MotoServer, Request, run_moto
from pipeline import Pipeline

if TYPE_CHECKING:
    from collections.abc import Iterator

    from purveyor.json_text import JsonObject
    from purveyor_emulator import Emulator

pytestmark = [pytest.mark.engine, pytest.mark.one_engine]
QUEUE: JsonObject = {"queue_name": "orders"}
MOST_REQUESTS = 12


@pytest.fixture(scope="module")
def moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MotoServer]:
    with run_moto(tmp_path_factory.mktemp("moto")) as server:
        yield server


def count(requests: list[Request]) -> Counter[str]:
    """Count the journal's requests by method and what they are about."""
    return Counter(
        f"{each.method} {each.path.split('journal', 1)[1].split('/')[-1].split('&')[0]}"
        for each in requests
        if "journal" in each.path
    )


def test_a_create_and_a_delete_cost_the_journal_twelve_requests_at_most(
    pipeline: Pipeline, emulator: Emulator, moto: MotoServer
) -> None:
    bucket = f"states-{uuid.uuid4().hex[:12]}"
    moto.make_bucket(bucket)
    backend = f"type: s3, bucket: {bucket}, region: us-east-1, lock: lockfile"
    (pipeline.catalog / "purveyor.yaml").write_text(f"version: 1\nbackend: {{{backend}}}\n")
    on_s3 = Pipeline(
        pipeline.catalog, {**pipeline.environment, **moto.environment()}, pipeline.emulator
    )
    service = str(emulator.create_service("sqs-queue", name="orders")["id"])
    with moto.recording() as requests:
        done = on_s3.run(emulator.request_action(service, "create", QUEUE))
    assert done.code == 0, done.stderr
    spent = count(requests)
    assert (spent["GET capsule.json"], spent["PUT capsule.json"]) == (1, 1)
    assert sum(spent.values()) <= MOST_REQUESTS, spent

    with moto.recording() as requests:
        done = on_s3.run(emulator.request_action(service, "update", {"visibility_timeout": 60}))
    assert done.code == 0, done.stderr
    spent = count(requests)
    assert (spent["GET capsule.json"], spent["PUT capsule.json"]) == (1, 1)
    assert sum(spent.values()) <= MOST_REQUESTS, spent

    with moto.recording() as requests:
        done = on_s3.run(emulator.request_action(service, "delete"))
    assert done.code == 0, done.stderr
    spent = count(requests)
    assert (spent["GET capsule.json"], spent["PUT capsule.json"]) == (1, 1)
    assert sum(spent.values()) <= MOST_REQUESTS, spent
