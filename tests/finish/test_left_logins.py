"""Logins of a run that is gone do not stay, whatever else has to."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from journal_fixtures import make_begin
from memory_fixtures import MemoryStore, make_run
from purveyor.attempt import Attempt, LocalRun
from purveyor.credentials import LOGIN_FOLDER
from purveyor.finish.remains import remove_workspace
from purveyor.provision.sequence import private_workspace

if TYPE_CHECKING:
    from pathlib import Path


def leave(folder: Path, *, unsaved: bool) -> None:
    (folder / LOGIN_FOLDER).mkdir()
    (folder / LOGIN_FOLDER / "account-session.json").write_text("{}")
    if unsaved:
        (folder / "errored.tfstate").write_text("{}")


@pytest.mark.parametrize("unsaved", [True, False])
def test_finish_takes_logins_away_even_if_a_state_stays(tmp_path: Path, *, unsaved: bool) -> None:
    folder = tmp_path / "purveyor-x"
    folder.mkdir()
    leave(folder, unsaved=unsaved)
    remove_workspace(LocalRun(action="a", pid=os.getpid(), at=0.0, workspace=str(folder)))
    assert not (folder / LOGIN_FOLDER).exists()
    assert folder.exists() is unsaved


@pytest.mark.parametrize("unsaved", [True, False])
def test_a_run_takes_its_logins_away_even_if_a_state_stays(*, unsaved: bool) -> None:
    there: list[bool] = []

    def stop() -> None:
        there.append((folder / LOGIN_FOLDER).exists())

    attempt = Attempt(make_begin(), run=make_run(MemoryStore()))
    with private_workspace(attempt, stop) as folder:
        leave(folder, unsaved=unsaved)
    assert there == [True], "whoever writes there is stopped first"
    assert not (folder / LOGIN_FOLDER).exists()
    assert folder.exists() is unsaved
