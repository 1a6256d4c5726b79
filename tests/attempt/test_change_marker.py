"""The marker around a change: whom it stops, when it goes, and what it says of a create."""

from __future__ import annotations

import pytest
from attempt_fixtures import PLACE, Played

from purveyor.action import Operation
from purveyor.errors import PurveyorError, ReasonCode, RecoveryError
from purveyor.journal import Capsules
from purveyor.lock import Lock
from purveyor.plan import Verb
from purveyor.step import ResourceMoved

MOVED = ResourceMoved("a.b", Verb.CREATE, "started", resource_type="a")


def other(played: Played, *, dead: bool | None = None) -> Played:
    """Let another action of the same service begin, on another run."""
    return Played(played.store, "a-2", "200", Operation.UPDATE, dead)


def lost(dead: bool | None, *, quiet: float = 400.0) -> Played:  # noqa: FBT001 - a CI's answer
    """Return an action that meets the marker of one that fell silent."""
    first = Played()
    first.change.begin()
    first.store.time.turn(quiet)
    return other(first, dead=dead)


def test_the_marker_stands_from_the_change_to_its_close() -> None:
    played = Played()
    assert played.change.begin() is None
    assert played.marker() == '{"run": "https://ci/100", "at": 1000.0}'
    played.change.settle()
    assert played.marker() is not None, "until the capsule is kept"
    played.change.close()
    assert played.marker() is None


def test_a_marker_tells_the_step_that_changes_things() -> None:
    played = Played()
    played.change.enter("seed", played.state)
    played.change.begin()
    (marker,) = played.store.journal().markers.find(played.record.blank.ref)
    assert (marker.step, marker.action, marker.attempt) == ("seed", "a-1", 1)


def test_steps_share_one_marker_which_stays_while_the_last_is_unsettled() -> None:
    played = Played()
    played.change.begin()
    played.change.settle()
    played.change.enter("second", played.state)
    played.change.begin()
    played.change.close()
    assert played.marker() is not None


def test_what_was_never_settled_stays_marked() -> None:
    played = Played()
    played.change.begin()
    played.change.close()
    assert played.marker() is not None


def test_a_change_that_touched_nothing_is_withdrawn() -> None:
    played = Played()
    played.change.begin()
    played.change.withdraw()
    assert played.marker() is None


def test_a_change_waits_for_a_live_one() -> None:
    first = Played()
    first.change.begin()
    second = other(first)
    rival = second.change.begin()
    assert rival is not None
    assert (rival.who, rival.created) == ("https://ci/100", "1970-01-01T00:16:40Z")
    assert second.marker() is None
    assert not second.record.begun


@pytest.mark.parametrize(
    ("dead", "words"), [(True, "A run was lost while"), (None, "has fallen silent")]
)
def test_a_change_that_was_lost_is_doubted(dead: bool | None, words: str) -> None:  # noqa: FBT001 - a CI's answer
    second = lost(dead)
    with pytest.raises(RecoveryError, match=words) as refused:
        second.change.begin()
    assert "purveyor state settle service/s-1" in refused.value.hint
    assert second.marker() is None


def test_a_silent_run_that_its_ci_calls_alive_is_waited_for() -> None:
    second = lost(dead=False)
    assert second.change.begin() is not None


def test_the_own_marker_of_an_earlier_try_within_the_attempt_stops_nobody() -> None:
    played = Played()
    played.change.begin()
    assert played.change.begin() is None


def test_a_create_that_leaves_no_capsule_is_noted_before_its_marker_goes() -> None:
    played = Played()
    played.change.begin()
    played.change.settle()
    played.change.close()
    written = [path for _, path in played.store.written()][-2:]
    assert written == [f"{PLACE}/begun.json", f"{PLACE}/changing/a-1/1"]


def test_an_update_needs_no_note() -> None:
    played = Played(operation=Operation.UPDATE)
    played.change.begin()
    played.change.settle()
    played.change.close()
    assert f"{PLACE}/begun.json" not in played.store.texts


def test_a_marker_that_cannot_be_taken_away_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    played = Played()
    played.change.begin()
    played.change.settle()

    def refuse(_: str) -> None:
        raise RecoveryError("away", reason=ReasonCode.STATE_UNREADABLE, hint="")

    monkeypatch.setattr(played.store, "remove", refuse)
    played.change.close()
    assert "purveyor state settle" in played.record.notes[0]


def test_a_store_that_refuses_the_marker_stops_the_change(monkeypatch: pytest.MonkeyPatch) -> None:
    played = Played()

    def refuse(_: str, __: str) -> None:
        raise RecoveryError("away", reason=ReasonCode.STATE_UNREADABLE, hint="")

    monkeypatch.setattr(played.store, "put", refuse)
    with pytest.raises(PurveyorError):
        played.change.begin()


def test_the_lock_of_the_engine_is_told_by_the_next_sign_of_life() -> None:
    played = Played()
    played.change.begin()
    played.store.time.turn(2.0)
    played.state.lock = Lock("l-1", who="ci@runner-1", created="1970-01-01T00:16:41Z")
    played.attempt.notice(MOVED)
    played.store.time.turn(1.0)
    played.attempt._heart.turn()  # noqa: SLF001 - what the thread does in a run
    found = played.store.journal().last("a-1")
    assert found is not None
    assert found.beat is not None
    assert found.beat.lock_id == "l-1"


def test_a_lock_of_before_the_change_is_anothers() -> None:
    played = Played()
    played.change.begin()
    played.state.lock = Lock("l-0", who="ci@runner-1", created="1970-01-01T00:00:05Z")
    played.attempt.notice(MOVED)
    played.store.time.turn(1.0)
    played.attempt._heart.turn()  # noqa: SLF001 - what the thread does in a run
    found = played.store.journal().last("a-1")
    assert found is not None
    assert found.beat is None


def test_a_lost_change_proves_that_something_may_exist() -> None:
    played = Played()
    Capsules(played.store).note_untouched(played.record.blank.ref, "a-0")
    assert Capsules(played.store).was_never_built(played.record.blank.ref)
    played.change.begin()
    assert not Capsules(played.store).was_never_built(played.record.blank.ref)
