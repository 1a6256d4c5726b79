"""What the catalog's own variables hold is told to nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING

from purveyor.catalog import load_catalog
from purveyor.cli.logins import open_redactor
from purveyor.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

CATALOG = """
version: 1
backend: {type: http, address: "https://states.example/{name}", password_from: TEAM_STATES}
journal: {type: pg, connection_from: TEAM_JOURNAL}
accounts:
  - match: {}
    keys: {access_key_from: TEAM_KEY, secret_key_from: TEAM_SECRET}
"""
VARIABLES = {
    "TEAM_STATES": "first-of-four",
    "TEAM_JOURNAL": "postgresql://second@of.four/states",
    "TEAM_KEY": "AKIATHIRDOFFOUR",
    "TEAM_SECRET": "fourth-of-four",
}


def test_variables_that_only_the_catalog_names_are_redacted_from_the_start(tmp_path: Path) -> None:
    (tmp_path / "purveyor.yaml").write_text(CATALOG)
    (tmp_path / "modules").mkdir()
    catalog = load_catalog(tmp_path)
    assert catalog.secret_variables >= set(VARIABLES)
    text = " ".join(VARIABLES.values())
    told = open_redactor(Settings(VARIABLES), catalog).redact(text)
    assert [value for value in VARIABLES.values() if value in told] == []
