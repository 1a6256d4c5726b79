"""Every place tells its states and their versions, and lets a dead run's lock go."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from backend_fixtures import BY_ID, LISTING, MODULE, WAITING, Place, Workbench, entity

from purveyor import json_text
from purveyor.action import Kind
from purveyor.backends.model import UnsupportedError
from purveyor.errors import ReasonCode, RecoveryError, StateLockedError
from purveyor.state_key import StateKey, parse_state

if TYPE_CHECKING:
    from moto_server import MotoServer

KEY = StateKey("services/5a1f/orders-db.tfstate", exists=True)
IN_S3 = pytest.mark.parametrize("place", ["lockfile", "dynamodb", "both"], indirect=True)
LOCAL = pytest.mark.parametrize("place", ["local"], indirect=True)
IN_LOCKFILE = pytest.mark.parametrize("place", ["lockfile"], indirect=True)


def state(serial: int) -> str:
    return json_text.write({"version": 4, "serial": serial, "lineage": "l"})


@LISTING
def test_all_states_are_listed_and_nothing_else(place: Place) -> None:
    assert list(place.backend.list()) == []
    place.put("services/5a1f/orders-db.tfstate", "{}")
    place.put("links/77/reader.tfstate", "{ }")
    place.put("services/5a1f/orders-db.tfstate.backup", "{}")
    place.put("services/5a1f/deeper/old.tfstate", "{}")
    place.put("services/5a1f/.hidden.tfstate", "{}")
    place.put("journal/open/1", "{}")
    place.put("elsewhere/1/x.tfstate", "{}")
    listed = {each.path: each for each in place.backend.list()}
    assert sorted(listed) == ["links/77/reader.tfstate", "services/5a1f/orders-db.tfstate"]
    link = listed["links/77/reader.tfstate"]
    assert (link.kind, link.entity_id, link.slug, link.size) == ("link", "77", "reader", 3)
    if place.name != "pg":
        assert link.modified is not None
        assert abs(link.modified - datetime.now(UTC)) < timedelta(minutes=5)


@IN_LOCKFILE
def test_a_listing_tells_which_states_are_locked(place: Place) -> None:
    for name in ("a", "b", "c"):
        place.put(f"services/{name}/x.tfstate", "{}")
    place.put("services/b/x.tfstate.tflock", "{}")
    place.put("services/d/x.tfstate.tflock", "{}")
    assert {each.entity_id: each.locked for each in place.backend.list()} == {
        "a": False,
        "b": True,
        "c": False,
    }


@IN_LOCKFILE
def test_a_listing_takes_a_request_a_folder_and_starts_with_the_first(
    place: Place, moto: MotoServer
) -> None:
    place.put("services/a/x.tfstate", "{}")
    place.put("services/b/x.tfstate", "{}")
    with moto.recording() as first:
        next(iter(place.backend.list()))
    with moto.recording() as whole:
        list(place.backend.list())
    assert (len(first), len(whole)) == (1, 2)


def test_the_latest_version_is_what_an_engine_reads(bench: Workbench) -> None:
    backend, key = bench.place.backend, StateKey(bench.place.natural, exists=True)
    assert list(backend.versions(key)) == []
    bench.apply(key)
    bench.apply(key, MODULE.replace("default = 1", "default = 2"))
    versions = backend.versions(key)
    assert [each.latest for each in versions] == [True] + [False] * (len(versions) - 1)
    # Azurite keeps no versions, unlike Azure; what Azure tells of them is held by recorded answers.
    assert (len(versions) > 1) is (bench.place.name not in {"pg", "azurerm", "http"})
    keeps_none = {"pg", "local", "azurerm", "http"}
    assert (backend.unversioned() == "") is (bench.place.name not in keeps_none)
    serials = [
        parse_state(backend.read_version(key, each.id), where="x").serial for each in versions
    ]
    now = backend.access(key).read()
    assert now is not None
    assert serials[0] == now.serial
    assert serials == sorted(serials, reverse=True)
    assert all(each.size for each in versions)


@IN_S3
def test_a_removed_state_s_versions_can_still_be_read(place: Place) -> None:
    place.put(KEY.path, state(1))
    place.put(f"{KEY.path}.tflock", "{}")
    place.backend.versions(KEY)
    place.put(KEY.path, state(2))
    place.backend.unlock(KEY, "")
    place.backend.remove(KEY)
    versions = place.backend.versions(KEY)
    assert [each.latest for each in versions] == [False, False]
    assert place.backend.read_version(KEY, versions[1].id) == state(1)


@pytest.mark.parametrize("version_id", ["", "nowhere", "../../other", ".orders-db.tfstate"])
def test_a_version_that_is_not_kept_is_an_error(place: Place, version_id: str) -> None:
    key = StateKey(place.natural, exists=True)
    place.put(key.path, state(1))
    with pytest.raises(RecoveryError) as caught:
        place.backend.read_version(key, version_id)
    assert caught.value.reason is ReasonCode.STATE_MISSING


@IN_LOCKFILE
def test_a_bucket_whose_versioning_is_off_says_so(place: Place, moto: MotoServer) -> None:
    assert place.backend.unversioned() == ""
    bucket = str(place.backend.block(KEY).arguments["bucket"])
    moto.s3().put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
    assert bucket in place.backend.unversioned()


@pytest.mark.parametrize("place", ["lockfile", "dynamodb", "both", "http", "gitlab"], indirect=True)
def test_a_dead_run_s_lock_is_freed_by_its_id_alone(bench: Workbench) -> None:
    backend = bench.place.backend
    key = backend.locate(entity())
    assert backend.unlock(key, "any") is False
    bench.hold(key, MODULE + WAITING).kill()
    holder = backend.access(key).holder()
    assert holder is not None
    with pytest.raises(StateLockedError) as caught:
        backend.unlock(key, "another")
    assert holder.id in caught.value.details[0]
    assert backend.access(key).holder() == holder
    assert backend.unlock(key, holder.id) is True
    assert backend.access(key).holder() is None
    assert backend.unlock(key, holder.id) is False
    assert bench.apply(key).endswith("exit 0")


@LOCAL
def test_a_lock_that_a_living_program_holds_cannot_be_taken_away(bench: Workbench) -> None:
    backend = bench.place.backend
    key = backend.locate(entity())
    assert backend.unlock(key, "any") is False
    held = bench.hold(key)
    holder = backend.access(key).holder()
    assert holder is not None
    with pytest.raises(StateLockedError):
        backend.unlock(key, "another")
    with pytest.raises(UnsupportedError):
        backend.unlock(key, holder.id)
    assert held.let_go() == 0


@LISTING
def test_links_and_services_of_one_id_are_two_states(place: Place) -> None:
    place.put("services/1/a.tfstate", "{}")
    place.put("links/1/a.tfstate", "{}")
    kinds = {(each.kind, each.path) for each in place.backend.list()}
    assert kinds == {("service", "services/1/a.tfstate"), ("link", "links/1/a.tfstate")}
    assert place.backend.locate(entity("1", kind=Kind.LINK)).path == "links/1/a.tfstate"


@pytest.mark.parametrize("place", BY_ID, indirect=True)
def test_a_place_that_cannot_list_says_so(place: Place) -> None:
    with pytest.raises(UnsupportedError) as caught:
        place.backend.list()
    assert "cannot list" in caught.value.message
