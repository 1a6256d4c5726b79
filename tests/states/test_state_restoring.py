"""Going back to an earlier version: through the real engine, as a new serial, never by force."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from state_fixtures import HOLDER, KEY, LINEAGE, Stage, made_state

from purveyor import json_text
from purveyor.engines.terraform.state_writer import StateWriter
from purveyor.errors import EngineError, StateLockedError
from purveyor.redaction import Redactor
from purveyor.state_key import StateKey

if TYPE_CHECKING:
    from purveyor.engines.binary import EngineBinary

pytestmark = pytest.mark.engine


def past(stage: Stage, *texts: str) -> list[str]:
    """Write one version after the other; return the ids of all, oldest first."""
    for text in texts:
        stage.put(KEY, text)
    return [each.id for each in reversed(stage.backend.versions(StateKey(KEY, exists=True)))]


@pytest.fixture
def chosen(
    engine: EngineBinary, environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, ...]:
    """The words that choose the engine, which is the only one on the PATH."""
    programs = tmp_path_factory.mktemp("programs")
    (programs / engine.path.name).symlink_to(engine.path)
    environment["PATH"] = f"{programs}:/usr/bin:/bin"
    environment["PURVEYOR_CACHE"] = str(programs / "cache")
    return ("--engine", engine.name)


def test_going_back_writes_the_old_content_under_a_new_serial(
    chosen: tuple[str, ...], bucket: Stage
) -> None:
    first, _second = past(bucket, made_state("a", serial=4), made_state("a", "b", serial=7))
    done = bucket.run("restore", "5a1f", "--version", first, "--yes", "--json", *chosen)
    assert done.code == 0, done.stderr
    assert done.document["removed"] == ["terraform_data.b"]
    document = bucket.document()
    assert isinstance(document["serial"], int)
    assert document["serial"] > 7
    assert document["serial"] == done.document["serial"]
    assert document["lineage"] == LINEAGE
    shown = bucket.run("show", "5a1f", "--json").document
    assert (shown["types"], shown["versions"]) == ({"terraform_data": 1}, 3)
    assert not [path for path in bucket.paths() if path.endswith(".tflock")]


def test_a_state_that_lives_elsewhere_is_not_gone_back_with(bucket: Stage) -> None:
    first, _second = past(bucket, made_state("a", serial=4), made_state("a", "b", serial=7))
    note = {"stage": "moved", "moved_to": "s3://new/x", "digest": "d", "serial": 7}
    bucket.put(f"{KEY}.moved", json_text.write(note))
    refused = bucket.run("restore", "5a1f", "--version", first, "--yes")
    assert (refused.code, "has moved to s3://new/x" in refused.stderr) == (19, True)
    assert bucket.document()["serial"] == 7


def test_a_folder_s_backup_can_be_gone_back_to(chosen: tuple[str, ...], folder: Stage) -> None:
    folder.put(f"{KEY}.backup", made_state("a", serial=1))
    folder.put(KEY, made_state("b", serial=2))
    done = folder.run(
        "restore", "5a1f", "--version", "orders.tfstate.backup", "--yes", "--json", *chosen
    )
    assert done.code == 0, done.stderr
    assert (done.document["added"], done.document["removed"]) == (
        ["terraform_data.a"],
        ["terraform_data.b"],
    )
    assert folder.document()["serial"] == done.document["serial"]


def test_a_dry_run_tells_the_difference_and_changes_nothing(bucket: Stage) -> None:
    newer = made_state("b", "c", serial=2, value="two")
    first, _ = past(bucket, made_state("a", "b", serial=1), newer)
    done = bucket.run("restore", "5a1f", "--version", first, "--dry-run", "--json")
    assert done.code == 0
    document = done.document
    assert (document["added"], document["removed"], document["changed"]) == (
        ["terraform_data.a"],
        ["terraform_data.c"],
        ["terraform_data.b"],
    )
    assert document["restored"] is False
    assert bucket.text(KEY) == newer


def test_without_a_person_and_without_yes_nothing_is_done(bucket: Stage) -> None:
    first, _ = past(bucket, made_state("a", serial=1), made_state("b", serial=2))
    assert bucket.run("restore", "5a1f", "--version", first, stdin="y\n").code == 2
    assert bucket.text(KEY) == made_state("b", serial=2)


def test_a_locked_state_is_not_touched_and_its_holder_is_named(bucket: Stage) -> None:
    first, _ = past(bucket, made_state("a", serial=1), made_state("b", serial=2))
    bucket.put(f"{KEY}.tflock", json_text.write(HOLDER))
    done = bucket.run("restore", "5a1f", "--version", first, "--yes")
    assert done.code == 14
    assert "ci@runner-7" in done.stderr
    assert bucket.text(KEY) == made_state("b", serial=2)


@pytest.mark.parametrize(
    ("foreign", "told"),
    [
        (made_state(lineage="another"), "its lineage"),
        (made_state(stamp="services/other"), "stamped as the state of services/other"),
        ('{"encrypted_data": "x", "serial": 1, "lineage": "l"}', "encrypted"),
    ],
)
def test_a_version_that_is_not_this_state_s_past_is_refused(
    bucket: Stage, foreign: str, told: str
) -> None:
    first, _ = past(bucket, foreign, made_state(serial=9))
    done = bucket.run("restore", "5a1f", "--version", first, "--yes")
    assert done.code == 19
    assert told in done.stderr
    assert bucket.text(KEY) == made_state(serial=9)


def test_a_damaged_state_is_replaced_where_versions_are_kept(
    chosen: tuple[str, ...], bucket: Stage
) -> None:
    first, _ = past(bucket, made_state("a", serial=4), "{ damaged")
    done = bucket.run("restore", "5a1f", "--version", first, "--yes", *chosen)
    assert done.code == 0, done.stderr
    document = bucket.document()
    assert document["lineage"] == LINEAGE
    assert isinstance(document["serial"], int)
    assert document["serial"] > 4
    # The damaged one is still there to be looked at.
    versions = bucket.backend.versions(StateKey(KEY, exists=True))
    texts = [bucket.backend.read_version(StateKey(KEY, exists=True), v.id) for v in versions]
    assert "{ damaged" in texts


def test_a_damaged_state_in_a_folder_is_left_to_a_person(folder: Stage) -> None:
    folder.put(f"{KEY}.backup", made_state())
    folder.put(KEY, "{ damaged")
    done = folder.run("restore", "5a1f", "--version", "orders.tfstate.backup", "--yes")
    assert done.code == 19
    assert folder.text(KEY) == "{ damaged"
    assert folder.text(f"{KEY}.backup") == made_state()


def test_a_removed_state_comes_back_by_its_key(chosen: tuple[str, ...], bucket: Stage) -> None:
    (first,) = past(bucket, made_state("a", serial=4))
    backend = bucket.backend
    backend.remove(StateKey(KEY, exists=True))
    done = bucket.run("restore", KEY, "--version", first, "--yes", *chosen)
    assert done.code == 0, done.stderr
    document = bucket.document()
    assert document["lineage"] == LINEAGE
    assert bucket.run("show", "5a1f", "--json").document["resources"] == 1


def test_the_engine_itself_refuses_what_would_lose_something(
    engine: EngineBinary, bucket: Stage
) -> None:
    bucket.put(KEY, made_state(serial=5))
    writer = StateWriter(engine, environment=bucket.environment, redactor=Redactor())
    block = bucket.backend.block(StateKey(KEY, exists=True))
    for text in (made_state(serial=4, value="x"), made_state(serial=9, lineage="another")):
        with pytest.raises(EngineError):
            writer.push(block, text)
    bucket.put(f"{KEY}.tflock", json_text.write(HOLDER))
    with pytest.raises(StateLockedError) as caught:
        writer.push(block, made_state(serial=6, value="x"))
    assert "ci@runner-7" in caught.value.message
    assert bucket.text(KEY) == made_state(serial=5)
