"""The release sites of these tests have makers of their own, whose key stands for the real one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from release_fixtures import place_keys

from purveyor.engines.binary import release

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def maker_keys(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = place_keys(tmp_path_factory.mktemp("keys"))
    monkeypatch.setattr(release, "KEYS", folder)
    return folder
