"""`purveyor state migrate|adopt` with real engines: whole places, old schemes, kill -9."""

from __future__ import annotations

import signal
import subprocess  # noqa: TID251 - a command that a test kills
import time
from typing import TYPE_CHECKING

import pytest
from state_fixtures import KEY, LINEAGE, Stage, made_state

from purveyor import json_text, process
from purveyor.state_key import StateKey

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

pytestmark = pytest.mark.engine
MODULE = 'resource "terraform_data" "thing" {\n  input = "one"\n}\n'


def migrate(old: Stage, new: Stage, *words: str) -> tuple[str, ...]:
    return ("migrate", "--from", str(old.catalog), "--to", str(new.catalog), *words)


def verdicts(lines: Sequence[dict[str, json_text.JsonValue]]) -> list[object]:
    return [each["verdict"] for each in lines]


def fill(stage: Stage, count: int) -> list[str]:
    keys = [f"services/{number:03}/orders.tfstate" for number in range(count)]
    for number, key in enumerate(keys):
        stage.put(key, made_state(stamp=f"services/{number:03}"))
    return keys


def test_a_whole_place_is_moved_and_moving_again_finds_nothing_to_do(
    folder: Stage, bucket: Stage
) -> None:
    keys = fill(folder, 3)
    planned = folder.run(*migrate(folder, bucket, "--dry-run", "--json"))
    assert verdicts(planned.lines) == ["to be moved"] * 3
    assert bucket.paths() == []
    assert [path for path in folder.paths() if path.endswith(".moved")] == []
    done = folder.run(*migrate(folder, bucket, "--yes", "--json"))
    assert done.code == 0, done.stderr
    assert verdicts(done.lines) == ["moved"] * 3
    assert bucket.paths() == keys
    again = folder.run(*migrate(folder, bucket, "--yes"))
    assert again.stdout.count("already there") == 3


def test_one_that_is_refused_does_not_keep_the_others(folder: Stage, bucket: Stage) -> None:
    fill(folder, 2)
    folder.put("services/000/second.tfstate", made_state(stamp="services/000"))
    done = folder.run(*migrate(folder, bucket, "--yes", "--json"))
    assert done.code == 19
    assert sorted(str(each["verdict"]) for each in done.lines) == ["moved", "refused", "refused"]
    assert "two states of this entity" in done.stderr
    assert bucket.paths() == ["services/001/orders.tfstate"]


@pytest.mark.slow
def test_a_migration_that_is_killed_is_finished_by_the_next_one(
    folder: Stage, bucket: Stage
) -> None:
    keys = fill(folder, 8)
    for wanted in (1, 4):
        with subprocess.Popen(
            folder.command(*migrate(folder, bucket, "--yes")),
            cwd=folder.catalog,
            env=dict(folder.environment),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as child:
            end = time.monotonic() + 60
            while len(bucket.paths()) < wanted:
                assert time.monotonic() < end
                time.sleep(0.01)
            child.send_signal(signal.SIGKILL)
    # An engine that outlives its parent ends its write and frees its lock: until then it is told
    # that the state is locked.
    end = time.monotonic() + 60
    while (done := folder.run(*migrate(folder, bucket, "--yes", "--json"))).code == 19:
        assert "is locked by" in done.stderr
        assert time.monotonic() < end
    assert done.code == 0, done.stderr
    assert bucket.paths() == keys
    assert {str(bucket.document(key)["lineage"]) for key in keys} == {LINEAGE}


@pytest.mark.slow
def test_a_signal_ends_a_migration_after_the_state_that_is_moved(
    folder: Stage, bucket: Stage
) -> None:
    keys = fill(folder, 8)
    command = folder.command(*migrate(folder, bucket, "--yes"))
    with subprocess.Popen(
        command, cwd=folder.catalog, env=dict(folder.environment), stderr=subprocess.PIPE, text=True
    ) as child:
        while not bucket.paths():
            time.sleep(0.01)
        child.send_signal(signal.SIGHUP)
        _, told = child.communicate(timeout=60)
    assert child.returncode == 18, told
    assert "of 8 states" in told
    assert folder.run(*migrate(folder, bucket, "--yes")).code == 0
    assert bucket.paths() == keys


def test_an_old_key_scheme_is_read_by_its_template(folder: Stage, bucket: Stage) -> None:
    bucket.put("service-orders-db-41.tfstate", made_state(stamp=""))
    bucket.put("service-orders-db-unclear.tfstate", made_state(stamp=""))
    template = "service-{service_slug}-{service_id}.tfstate"
    done = bucket.run(*migrate(bucket, folder, "--keys", template, "--yes"))
    assert done.code == 0, done.stderr
    states = [path for path in folder.paths() if path.endswith(".tfstate")]
    assert states == ["services/41/orders-db.tfstate"]
    refused = bucket.run(*migrate(bucket, folder, "--keys", "{slug}.tfstate", "--yes"))
    assert refused.code == 11


def test_a_mapping_names_old_keys_one_by_one(folder: Stage, bucket: Stage, tmp_path: Path) -> None:
    folder.put("prod/db/terraform.tfstate", made_state(stamp=""))
    mapping = tmp_path / "mapping"
    mapping.write_text("prod/db/terraform.tfstate services/5a1f/orders\n")
    done = folder.run(*migrate(folder, bucket, "--mapping", str(mapping), "--yes"))
    assert done.code == 0, done.stderr
    assert bucket.paths() == [KEY]


def test_both_ends_in_one_place_are_refused(folder: Stage) -> None:
    assert folder.run("migrate", "--yes").code == 2
    (folder.catalog / "again").mkdir()
    file = folder.catalog / "again/purveyor.yaml"
    file.write_text("version: 1\nbackend: {type: local, path: ../states}\n")
    assert folder.run("migrate", "--to", "again", "--yes").code == 2


def test_the_engine_finds_nothing_to_change_after_an_adoption(
    bucket: Stage, terraform: Path, tmp_path: Path
) -> None:
    work = tmp_path / "work"
    work.mkdir()
    (work / "main.tf").write_text(MODULE)

    def engine(*words: str) -> process.Completed:
        return process.run(process.Command((str(terraform), *words), work, bucket.environment))

    def point_at(key: str) -> None:
        block = bucket.backend.block(StateKey(key, exists=True))
        text = json_text.write({"terraform": {"backend": {block.type: dict(block.arguments)}}})
        (work / "backend.tf.json").write_text(text)
        assert engine("init", "-input=false", "-reconfigure").code == 0

    point_at("prod/db/terraform.tfstate")
    assert engine("apply", "-auto-approve").code == 0
    words = ("adopt", "5a1f", "--key", "prod/db/terraform.tfstate", "--slug", "orders", "--yes")
    done = bucket.run(*words)
    assert done.code == 0, done.stderr
    point_at(KEY)
    assert engine("plan", "-detailed-exitcode").code == 0
    assert bucket.run(*words).stdout.count("already there") == 1
    assert "prod/db/terraform.tfstate.moved" in bucket.paths()
