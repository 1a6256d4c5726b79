"""Keys of one's own are checked where they are written, for the backend they are written for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from purveyor.catalog.loading import load_catalog
from purveyor.errors import CatalogError

if TYPE_CHECKING:
    from pathlib import Path

HEADS = {
    "local": "type: local",
    "s3": "type: s3\n  bucket: acme\n  region: us-east-1",
    "azurerm": "type: azurerm\n  account: acme\n  container: states",
    "gcs": "type: gcs\n  bucket: acme",
    "pg": "type: pg",
    "consul": "type: consul\n  address: http://consul.example",
    "http": 'type: http\n  address: "https://states.example/{name}"',
    "gitlab": "type: gitlab",
}
BY_ID = ("http", "gitlab")


def load(folder: Path, kind: str, services: str = "", links: str = "") -> object:
    written = {"services": services, "links": links}
    lines = "".join(f'\n    {name}: "{text}"' for name, text in written.items() if text)
    (folder / "purveyor.yaml").write_text(
        f"version: 1\nbackend:\n  {HEADS[kind]}\n  keys:{lines}\n"
    )
    return load_catalog(folder).model.backend


def faults(folder: Path, kind: str, services: str = "", links: str = "") -> str:
    with pytest.raises(CatalogError) as caught:
        load(folder, kind, services, links)
    return "\n".join(caught.value.details)


@pytest.mark.parametrize("kind", HEADS)
def test_each_backend_takes_keys(kind: str, tmp_path: Path) -> None:
    text = "team-{service_id}.tfstate" if kind in BY_ID else "team/{service_id}/{slug}.tfstate"
    backend = load(tmp_path, kind, text)
    assert getattr(backend, "keys").services == text  # noqa: B009 - every model has it


@pytest.mark.parametrize("kind", HEADS)
def test_a_fault_names_the_key_and_its_line(kind: str, tmp_path: Path) -> None:
    told = faults(tmp_path, kind, links="team/{link_slug}.tfstate")
    line = HEADS[kind].count("\n") + 5
    assert told == (
        f"purveyor.yaml:{line}:12: backend.keys.links: it needs {{link_id}} once: only the id is"
        " unique"
    )


def test_all_faults_of_both_templates_are_told_at_once(tmp_path: Path) -> None:
    told = faults(tmp_path, "local", "../{slug}", "{link_id}-{nrn}")
    assert told.count("backend.keys.services") == told.count("backend.keys.links") == 1
    for words in ("needs {service_id}", "must end in .tfstate", "no part between", "{nrn} is no"):
        assert words in told


def test_two_templates_that_could_meet_are_refused_as_a_pair(tmp_path: Path) -> None:
    told = faults(tmp_path, "s3", "x/{service_id}.tfstate", "x/{link_id}.tfstate")
    assert "backend.keys: services and links could have the same key" in told
    assert "begin each with a word of its own" in told


@pytest.mark.parametrize("kind", BY_ID)
def test_a_place_that_cannot_list_takes_no_slug(kind: str, tmp_path: Path) -> None:
    told = faults(tmp_path, kind, "team/{service_id}/{slug}.tfstate")
    assert "backend.keys" in told
    assert ("cannot list" in told) or ("GitLab" in told)


@pytest.mark.parametrize("kind", BY_ID)
def test_a_name_that_could_be_one_of_purveyors_own_is_refused(kind: str, tmp_path: Path) -> None:
    assert "Purveyor's own" in faults(tmp_path, kind, links="service-{link_id}.tfstate")


@pytest.mark.parametrize("text", ["a/{service_id}.tfstate", "a.b-{service_id}.tfstate"])
def test_gitlab_takes_only_what_it_has_names_for(text: str, tmp_path: Path) -> None:
    assert "GitLab takes nothing else" in faults(tmp_path, "gitlab", text)
    assert load(tmp_path, "http", text)


def test_an_empty_mapping_of_keys_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "purveyor.yaml").write_text("version: 1\nbackend: {type: local, keys: {}}\n")
    keys = getattr(load_catalog(tmp_path).model.backend, "keys")  # noqa: B009 - see above
    assert (keys.services, keys.links) == (None, None)
