"""`purveyor init --from`: services in the vendor's layout become entries; their files stay."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml
from click.testing import CliRunner
from vendor_fixtures import ASKED, PARCEL, put_service

from purveyor.cli.authoring.init import init
from purveyor.errors import CatalogError
from purveyor.scaffold.vendor_layout import read_services
from purveyor.validation import inspect_catalog, validate_catalog
from service_fixtures import own_service

if TYPE_CHECKING:
    from pathlib import Path

ENTRY = {
    "module": "vendor/parcel/deployment",
    "compute": {
        "label": {
            "value": "{{ (('pv-' + (service.name | slug(30)) + '-' + parameters.tail) | lower)"
            "[:40] }}",
            "once": True,
        },
    },
    "variables": {"depot": "north"},
    "outputs": {"label": "label", "place": "depot"},
    "links": {
        "key": {
            "module": "vendor/parcel/permissions",
            "compute": {
                "holder": "pv_{{ (link.id | replace('-', ''))[:8] }}",
                "access": "{{ parameters.access | default('look') }}",
            },
            "outputs": {"holder": "holder", "pin": {"output": "code", "secret": True}},
        }
    },
}
# How a line makes IT, and what becomes of it.
READ = {
    """IT=$(echo "$CONTEXT" | jq -r '.parameters.size // 5')""": (
        "{{ parameters.size | default(5) }}"
    ),
    """IT=$(echo "$CONTEXT" | jq -r .service.slug)""": "{{ service.slug }}",
    """IT=$(echo "$CONTEXT" | jq -r '.tags.team')""": "{{ tags.team }}",
    """IT=$(echo "$CONTEXT" | jq -c '.service.dimensions.zone // "a"')""": (
        "{{ dimensions.zone | default('a') }}"
    ),
    """A=$(echo "$CONTEXT" | jq -r '.service.slug')
IT=$(echo "$A" | tr '-' '_')""": "{{ service.slug | replace('-', '_') }}",
    """A=$(echo "$CONTEXT" | jq -r '.parameters.a // ""')
IT="x-${A:-none}\"""": "x-{{ parameters.a | default('none') }}",
    """A=$(np service read --id "$(echo "$CONTEXT" | jq -r '.service.id')" --format json)
IT=$(echo "$A" | jq -r '.attributes.host // ""')""": "{{ attributes.host }}",
    """A=$(np provider read --id "$P" --format json)
IT=$(echo "$A" | jq -r '.attributes.account.region // ""')""": "{{ account.region }}",
    'IT="fixed"': "fixed",
    """VALUES_FILE="$SERVICE_PATH/values.yaml"
if [ -f "$VALUES_FILE" ]; then
  IT=$(yq -r '.depot // ""' "$VALUES_FILE")
else
  IT=""
fi""": "north",
}
LEFT = {
    'IT="$SOMEWHERE_ELSE"': '"$SOMEWHERE_ELSE"',
    "IT=$(aws sts get-caller-identity)": "aws sts",
    "IT=`date`": "date",
    """IT=$(echo "$CONTEXT" | jq -r '.link.name')""": "link.name",
    """IT=$(echo "$CONTEXT" | jq -r '[.parameters.all[] | .name]')""": "jq",
    """IT=$(echo "$CONTEXT" | jq -r '.service.slug' | rev)""": "rev",
    """A=$(echo "$CONTEXT" | jq -r '.service.name' | tr '[:upper:]' '[:lower:]')
IT=$(echo "$A" | tr -cs 'a-z0-9' '-' | sed 's/^-*//;s/-*$//' | cut -c1-70)""": "70",
    'if [ "$A" = b ]; then\n  IT="small"\nfi': "under a condition",
    'IT="small"\nif [ "$A" = b ]; then\n  IT="large"\nfi': "under a condition",
    'IT="small"\n[ "$A" = b ] && IT="large"': "under a condition",
    'IT="small"\nif [ "$A" = b ]; then IT="large"; fi': "under a condition",
    'set_it() {\n  IT="large"\n}\nIT="small"\nset_it': "under a condition",
    """IT=$(yq -r '.depot // ""' "$VALUES_FILE")
if [ "$A" = b ]; then
  IT=""
fi""": "under a condition",
    """IT=$(echo "$CONTEXT" | jq -r '.service.attributes.it // ""')
if [ "$A" = b ]; then
  IT=$(echo "$CONTEXT" | jq -r '.service.name')
fi""": "under a condition",
    'IT="small"\nread -r IT <<< "$A"': "under a condition",
    'IT=small; touch "$IT"': "IT",
    'IT=("a" "b")': "a",
    'OTHER="x"': "${IT}",
}


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(each): each.read_bytes() for each in folder.rglob("*") if each.is_file()}


def read_line(folder: Path, line: str) -> tuple[Any, list[str]]:
    build = f'#!/bin/bash\n{line}\nTOFU_VARIABLES="-var=it=${{IT}}"\n'
    module = 'variable "it" { type = any }\n'
    put_service(folder / "one", build_context=build, main=module)
    found = read_services(folder, folder)
    entry: Any = found.services["parcel"]
    return {**entry.get("variables", {}), **entry.get("compute", {})}.get("it"), found.notes


def start(folder: Path, *words: str) -> str:
    words = ("--from", str(folder / "vendor"), "--into", str(folder), *words)
    done = CliRunner().invoke(init, [*words, "--ci", "receiver", "--store", "local"])
    assert done.exit_code == 0, done.output
    return done.output


def test_a_service_becomes_an_entry_whose_files_stay_as_they_are(tmp_path: Path) -> None:
    put_service(tmp_path / "vendor/parcel")
    before = files_of(tmp_path / "vendor")
    told = start(tmp_path)
    assert files_of(tmp_path / "vendor") == before
    catalog = yaml.safe_load((tmp_path / "purveyor.yaml").read_text())
    assert catalog["services"] == {"parcel": ENTRY}
    assert validate_catalog(tmp_path).links == 1
    assert "note: parcel/key: colour is no output" in told


@pytest.mark.parametrize("line", READ)
def test_a_line_of_a_known_form_becomes_a_template(tmp_path: Path, line: str) -> None:
    assert read_line(tmp_path, line)[0] == READ[line]


@pytest.mark.parametrize("line", LEFT)
def test_any_other_line_is_left_to_a_person_with_its_place(tmp_path: Path, line: str) -> None:
    value, notes = read_line(tmp_path, line)
    assert value.startswith("{{ TODO }}")
    assert LEFT[line] in value
    assert any("parcel: it is made by" in each for each in notes)


def test_what_is_left_is_named_by_validate(tmp_path: Path) -> None:
    put_service(tmp_path / "vendor/parcel", build_context="#!/bin/bash\n")
    told = start(tmp_path)
    faults = [each for each in inspect_catalog(tmp_path).faults if "links" not in each]
    assert len(faults) == 2
    for name in ("label", "depot"):
        assert any(f"compute.{name}" in each and "TODO" in each for each in faults)
        assert f"note: parcel/parcel: {name} is made by `no line that is read`" in told


def test_what_has_the_variables_name_needs_no_word(tmp_path: Path) -> None:
    same = """IT=$(echo "$CONTEXT" | jq -r '.parameters.it // ""')"""
    value, notes = read_line(tmp_path, same)
    assert value is None
    assert not [each for each in notes if "parcel: it" in each]


def test_several_services_and_a_link_with_a_workflow_of_its_own(tmp_path: Path) -> None:
    put_service(tmp_path / "vendor/parcel")
    other = put_service(tmp_path / "vendor/deeper/letter", slug="letter")
    (other / "workflows/link.yaml").rename(other / "workflows/link-key.yaml")
    found = read_services(tmp_path / "vendor", tmp_path)
    letter = {**ENTRY, "module": "vendor/deeper/letter/deployment"}
    link = ENTRY["links"]["key"]  # type: ignore[index]
    letter["links"] = {"key": {**link, "module": "vendor/deeper/letter/permissions"}}
    assert found.services == {"letter": letter, "parcel": ENTRY}


def test_a_custom_action_and_a_service_without_a_module_are_told(tmp_path: Path) -> None:
    parcel = put_service(tmp_path / "parcel")
    (parcel / "specs/actions").mkdir()
    (parcel / "specs/actions/weigh.json.tpl").write_text("{}")
    bare = put_service(tmp_path / "bare", slug="bare", build_context="#!/bin/bash\n")
    (bare / "deployment/main.tf").unlink()
    (bare / "deployment").rmdir()
    found = read_services(tmp_path, tmp_path)
    assert [*found.services] == ["parcel"]
    assert "parcel: the custom action weigh needs a program" in found.notes
    assert "bare/bare: there is no Terraform module deployment/" in found.notes


@pytest.mark.parametrize("place", ["empty", "../outside"])
def test_a_folder_without_services_and_one_outside_are_refused(tmp_path: Path, place: str) -> None:
    root = tmp_path / "catalog"
    folder = (root / place).resolve()
    folder.mkdir(parents=True)
    if place != "empty":
        put_service(folder)
    with pytest.raises(CatalogError, match="No service is in"):
        read_services(folder, root)


def test_a_catalog_that_is_there_stays_and_the_entries_are_shown(tmp_path: Path) -> None:
    (tmp_path / "purveyor.yaml").write_text("version: 1\nbackend: {type: local}\n")
    put_service(tmp_path / "vendor/parcel")
    told = start(tmp_path)
    assert "module: vendor/parcel/deployment" in told
    assert (tmp_path / "purveyor.yaml").read_text() == "version: 1\nbackend: {type: local}\n"


@pytest.mark.engine
def test_a_life_with_the_modules_unedited(
    tmp_path: Path, engine_environment: dict[str, str]
) -> None:
    put_service(tmp_path / "vendor/thing", slug="thing")
    before = files_of(tmp_path / "vendor")
    start(tmp_path)
    catalog = (tmp_path / "purveyor.yaml").read_text()
    with own_service(
        tmp_path, engine_environment, "", {**PARCEL, "tail": ASKED}, catalog=catalog
    ) as it:
        it.create(tail="Red")
        assert it.attributes()["label"] == "pv-news-red"
        assert it.attributes()["place"] == "north"
        it.emulator.platform.store.entities[it.id].name = "Yesterday's news"
        it.update(weight=4, tail="Blue")
        assert it.attributes()["label"] == "pv-news-red", "decided once"
        deleted = it.run("delete")
        assert deleted.code == 0, deleted.stderr
    assert files_of(tmp_path / "vendor") == before
