"""States in a folder are private, and a leftover beside one is no lock."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from backend_fixtures import Place, Workbench, entity

from purveyor.backends import open_backend
from purveyor.catalog.backend import LocalBackendConfig
from purveyor.catalog.state_keys import StateKeys
from purveyor.errors import ReasonCode, RecoveryError
from purveyor.process import Command, run
from purveyor.settings import Settings
from purveyor.state_key import StateKey

if TYPE_CHECKING:
    from purveyor.backends import Backend

LOCAL = pytest.mark.parametrize("place", ["local"], indirect=True)


@LOCAL
def test_only_we_may_enter_the_folder_or_read_the_state(bench: Workbench, tmp_path: Path) -> None:
    backend = bench.place.backend
    bench.apply(backend.locate(entity()))
    made = [tmp_path / "catalog", *(tmp_path / "catalog").rglob("*")]
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in made}
    assert modes == {
        "catalog": 0o700,
        "states": 0o700,
        "services": 0o700,
        "5a1f": 0o700,
        "orders-db.tfstate": 0o600,
    }


@LOCAL
def test_a_removal_takes_the_backups_and_the_folder_along(place: Place, tmp_path: Path) -> None:
    for name in ("x.tfstate", "x.tfstate.backup", "x.tfstate.1763640000.backup"):
        place.put(f"services/5a1f/{name}", "{}")
    place.put("services/5a1f/.x.tfstate.lock.info", "{}")
    place.backend.remove(StateKey("services/5a1f/x.tfstate", exists=True))
    assert place.paths() == []
    assert not (tmp_path / "catalog/states/services/5a1f").exists()


@LOCAL
def test_a_removal_leaves_what_is_not_the_state_s(place: Place) -> None:
    place.put("services/5a1f/x.tfstate", "{}")
    place.put("services/5a1f/notes.txt", "keep me")
    place.backend.remove(StateKey("services/5a1f/x.tfstate", exists=True))
    assert place.paths() == ["services/5a1f/notes.txt"]


@LOCAL
def test_an_empty_placeholder_is_no_state_but_is_kept_to(place: Place) -> None:
    place.put("services/5a1f/old.tfstate", "")
    key = place.backend.locate(entity())
    assert key == StateKey("services/5a1f/old.tfstate", exists=False)
    assert place.backend.access(key).read() is None


def test_a_path_that_is_no_folder_is_an_error_and_never_no_state(tmp_path: Path) -> None:
    (tmp_path / "states").write_text("a file")
    backend = open_backend(LocalBackendConfig(path="states"), root=tmp_path, settings=Settings({}))
    key = StateKey("services/5a1f/x.tfstate", exists=False)
    for attempt in (
        lambda: backend.locate(entity()),
        lambda: backend.block(key),
        lambda: backend.access(key).read(),
        lambda: backend.access(key).holder(),
        lambda: backend.remove(key),
    ):
        with pytest.raises(RecoveryError) as caught:
            attempt()
        assert caught.value.reason is ReasonCode.STATE_UNREADABLE


def flat(tmp_path: Path) -> Backend:
    """Return a folder where services lie side by side, with links below it."""
    keys = StateKeys(services="all/svc-{id}.tfstate", links="all/links/{id}.tfstate")
    config = LocalBackendConfig(path="states", keys=keys)
    (tmp_path / "states/all/links").mkdir(parents=True)
    return open_backend(config, root=tmp_path, settings=Settings({}))


def test_folders_within_one_another_are_listed_once(tmp_path: Path) -> None:
    backend = flat(tmp_path)
    paths = ["all/links/1.tfstate", "all/svc-1.tfstate"]
    for path in paths:
        (tmp_path / "states" / path).write_text("{}")
    assert sorted(each.path for each in backend.list()) == paths


def test_what_vanishes_during_a_listing_hides_no_other_state(tmp_path: Path) -> None:
    backend, folder = flat(tmp_path), tmp_path / "states/all"
    for number in range(3):
        (folder / f"svc-{number}.tfstate").write_text("{}")
    first, second, third = (each.name for each in os.scandir(folder) if each.name.startswith("svc"))
    listing = backend.list()
    assert next(listing).path == f"all/{first}"
    (folder / second).unlink()
    assert [each.path for each in listing] == [f"all/{third}"]


@LOCAL
def test_a_key_with_a_pattern_s_letters_means_itself(place: Place) -> None:
    key = StateKey("legacy[1]/orders[prod]*.tfstate", exists=True)
    place.put(key.path, "{}")
    place.put(f"{key.path}.backup", "{}")
    versions = place.backend.versions(key)
    assert sorted(each.id for each in versions) == [
        "orders[prod]*.tfstate",
        "orders[prod]*.tfstate.backup",
    ]
    place.backend.remove(key)
    assert place.paths() == []


def test_an_absolute_path_is_taken_as_it_is(tmp_path: Path) -> None:
    backend = open_backend(
        LocalBackendConfig(path=str(tmp_path / "there")),
        root=tmp_path / "here",
        settings=Settings({}),
    )
    block = backend.block(StateKey("services/1/x.tfstate", exists=False))
    assert block.arguments == {"path": str(tmp_path / "there/services/1/x.tfstate")}


def test_records_beside_states_load_nothing_of_other_places() -> None:
    script = """
import sys
from pathlib import Path
from purveyor.backends import open_backend
from purveyor.backends import choose_records
from purveyor.catalog.backend import LocalBackendConfig
from purveyor.settings import Settings
settings = Settings({})
states = open_backend(LocalBackendConfig(), root=Path(), settings=settings)
choose_records(states, None, root=Path(), settings=settings).read
print(*(each for each in sys.modules if each.startswith("purveyor.backends.")))
"""
    command = Command((sys.executable, "-c", script), Path(), {})
    loaded = {each.rpartition(".")[2] for each in run(command, timeout=60).stdout.split()}
    assert "local" in loaded
    ours = {"stores", "locks", "file_lock"}
    assert loaded <= {"local", "lock_text", "model", "object_states"} | ours
