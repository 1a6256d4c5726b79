"""Where unsaved states wait: beside the states, and on the disk for our eyes only."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from purveyor.backends.stores.local import FolderStore
from purveyor.entity import EntityRef
from purveyor.errors import RecoveryError
from purveyor.journal import ParkedStates

if TYPE_CHECKING:
    from pathlib import Path

OWNER = EntityRef("service", "5a1f")


def states(
    folder: Path, *, store: str | None = "store", now: float = 1000.0, step: str = ""
) -> ParkedStates:
    return ParkedStates(
        OWNER,
        store=FolderStore(folder / store) if store else None,
        disk=FolderStore(folder / "disk"),
        place="disk",
        clock=lambda: now,
        step=step,
    )


def test_a_state_waits_in_the_store_and_is_copied_to_the_disk(tmp_path: Path) -> None:
    places = states(tmp_path).park("{}")
    assert len(places) == 2
    (name,) = states(tmp_path).waiting()
    assert name.startswith("journal/entities/service/5a1f/recovery/")
    assert (tmp_path / "store" / name).stat().st_mode & 0o777 == 0o600
    # The copy is for people: another machine may have saved the state meanwhile.
    assert states(tmp_path, store=None).waiting() == ()
    states(tmp_path).remove(name)
    assert [each for each in tmp_path.rglob("*") if each.is_file()] == []


def test_a_state_that_the_store_refuses_waits_on_the_disk(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("no folder")
    (place,) = states(tmp_path).park("{}", lock_id="7-a")
    assert "on the runner" in place
    (name,) = states(tmp_path, store="mended").waiting()
    assert states(tmp_path, store="mended").read(name) == "{}"
    assert states(tmp_path).lock_of(name) == "7-a"


def test_the_oldest_state_comes_first(tmp_path: Path) -> None:
    for now in (2000.0, 1000.0):
        states(tmp_path, now=now).park(str(now))
    kept = states(tmp_path)
    assert [kept.read(name) for name in kept.waiting()] == ["1000.0", "2000.0"]


def test_a_lock_id_that_is_no_word_stays_out_of_the_name(tmp_path: Path) -> None:
    states(tmp_path).park("{}", lock_id="../../x")
    (name,) = states(tmp_path).waiting()
    assert states(tmp_path).lock_of(name) == ""


def test_a_state_that_nobody_takes_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("")
    (tmp_path / "disk").write_text("")
    with pytest.raises(RecoveryError, match="nowhere"):
        states(tmp_path).park("{}")


def test_a_further_steps_state_waits_apart_and_is_found_with_its_name(tmp_path: Path) -> None:
    states(tmp_path).park("first")
    states(tmp_path, step="report").park("further")
    (own,), (further,) = states(tmp_path).waiting(), states(tmp_path, step="report").waiting()
    assert [states(tmp_path).read(name) for name in (own, further)] == ["first", "further"]
    assert states(tmp_path).waiting_of_all() == ((own, ""), (further, "report"))
    states(tmp_path, step="report").remove(further)
    assert states(tmp_path).waiting_of_all() == ((own, ""),)
