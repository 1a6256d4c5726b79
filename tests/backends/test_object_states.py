"""States in a store of objects, in memory: what a listing means, whatever objects are called."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from backend_fixtures import entity

from purveyor.backends.model import MOVED
from purveyor.backends.object_states import PLAIN, Naming, ObjectStates, StateLocks
from purveyor.backends.stores import ObjectStore, StoredObject
from purveyor.state_key import KEYS, SUFFIX, StateKey
from purveyor.step import BackendBlock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from purveyor.backends.model import StateVersion
    from purveyor.lock import Lock

NOW = datetime(2026, 11, 20, tzinfo=UTC)
PATH = "services/5a1f/orders-db.tfstate"
# Names whose lock comes right before its state, as in Google's store.
APART = Naming("/default.tfstate", f"/default.tfstate{MOVED}", SUFFIX)
BOTH = pytest.mark.parametrize(
    ("naming", "ending", "name"),
    [
        (PLAIN, ".tflock", "services/5a1f/orders-db.tfstate"),
        (APART, "/default.tflock", "services/5a1f/orders-db/default.tfstate"),
    ],
    ids=["beside", "apart"],
)


class Shelf(ObjectStore):
    """Texts in a dictionary; `seen` counts what a listing has told."""

    def __init__(self, *, has_placeholders: bool = False) -> None:
        self.texts: dict[str, str] = {}
        self.has_placeholders = has_placeholders
        self.seen = 0

    def objects(self, begin: str) -> Iterator[StoredObject]:
        for path in sorted(each for each in self.texts if each.startswith(begin)):
            self.seen += 1
            yield StoredObject(path, len(self.texts[path]), NOW)

    def read(self, path: str) -> str | None:
        return self.texts.get(path)

    def put(self, path: str, text: str) -> None:
        self.texts[path] = text

    def create(self, path: str, text: str) -> bool:
        return self.texts.setdefault(path, text) is text

    def remove(self, path: str) -> None:
        self.texts.pop(path, None)

    def versions(self, path: str) -> list[StateVersion]:
        raise NotImplementedError(path)

    def version(self, path: str, version_id: str) -> str:
        raise NotImplementedError(path, version_id)

    def unversioned(self) -> str:
        return "A shelf keeps what is there."

    def age(self, path: str) -> float | None:
        raise NotImplementedError(path)


class NoLocks(StateLocks):
    """Locks that nobody holds; `ending` is that of a lock's object."""

    def __init__(self, ending: str | None, *, unlisted: bool | None = False) -> None:
        self.ending = ending
        self.unlisted = unlisted

    def holder(self, path: str) -> Lock | None:
        raise NotImplementedError(path)

    def unlock(self, path: str, lock_id: str) -> bool:
        raise NotImplementedError(path, lock_id)

    def remove_state(self, path: str) -> None:
        raise NotImplementedError(path)


def states(store: Shelf, locks: StateLocks, naming: Naming = PLAIN) -> ObjectStates:
    return ObjectStates(store, locks, lambda path: BackendBlock("x", {"key": path}), KEYS, naming)


@BOTH
def test_a_lock_is_told_with_its_state_wherever_it_comes(
    naming: Naming, ending: str, name: str
) -> None:
    store = Shelf()
    backend = states(store, NoLocks(ending), naming)
    for slug in ("a", "orders-db", "z"):
        store.put(name.replace("orders-db", slug), "{}")
    store.put(naming.name(PATH, ending), "{}")
    assert [(each.slug, each.locked) for each in backend.list()] == [
        ("a", False),
        ("orders-db", True),
        ("z", False),
    ]


@BOTH
def test_states_locks_and_notes_go_by_the_state_s_path(
    naming: Naming, ending: str, name: str
) -> None:
    store = Shelf()
    backend = states(store, NoLocks(ending), naming)
    key = StateKey(PATH, exists=True)
    assert backend.create(key, "{}") is True
    assert backend.create(key, "another") is False
    assert store.texts == {name: "{}"}
    store.put(naming.name(PATH, ending), "{}")
    backend.mark_moved(key, "gone")
    store.put("journal/open/1", "{}")
    assert sorted(backend.paths()) == ["journal/open/1", PATH, f"{PATH}{MOVED}", f"{PATH}.tflock"]
    assert backend.locate(entity()) == StateKey(PATH, exists=True, moved=True)
    backend.unmark_moved(key)
    store.remove(name)
    assert backend.locate(entity(slug="renamed")) == StateKey(PATH, exists=False)


@pytest.mark.parametrize("has_placeholders", [True, False])
def test_an_empty_object_is_a_placeholder_only_where_engines_leave_some(
    has_placeholders: bool,  # noqa: FBT001 - a case
) -> None:
    store = Shelf(has_placeholders=has_placeholders)
    store.put(PATH, "")
    backend = states(store, NoLocks(None))
    assert backend.locate(entity(slug="renamed")) == StateKey(PATH, exists=not has_placeholders)
    assert len(list(backend.list())) == (not has_placeholders)


def test_a_state_is_told_at_once_where_no_object_is_a_lock() -> None:
    store = Shelf()
    for slug in "abc":
        store.put(f"services/5a1f/{slug}.tfstate", "{}")
    listing = states(store, NoLocks(None, unlisted=None)).list()
    assert next(listing).locked is None
    assert store.seen == 1


def test_records_lie_in_the_states_own_store() -> None:
    store = Shelf()
    records = states(store, NoLocks(None)).records
    assert records.create("journal/open/1", "{}") is True
    assert list(records.paths("journal")) == ["journal/open/1"]
    assert list(records.dated("journal")) == [("journal/open/1", NOW.timestamp())]
