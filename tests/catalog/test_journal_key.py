"""The catalog's `journal`: where records lie when the backend keeps none, or not there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from catalog_fixtures import make_action, write_catalog, write_module
from click.testing import CliRunner

from purveyor import json_text
from purveyor.backends import choose_records, open_backend
from purveyor.backends.stores.local import FolderStore
from purveyor.backends.stores.s3 import S3Store
from purveyor.catalog import load_catalog
from purveyor.catalog.backend import S3BackendConfig
from purveyor.cli.authoring.validate import validate
from purveyor.errors import CatalogError
from purveyor.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

HTTP = 'backend: {type: http, address: "https://h/{name}"}\n'
S3 = "{type: s3, bucket: acme-journal, region: eu-west-1}"


def test_a_catalog_names_a_store_for_the_journal(tmp_path: Path) -> None:
    write_module(tmp_path / "modules/queue")
    catalog = load_catalog(write_catalog(tmp_path, f"{HTTP}journal: {S3}\n"))
    recipe = catalog.resolve(make_action("queue"))
    wanted = S3BackendConfig(type="s3", bucket="acme-journal", region="eu-west-1")
    assert recipe.journal == wanted
    assert catalog.outline(make_action("queue")).journal == wanted
    assert load_catalog(write_catalog(tmp_path, "")).resolve(make_action("queue")).journal is None


@pytest.mark.parametrize(
    ("journal", "fault"),
    [
        ("{type: http}", "journal.type: this type is not supported; it is local, s3, pg, azurerm"),
        ("{type: consul, address: x}", "journal.type: this type is not supported"),
        ("{bucket: x}", "journal: `type` is missing; it is local, s3, pg, azurerm or gcs"),
        ("{type: s3, region: a}", "journal: `bucket` is missing"),
        (
            S3.replace("}", ", lock: both, table: t}"),
            "journal: `lock` has no use for a journal",
        ),
        (S3.replace("}", ", lock: lockfile}"), "journal: `lock` has no use for a journal"),
    ],
)
def test_what_cannot_keep_a_journal_is_refused(tmp_path: Path, journal: str, fault: str) -> None:
    with pytest.raises(CatalogError) as caught:
        load_catalog(write_catalog(tmp_path, f"journal: {journal}\n"))
    assert len(caught.value.details) == 1, caught.value.details
    assert fault in caught.value.details[0]


def test_records_lie_where_the_catalog_says_and_else_beside_the_states(tmp_path: Path) -> None:
    def kind(text: str) -> type[object] | None:
        catalog = load_catalog(write_catalog(tmp_path, text))
        settings = Settings({})
        states = open_backend(catalog.model.backend, root=catalog.root, settings=settings)
        journal = catalog.model.journal
        found = choose_records(states, journal, root=catalog.root, settings=settings)
        return None if found is None else type(found)

    assert kind("") is FolderStore
    assert kind(f"journal: {S3}\n") is S3Store
    assert kind(f"{HTTP}journal: {{type: local, path: kept}}\n") is FolderStore
    assert kind(HTTP) is None


def test_what_opens_the_journal_alone_is_withheld_from_engines(tmp_path: Path) -> None:
    journal = "journal: {type: pg, connection_from: JOURNAL_DATABASE}\n"
    accounts = "accounts: [{match: {}, keys: {access_key_from: K, secret_key_from: S}}]\n"

    def withheld(text: str) -> frozenset[str]:
        return load_catalog(write_catalog(tmp_path, text)).choose_account({}).withheld

    assert withheld(f"{HTTP}{journal}") == {"JOURNAL_DATABASE"}
    assert withheld(f"{HTTP}{journal}{accounts}") == {"JOURNAL_DATABASE", "K", "S"}
    # What also opens the states is the engine's business.
    same = "backend: {type: pg, connection_from: JOURNAL_DATABASE, schema_name: a}\n"
    assert withheld(f"{same}{journal}") == frozenset()


def told(folder: Path, text: str, *options: str) -> tuple[str, str]:
    write_module(folder / "modules/queue")
    done = CliRunner().invoke(validate, [str(write_catalog(folder, text)), *options])
    assert done.exit_code == 0
    return done.stdout, done.stderr


@pytest.mark.parametrize("backend", [HTTP, "backend: {type: gitlab}\n"])
def test_a_catalog_without_a_journal_is_sound_and_noted(tmp_path: Path, backend: str) -> None:
    out, notes = told(tmp_path, backend)
    assert "sound" in out
    assert notes.count("note: ") == 1
    assert "keeps no journal" in notes
    assert "`journal`" in notes
    document = json_text.parse(told(tmp_path, backend, "--json")[0])
    assert isinstance(document, dict)
    assert isinstance(document["notes"], list)
    assert len(document["notes"]) == 1


LOCAL = "backend: {type: local}\n"


@pytest.mark.parametrize("text", [f"{HTTP}journal: {S3}\n", "backend: {type: pg}\n", LOCAL])
def test_a_catalog_with_a_journal_has_nothing_to_note(tmp_path: Path, text: str) -> None:
    assert told(tmp_path, text)[1] == ""
