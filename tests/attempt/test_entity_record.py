"""What is remembered of an entity: its capsule and secrets, and the proof that it is gone."""

from __future__ import annotations

import dataclasses

import pytest
from attempt_fixtures import PLACE, HeldState, Played, make_blank

from purveyor.action import Operation
from purveyor.attempt import CheckedState, EntityRecord
from purveyor.errors import CatalogError, EngineError, ReasonCode, RecoveryError
from purveyor.journal import Capsules, Secrets
from purveyor.plan import Change, Verb
from purveyor.state_key import StateDocument

CAPSULE = dataclasses.replace(make_blank(), at=1.0, lineage="l", tree="t", withheld=("password",))
SECRETS = Secrets({"password": "hunter2"}, {})
FORGOTTEN = Change("a.b", "a", Verb.FORGET)


def deleting(before: Played, action: str = "a-2") -> Played:
    return Played(before.store, action, "200", Operation.DELETE)


def test_secrets_are_kept_before_the_capsule_that_needs_them() -> None:
    played = Played()
    played.record.keep(CAPSULE, SECRETS, ())
    written = [path for _, path in played.store.written()][-2:]
    assert written == [f"{PLACE}/secrets.json", f"{PLACE}/capsule.json"]
    assert played.record.kept


def test_a_capsule_is_read_once() -> None:
    played = Played()
    Capsules(played.store).keep(CAPSULE)
    asked = len(played.store.asked)
    assert played.record.recall() == CAPSULE
    assert played.record.recall() == CAPSULE
    assert len(played.store.asked) == asked + 1


def test_secrets_are_read_only_where_some_were_withheld() -> None:
    played = Played()
    Capsules(played.store).keep_secrets(CAPSULE.ref, SECRETS)
    assert played.record.recall_secrets(CAPSULE) == SECRETS
    assert played.record.recall_secrets(make_blank()) == Secrets()


def test_without_a_store_nothing_is_known_and_nothing_kept() -> None:
    played = Played(kept=False)
    played.record.keep(CAPSULE, SECRETS, ())
    assert (played.record.recall(), played.record.explain_absence()) == (None, "")
    assert not played.record.kept
    assert f"{PLACE}/capsule.json" not in played.store.texts


def test_a_store_that_fails_after_the_work_is_said_and_stops_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    played = Played()

    def refuse(_: str, __: str) -> None:
        raise RecoveryError("The store is away.", reason=ReasonCode.STATE_UNREADABLE, hint="")

    monkeypatch.setattr(played.store, "put", refuse)
    played.record.keep(CAPSULE, Secrets(), ())
    assert played.record.notes == ["The store is away. The entity's capsule could not be written."]
    assert not played.record.kept


def fail(record: EntityRecord) -> None:
    with pytest.raises(EngineError), record.noticing_failure():
        raise EngineError("It failed.", hint="Look.")


def test_nothing_proves_an_absence_before_a_create_has_ended_untouched() -> None:
    assert deleting(Played()).record.explain_absence() == ""


def test_a_create_that_ended_before_it_changed_anything_proves_it() -> None:
    played = Played()
    fail(played.record)
    assert deleting(played).record.explain_absence() == "nothing was ever created"


@pytest.mark.parametrize("further", ["begun", "found"])
def test_a_create_that_may_have_built_something_proves_nothing(further: str) -> None:
    played = Played()
    setattr(played.record, further, True)
    fail(played.record)
    assert deleting(played).record.explain_absence() == ""


def test_an_update_that_fails_proves_nothing() -> None:
    played = Played(operation=Operation.UPDATE)
    fail(played.record)
    assert f"{PLACE}/untouched.json" not in played.store.texts


def test_a_tombstone_proves_that_it_was_deleted() -> None:
    played = Played(operation=Operation.DELETE)
    Capsules(played.store).keep_secrets(CAPSULE.ref, SECRETS)
    Capsules(played.store).keep(CAPSULE)
    played.record.recall()
    played.record.bury(state_key="services/s-1/orders.tfstate")
    again = deleting(played)
    assert again.record.explain_absence() == "it was deleted before"
    assert again.record.recall_living() is None
    assert f"{PLACE}/secrets.json" not in played.store.texts


def test_a_delete_that_let_something_go_is_not_done_until_it_is_settled() -> None:
    played = Played(operation=Operation.DELETE)
    played.record.bury(state_key="k", retained=("a.b",))
    again = deleting(played)
    with pytest.raises(RecoveryError, match="not wholly deleted") as refused:
        again.record.explain_absence()
    assert refused.value.reason is ReasonCode.RETAINED
    assert Capsules(played.store).release(CAPSULE.ref, {"at": "now"}) == ("a.b",)
    assert deleting(again, "a-3").record.explain_absence() == "it was deleted before"


def test_what_was_let_go_of_is_remembered_however_the_action_ends() -> None:
    played = Played(operation=Operation.UPDATE)
    played.record.note_let_go([FORGOTTEN], state_key="k")
    kept = Capsules(played.store).read(CAPSULE.ref)
    assert kept is not None
    assert (kept.retained, kept.state_key, kept.slug) == (("a.b",), "k", "orders")


def test_an_import_takes_back_what_was_let_go_of() -> None:
    played = Played(operation=Operation.UPDATE)
    Capsules(played.store).keep(dataclasses.replace(CAPSULE, retained=("a.b", "a.c")))
    assert played.record.let_go([Change("a.b", "a", Verb.IMPORT)]) == ("a.c",)


def test_a_state_of_another_lineage_is_refused() -> None:
    played = Played(operation=Operation.UPDATE)
    Capsules(played.store).keep(CAPSULE)
    played.record.recall()
    state = CheckedState(HeldState(StateDocument(1, "elsewhere", 0)), played.record)
    with pytest.raises(RecoveryError) as refused:
        state.read()
    assert refused.value.reason is ReasonCode.STATE_FOREIGN
    assert CheckedState(HeldState(StateDocument(1, "l", 0)), played.record).read() is not None


def test_a_lineage_is_read_once() -> None:
    held = HeldState(StateDocument(1, "l", 0))
    state = CheckedState(held, Played().record)
    assert (state.lineage(), state.lineage(), held.reads) == ("l", "l", 1)


def test_what_was_decided_once_is_found_by_the_create_that_follows_a_broken_one() -> None:
    broken = Played()
    assert broken.record.recall_computed() == {}
    broken.record.computed = {"bucket": "np-news-a"}
    broken.record.note_begun()
    again = Played(broken.store, "a-2", "200")
    assert again.record.recall_computed() == {"bucket": "np-news-a"}


def test_what_a_success_decided_counts_and_a_damaged_note_does_not() -> None:
    played = Played()
    played.store.put(f"{PLACE}/begun.json", "{torn")
    assert played.record.recall_computed() == {}
    decided = dataclasses.replace(CAPSULE, computed={"bucket": "b"})
    played = Played(played.store, "a-3", "300")
    played.record.keep(decided, SECRETS, ())
    assert deleting(played).record.recall_computed() == {"bucket": "b"}


def test_nothing_can_be_decided_once_where_nothing_is_kept() -> None:
    with pytest.raises(CatalogError) as caught:
        Played(kept=False).record.recall_computed()
    assert caught.value.reason is ReasonCode.CATALOG_INVALID


def test_silence_is_proof_only_where_nothing_but_the_journal_would_know() -> None:
    played = Played(operation=Operation.UPDATE)
    assert played.record.explain_absence() == ""
    assert played.record.explain_absence(silence=True) == "nothing was ever created"
    Capsules(played.store).note_begun(played.record.blank.ref, "a-0")
    assert played.record.explain_absence(silence=True) == ""


def test_the_own_marker_does_not_prove_that_something_may_exist() -> None:
    played = deleting(Played(action="a-0"))
    Capsules(played.store).note_untouched(played.record.blank.ref, "a-0")
    with played.change.taking_turn(0.0, played.told.append):
        assert played.record.explain_absence() == ""
        own = f"{PLACE}/changing/a-2/1"
        assert played.record.explain_absence(marker=own) == "nothing was ever created"
