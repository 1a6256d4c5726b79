"""What every backend promises, with real engines against real stores."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from backend_fixtures import BY_ID, MODULE, PLACES, WAITING, Place, Workbench, entity, places

from purveyor.action import Kind
from purveyor.errors import ContextError, ReasonCode, RecoveryError, StateLockedError
from purveyor.state_key import OutputValue, StateKey

if TYPE_CHECKING:
    from pathlib import Path

    from purveyor.engines.binary.model import EngineBinary

CLOUD = ("minio", "azurerm", "gcs")
EVERYWHERE = places(*PLACES)
WHATEVER_THE_KEYS = places(*PLACES, about_keys=False)
LISTING = places(*(each for each in PLACES if each not in BY_ID))


@EVERYWHERE
def test_a_state_is_made_where_its_key_says_and_read_back(
    place: Place, engine: EngineBinary, tmp_path: Path
) -> None:
    bench = Workbench(engine.path, place, tmp_path)
    key = place.backend.locate(entity())
    assert key == StateKey(place.natural, exists=False)
    assert place.backend.access(key).read() is None
    assert bench.apply(key).endswith("exit 0")
    assert place.paths() == [key.path]
    state = place.backend.access(key).read()
    assert state is not None
    assert (state.resources, state.serial > 0, bool(state.lineage)) == (2, True, True)
    assert state.outputs["size"] == OutputValue(1)
    assert state.outputs["password"] == OutputValue("hunter2", sensitive=True)
    assert place.backend.locate(entity()) == StateKey(key.path, exists=True)


@EVERYWHERE
def test_a_state_is_kept_to_when_the_slug_changes(bench: Workbench) -> None:
    backend = bench.place.backend
    old = backend.locate(entity(slug="old"))
    bench.apply(old)
    renamed = backend.locate(entity(slug="new"))
    assert renamed == StateKey(old.path, exists=True)
    assert "No changes" in bench.apply(renamed)
    assert bench.place.paths() == [old.path]


@LISTING
def test_two_states_under_one_id_are_refused_and_both_are_named(place: Place) -> None:
    place.put(place.at("services/5a1f/one.tfstate"), "{}")
    place.put(place.at("services/5a1f/two.tfstate"), "{}")
    with pytest.raises(RecoveryError) as caught:
        place.backend.locate(entity())
    assert caught.value.reason is ReasonCode.STATE_AMBIGUOUS
    assert caught.value.details == (
        place.at("services/5a1f/one.tfstate"),
        place.at("services/5a1f/two.tfstate"),
    )


@LISTING
def test_what_is_no_state_of_this_entity_is_not_taken_for_one(place: Place) -> None:
    place.put(place.at("services/5a1f/old.tfstate.backup"), "{}")
    place.put(place.at("services/5a1f/.old.tfstate.lock.info"), "{}")
    place.put(place.at("services/5a1f/deeper/old.tfstate"), "{}")
    place.put(place.at("services/5a1f0/old.tfstate"), "{}")
    place.put(place.at("links/5a1f/old.tfstate"), "{}")
    key = place.backend.locate(entity())
    assert key == StateKey(place.natural, exists=False)
    assert place.backend.locate(entity(kind=Kind.LINK)) == StateKey(
        place.at("links/5a1f/old.tfstate"), exists=True
    )


@EVERYWHERE
def test_an_id_that_is_no_path_part_is_refused(place: Place) -> None:
    for bad in ("", "..", "a/b", ".hidden", "a" * 129, "a b", "a\n"):
        with pytest.raises(ContextError):
            place.backend.locate(entity(bad))


@WHATEVER_THE_KEYS
def test_two_runs_on_one_state_exclude_each_other_and_the_holder_is_seen(
    bench: Workbench,
) -> None:
    backend = bench.place.backend
    key = backend.locate(entity())
    assert backend.access(key).holder() is None
    held = bench.hold(key)
    holder = backend.access(key).holder()
    refused = bench.apply(key)
    assert held.let_go() == 0
    assert holder is not None
    assert refused.endswith("exit 1")
    assert "Error acquiring the state lock" in refused
    assert holder.id
    assert holder.created
    assert "@" in holder.who
    if bench.place.engine_knows_holder:
        assert holder.id in refused
        assert holder.operation == "apply"
    assert backend.access(key).holder() is None


@WHATEVER_THE_KEYS
def test_runs_on_two_states_do_not_meet(bench: Workbench) -> None:
    backend = bench.place.backend
    one, other = backend.locate(entity("1")), backend.locate(entity("2"))
    held = bench.hold(one)
    assert bench.apply(other).endswith("exit 0")
    assert backend.access(other).holder() is None
    assert held.let_go() == 0


@WHATEVER_THE_KEYS
def test_a_killed_run_leaves_the_last_state_and_its_lock_tells_of_it(bench: Workbench) -> None:
    backend = bench.place.backend
    key = backend.locate(entity())
    bench.apply(key)
    before = backend.access(key).read()
    held = bench.hold(key, MODULE + WAITING)
    held.kill()
    holder = backend.access(key).holder()
    after = backend.access(key).read()
    assert before is not None
    assert after is not None
    assert after.lineage == before.lineage
    assert after.resources >= before.resources
    if bench.place.frees_itself:
        assert holder is None
        if bench.place.name == "local":
            # The system lets go of a dead process's lock; the file that names it is still there.
            info = bench.place.at("services/5a1f/.orders-db.tfstate.lock.info")
            assert info in bench.place.paths()
        assert bench.apply(key).endswith("exit 0")
    else:
        assert holder is not None
        assert holder.id in bench.apply(key)


# A lock that only DynamoDB holds leaves nothing in the entity's folder.
@places("local", "lockfile", "both", "pg", *CLOUD)
def test_a_first_run_that_was_killed_is_found_again_under_another_slug(bench: Workbench) -> None:
    backend = bench.place.backend
    first = backend.locate(entity(slug="old"))
    bench.hold(first).kill()
    state = backend.access(first).read()
    assert backend.locate(entity(slug="new")) == StateKey(first.path, exists=state is not None)
    # Two of the engine's backends write an empty state before the first run takes its lock.
    assert (state is not None) is (bench.place.name in {"azurerm", "gcs"})
    assert state is None or state.resources == 0


@WHATEVER_THE_KEYS
def test_a_deleted_state_is_removed_and_removing_it_again_changes_nothing(
    bench: Workbench,
) -> None:
    backend = bench.place.backend
    key = backend.locate(entity())
    bench.apply(key)
    assert bench.apply(key, destroy=True).endswith("exit 0")
    emptied = backend.access(key).read()
    assert emptied is not None
    assert emptied.resources == 0
    backend.remove(key)
    assert bench.place.paths() == []
    assert backend.locate(entity()).exists is False
    backend.remove(key)
    assert bench.apply(key).endswith("exit 0")


# With a table, the digest takes the request that would look at the lock.
@places("local", "lockfile", "pg", *CLOUD, about_keys=False)
def test_a_state_that_somebody_works_on_is_not_removed(bench: Workbench) -> None:
    backend = bench.place.backend
    key = backend.locate(entity())
    bench.apply(key)
    held = bench.hold(key)
    with pytest.raises(StateLockedError) as caught:
        backend.remove(key)
    held.let_go()
    assert "holds its lock" in caught.value.message
    assert key.path in bench.place.paths()


@EVERYWHERE
def test_a_state_that_cannot_be_read_is_an_error_and_never_no_state(place: Place) -> None:
    cut = '{"version": 4, "serial": 1, "lin'
    for content in ("not json", cut, "[]", '{"version": 3}', "{}", '"\xff"', " "):
        place.put(place.natural, content)
        key = place.backend.locate(entity())
        assert key.exists
        with pytest.raises(RecoveryError) as caught:
            place.backend.access(key).read()
        assert caught.value.reason is ReasonCode.STATE_UNREADABLE
        assert key.path in caught.value.message


@places("lockfile", "both", "minio")
def test_a_lock_whose_text_is_broken_is_still_held(place: Place) -> None:
    place.put(place.at("services/5a1f/orders-db.tfstate.tflock"), "[1")
    holder = place.backend.access(place.backend.locate(entity())).holder()
    assert holder is not None
    assert holder.id == ""
