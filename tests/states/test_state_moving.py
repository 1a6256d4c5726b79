"""A state that moves arrives whole, is never overwritten, and goes on after any break."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from state_fixtures import HOLDER, KEY, LINEAGE, Stage, local_stage, made_state, s3_stage

from purveyor import json_text
from purveyor.engines.terraform.state_writer import StateWriter
from purveyor.redaction import Redactor
from purveyor.state_key import StateKey
from purveyor.states.content import read_content
from purveyor.states.entity import Named
from purveyor.states.moving import Move, Moved, Mover, NamedBackend, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from moto_server import MotoServer
    from purveyor.engines.binary import EngineBinary
    from purveyor.states.restoring import Writer
    from purveyor.step import BackendBlock

pytestmark = [pytest.mark.engine, pytest.mark.slow]
MARK = f"{KEY}.moved"
MOVE = Move(Named("service", "5a1f", "orders"), StateKey(KEY, exists=True))


class BrokenError(Exception):
    """The process ends here."""


class Fuse:
    """Lets so many calls through, then ends the process, as far as a test can."""

    def __init__(self, calls: int) -> None:
        self.left = calls

    def spend(self) -> None:
        if self.left == 0:
            raise BrokenError
        self.left -= 1


class Fused:
    """Something whose every call spends the fuse first."""

    def __init__(self, real: object, fuse: Fuse) -> None:
        self._real = real
        self._fuse = fuse

    def __getattr__(self, name: str) -> object:
        found = getattr(self._real, name)
        return self._guard(found) if callable(found) else found

    def _guard(self, call: Callable[..., object]) -> Callable[..., object]:
        def guarded(*arguments: object) -> object:
            self._fuse.spend()
            return call(*arguments)

        return guarded


def writer(stage: Stage, engine: EngineBinary) -> StateWriter:
    return StateWriter(engine, environment=stage.environment, redactor=Redactor())


def mover(old: Stage, new: Stage, engine: EngineBinary, fuse: Fuse | None = None) -> Mover:
    def wrap(real: object) -> object:
        return real if fuse is None else Fused(real, fuse)

    pushing: Writer = wrap(writer(new, engine))  # type: ignore[assignment]  # a stand-in for any port
    return Mover(
        NamedBackend(wrap(old.backend), "old"),  # type: ignore[arg-type]  # see above
        NamedBackend(wrap(new.backend), "new"),  # type: ignore[arg-type]  # see above
        pushing,
        clock=lambda: "2026-11-20T12:00:00Z",
    )


def check_copied(old: Stage, new: Stage, moved: Moved) -> None:
    assert moved.verdict in {Verdict.MOVED, Verdict.ALREADY}, moved
    there = read_content(new.text(KEY), where="new")
    here = read_content(old.text(KEY), where="old")
    assert there.digest == here.digest
    assert there.document.lineage == here.document.lineage == LINEAGE
    assert there.document.serial >= here.document.serial
    mark = json_text.parse(old.text(MARK))
    assert isinstance(mark, dict)
    assert (mark["stage"], mark["moved_to"]) == ("moved", f"new/{KEY}")
    assert [path for path in new.paths() if path.endswith((".tflock", ".moved"))] == []


DIRECTIONS = pytest.mark.parametrize("way", ["out", "home"])


def ends(way: str, folder: Stage, bucket: Stage) -> tuple[Stage, Stage]:
    return (folder, bucket) if way == "out" else (bucket, folder)


@DIRECTIONS
def test_a_state_arrives_whole_and_its_old_place_is_marked(
    way: str, engine: EngineBinary, folder: Stage, bucket: Stage
) -> None:
    old, new = ends(way, folder, bucket)
    old.put(KEY, made_state("a", "b", serial=7))
    check_copied(old, new, mover(old, new, engine).move(MOVE))
    assert old.text(KEY) == made_state("a", "b", serial=7)
    again = mover(old, new, engine).move(MOVE)
    assert again.verdict is Verdict.ALREADY


@pytest.mark.slow
@pytest.mark.parametrize("stride", [pytest.param(1, marks=pytest.mark.long), 4])
@DIRECTIONS
def test_a_move_that_breaks_at_any_step_is_finished_by_the_next_one(
    way: str, stride: int, terraform_binary: EngineBinary, folder: Stage, bucket: Stage
) -> None:
    old, new = ends(way, folder, bucket)
    steps, moved = 0, None
    while moved is None:
        old.put(KEY, made_state("a", serial=7))
        try:
            moved = mover(old, new, terraform_binary, Fuse(steps)).move(MOVE)
        except BrokenError:
            steps += stride
            # The old state is whole at every moment, and the next try needs nobody's help.
            assert old.text(KEY) == made_state("a", serial=7)
            check_copied(old, new, mover(old, new, terraform_binary).move(MOVE))
            forget(old, new)
    assert moved.verdict is Verdict.MOVED
    assert steps > 10


def forget(old: Stage, new: Stage) -> None:
    for stage, key in ((old, MARK), (new, KEY)):
        stage.backend.remove(StateKey(key, exists=True))


@pytest.fixture
def terraform_binary(terraform: Path) -> EngineBinary:
    """One engine is enough where only the steps between its calls matter."""
    from purveyor.engines.binary import EngineBinary

    return EngineBinary(terraform, "terraform", "1.11.4")


@DIRECTIONS
def test_a_copy_is_renewed_when_the_old_state_went_on_before_the_move_was_done(
    way: str, engine: EngineBinary, folder: Stage, bucket: Stage
) -> None:
    old, new = ends(way, folder, bucket)
    old.put(KEY, made_state("a", serial=7))
    mover(old, new, engine).move(MOVE)
    old.put(MARK, re.sub('"stage": "moved"', '"stage": "copying"', old.text(MARK)))
    old.put(KEY, made_state("a", "b", serial=8))
    check_copied(old, new, mover(old, new, engine).move(MOVE))


@pytest.mark.parametrize(
    "there",
    [
        made_state("other", serial=1, lineage="another"),
        made_state("a", "c", serial=9),
    ],
)
def test_what_others_have_put_there_is_never_overwritten(
    engine: EngineBinary, folder: Stage, bucket: Stage, there: str
) -> None:
    folder.put(KEY, made_state("a", serial=7))
    bucket.put(KEY, there)
    moved = mover(folder, bucket, engine).move(MOVE)
    assert moved.verdict is Verdict.REFUSED
    assert "another state" in moved.note
    assert bucket.text(KEY) == there
    assert MARK not in folder.paths()


def test_a_state_that_lives_on_in_its_new_place_is_left_alone(
    engine: EngineBinary, folder: Stage, bucket: Stage
) -> None:
    folder.put(KEY, made_state("a", serial=7))
    mover(folder, bucket, engine).move(MOVE)
    bucket.put(KEY, made_state("a", "b", serial=20))
    assert mover(folder, bucket, engine).move(MOVE).verdict is Verdict.ALREADY
    assert bucket.text(KEY) == made_state("a", "b", serial=20)
    folder.put(KEY, made_state("c", serial=8))
    assert mover(folder, bucket, engine).move(MOVE).verdict is Verdict.REFUSED
    assert bucket.text(KEY) == made_state("a", "b", serial=20)


def test_a_state_that_has_moved_is_not_moved_once_more_from_where_it_was(
    engine: EngineBinary, folder: Stage, bucket: Stage, tmp_path: Path, environment: dict[str, str]
) -> None:
    folder.put(KEY, made_state("a", serial=7))
    mover(folder, bucket, engine).move(MOVE)
    third = local_stage(tmp_path / "third", environment)
    usual = mover(folder, third, engine)
    elsewhere = Mover(usual.source, NamedBackend(third.backend, "third"), usual.writer, usual.clock)
    refused = elsewhere.move(MOVE)
    assert (refused.verdict, f"has moved to new/{KEY}" in refused.note) == (Verdict.REFUSED, True)
    assert third.paths() == []
    # What was deleted in the new place since does not come back.
    bucket.backend.remove(MOVE.old)
    refused = mover(folder, bucket, engine).move(MOVE)
    assert (refused.verdict, "gone from there" in refused.note) == (Verdict.REFUSED, True)
    assert bucket.paths() == []


def test_a_place_under_another_name_is_no_new_one(engine: EngineBinary, folder: Stage) -> None:
    folder.put(KEY, made_state("a", serial=7))
    moved = mover(folder, folder, engine).move(MOVE)
    assert (moved.verdict, "are the same" in moved.note) == (Verdict.REFUSED, True)
    assert folder.paths() == [KEY]


def test_a_run_that_works_on_the_old_state_meanwhile_is_noticed(
    engine: EngineBinary, folder: Stage, bucket: Stage
) -> None:
    folder.put(KEY, made_state("a", serial=7))

    class Meanwhile:
        def push(self, block: BackendBlock, text: str) -> None:
            writer(bucket, engine).push(block, text)
            folder.put(KEY, made_state("a", "b", serial=8))

    usual = mover(folder, bucket, engine)
    moved = Mover(usual.source, usual.destination, Meanwhile(), usual.clock).move(MOVE)
    assert moved.verdict is Verdict.REFUSED
    assert "meanwhile" in moved.note
    check_copied(folder, bucket, mover(folder, bucket, engine).move(MOVE))


@pytest.mark.parametrize("side", ["old", "new"])
def test_a_locked_state_stays_where_it_is(
    engine: EngineBinary, environment: dict[str, str], tmp_path: Path, moto: MotoServer, side: str
) -> None:
    old = s3_stage(tmp_path / "old", environment, moto, lock="lockfile")
    new = s3_stage(tmp_path / "new", environment, moto, lock="lockfile")
    old.put(KEY, made_state())
    (old if side == "old" else new).put(f"{KEY}.tflock", json_text.write(HOLDER))
    moved = mover(old, new, engine).move(MOVE)
    assert moved.verdict is Verdict.REFUSED
    assert "ci@runner-7" in moved.note
    assert KEY not in new.paths()


def test_the_engine_can_use_a_copy_beside_dynamodb_s_checksum(
    engine: EngineBinary,
    folder: Stage,
    environment: dict[str, str],
    tmp_path: Path,
    moto: MotoServer,
) -> None:
    new = s3_stage(tmp_path / "new", environment, moto, lock="both")
    folder.put(KEY, made_state("a", serial=3))
    check_copied(folder, new, mover(folder, new, engine).move(MOVE))
    block = new.backend.block(StateKey(KEY, exists=True))
    # A checksum that does not fit makes every command fail after ten seconds (measured).
    writer(new, engine).push(block, made_state("b", serial=30))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        # What is not plain ASCII may have lost bytes on its way, so that it is no copy.
        ('{"encrypted_data": "\ufffd", "serial": 1, "lineage": "l"}', "encrypted"),
        (made_state(stamp="services/other"), "stamped as the state of services/other"),
    ],
)
def test_what_cannot_or_must_not_be_copied_stays(
    engine: EngineBinary, folder: Stage, bucket: Stage, text: str, told: str
) -> None:
    folder.put(KEY, text)
    moved = mover(folder, bucket, engine).move(MOVE)
    assert (moved.verdict, told in moved.note) == (Verdict.REFUSED, True)
    assert bucket.paths() == []
