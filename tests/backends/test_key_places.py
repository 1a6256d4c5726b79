"""A company's own keys in every place, and the note beside a state that lives elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from backend_fixtures import BY_ID, PLACES, Place, entity, places

from purveyor import json_text
from purveyor.action import Kind
from purveyor.backends import open_backend
from purveyor.catalog.backend import LocalBackendConfig
from purveyor.catalog.state_keys import StateKeys
from purveyor.errors import ReasonCode, RecoveryError
from purveyor.settings import Settings
from purveyor.state_key import StateKey, refuse_moved

if TYPE_CHECKING:
    from pathlib import Path

    from moto_server import MotoServer

MARKING = places(*(each for each in PLACES if each not in BY_ID))
# The folder's own reading of keys has more forms than the stores' listings by a begin.
FORMS = [
    StateKeys(services="team/{id}/{slug}/terraform.tfstate", links="team-l/{id}.tfstate"),
    StateKeys(services="team/{id}/terraform.tfstate"),
    StateKeys(services="svc-{id}.tfstate", links="lnk-{id}.tfstate"),
    StateKeys(services="a/b/{id}-x/y/v-{slug}-z.tfstate", links="a/b/{id}-l/{slug}.tfstate"),
    StateKeys(links="services-of/{id}/{slug}/x.tfstate"),
]


def note(stage: str = "moved") -> str:
    return json_text.write(
        {"stage": stage, "moved_to": "s3://new/team/x.tfstate", "digest": "d", "serial": 3}
    )


@MARKING
def test_a_listing_tells_states_by_their_own_keys(place: Place) -> None:
    place.put(place.at("services/5a1f/orders-db.tfstate"), "{}")
    place.put(place.at("links/77/reader.tfstate"), "{ }")
    place.put("journal/open/1", "{}")
    place.put("journal/entities/service/5a1f/recovery/1.tfstate", "{}")
    place.put("elsewhere/1/x.tfstate", "{}")
    listed = {(each.path, each.kind, each.entity_id, each.slug) for each in place.backend.list()}
    reader = "" if place.has_own_keys else "reader"
    assert listed == {
        (place.at("services/5a1f/orders-db.tfstate"), "service", "5a1f", "orders-db"),
        (place.at("links/77/reader.tfstate"), "link", "77", reader),
    }


@MARKING
def test_an_id_that_ends_as_a_note_does_is_no_note(place: Place) -> None:
    link = entity("77.moved", slug="reader", kind=Kind.LINK)
    path = place.backend.keys.path(link)
    place.put(path, "{}")
    assert place.backend.locate(link) == StateKey(path, exists=True)
    assert [each.entity_id for each in place.backend.list()] == ["77.moved"]
    assert not place.backend.locate(entity("77", kind=Kind.LINK)).exists


@MARKING
def test_a_note_beside_a_state_is_seen_where_it_is_looked_for(place: Place) -> None:
    place.put(place.natural, "{}")
    key = place.backend.locate(entity())
    assert key == StateKey(place.natural, exists=True)
    place.backend.mark_moved(key, note())
    again = place.backend.locate(entity(slug="renamed"))
    assert again == StateKey(place.natural, exists=True, moved=True)
    assert place.backend.locate(entity("5a1f0")).moved is False
    assert place.backend.locate(entity(kind=Kind.LINK)).moved is False
    assert [each.path for each in place.backend.list()] == [place.natural]
    place.backend.unmark_moved(key)
    assert place.backend.locate(entity()) == key


@MARKING
def test_a_note_without_its_state_still_stands(place: Place) -> None:
    place.put(place.natural, "{}")
    place.backend.mark_moved(StateKey(place.natural, exists=True), note())
    place.backend.remove(StateKey(place.natural, exists=True))
    key = place.backend.locate(entity(slug="renamed"))
    assert key == StateKey(place.natural, exists=False, moved=True)
    with pytest.raises(RecoveryError):
        refuse_moved(key, place.backend, entity())


@MARKING
def test_a_state_that_has_moved_is_refused_with_its_new_place(place: Place) -> None:
    place.put(place.natural, "{}")
    place.backend.mark_moved(StateKey(place.natural, exists=True), note())
    with pytest.raises(RecoveryError) as caught:
        refuse_moved(place.backend.locate(entity()), place.backend, entity())
    error = caught.value
    assert error.reason is ReasonCode.NEEDS_RECOVERY
    assert "s3://new/team/x.tfstate" in error.message
    assert "`backend` in the catalog" in error.hint
    assert "`purveyor state unmark 5a1f --kind service`" in error.hint
    assert place.natural in error.details[0]


@pytest.mark.parametrize("place", ["local"], indirect=True)
@pytest.mark.parametrize("text", ["", "[]", "{}", "somebody's own", '{"stage": "moved"}'])
def test_a_note_that_cannot_be_read_is_refused_too(place: Place, text: str) -> None:
    place.put(f"{place.natural}.moved", text)
    key = place.backend.locate(entity())
    with pytest.raises(RecoveryError) as caught:
        refuse_moved(key, place.backend, entity())
    assert "cannot be read" in caught.value.message


@pytest.mark.parametrize("place", ["local"], indirect=True)
def test_a_state_that_is_only_being_copied_is_worked_on(place: Place) -> None:
    place.put(place.natural, "{}")
    place.backend.mark_moved(StateKey(place.natural, exists=True), note("copying"))
    key = place.backend.locate(entity())
    assert key.moved
    refuse_moved(key, place.backend, entity())


@pytest.mark.parametrize("place", ["lockfile", "lockfile+keys"], indirect=True)
def test_looking_for_notes_costs_no_request(place: Place, moto: MotoServer) -> None:
    place.put(place.natural, "{}")
    with moto.recording() as requests:
        refuse_moved(place.backend.locate(entity()), place.backend, entity())
    assert len(requests) == 1


@pytest.mark.parametrize("keys", FORMS, ids=str)
def test_a_folder_keeps_keys_of_any_form(keys: StateKeys, tmp_path: Path) -> None:
    backend = open_backend(
        LocalBackendConfig(path="states", keys=keys), root=tmp_path, settings=Settings({})
    )
    root = tmp_path / "states"
    owners = [entity("5"), entity("5-x"), entity("5", kind=Kind.LINK)]
    for owner in owners:
        key = backend.locate(owner)
        assert not key.exists
        path = root / str(backend.block(key).arguments["path"])
        path.write_text("{}")
        found = backend.locate(entity(owner.id, slug="renamed", kind=owner.kind))
        assert found == StateKey(key.path, exists=True)
    listed = [(each.kind, each.entity_id) for each in backend.list()]
    assert sorted(listed) == [("link", "5"), ("service", "5"), ("service", "5-x")]
    (root / "journal/open").mkdir(parents=True)
    for owner in owners:
        backend.remove(backend.locate(owner))
    assert list(backend.list()) == []
    # What held nothing but one entity's state is gone; what may hold others' stays.
    assert {each.name for each in root.rglob("*") if "5" in each.name} == set()
    assert (root / "journal/open").is_dir()
