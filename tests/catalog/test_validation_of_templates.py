"""`purveyor validate` judges what a catalog computes: templates, names, places."""

from __future__ import annotations

import subprocess  # noqa: TID251 - a fresh interpreter shows what is loaded
import sys
from typing import TYPE_CHECKING

import pytest
from catalog_fixtures import write_catalog, write_module

from purveyor.errors import CatalogError
from purveyor.validation import validate_catalog

if TYPE_CHECKING:
    from pathlib import Path

MODULE = 'variable "name" { type = string }\nvariable "size" { type = number }\n'


def find(folder: Path, compute: str, *, more: str = "", link: bool = False) -> list[str]:
    write_module(folder / "modules/db", MODULE)
    write_module(folder / "modules/db/links/user", MODULE)
    entry = f"links: {{user: {{compute: {compute}}}}}" if link else f"compute: {compute}"
    text = f"{more}\nservices:\n  db: {{{entry}}}\n"
    try:
        validate_catalog(write_catalog(folder, text))
    except CatalogError as error:
        return [line.split(": ", 1)[1] for line in error.details]
    return []


@pytest.mark.parametrize(
    "compute",
    [
        '{name: "np-{{ service.name | slug(40) }}-{{ parameters.suffix }}"}',
        '{name: {value: "{{ service.id }}", once: true}, size: "{{ parameters.kib * 1024 }}"}',
        '{name: {value: "{{ attributes.x | default(account.region) }}"}}',
    ],
)
def test_sound_templates_are_no_fault(tmp_path: Path, compute: str) -> None:
    assert find(tmp_path, compute) == []


def test_a_link_may_read_itself_and_its_service_s_outputs(tmp_path: Path) -> None:
    assert find(tmp_path, '{name: "{{ outputs.host }}-{{ link.id }}"}', link=True) == []


@pytest.mark.parametrize(("read", "faults"), [("first", 0), ("second", 1), ("third", 1)])
def test_a_step_may_read_what_ran_before_it(tmp_path: Path, read: str, faults: int) -> None:
    for name in ("first", "second", "third"):
        write_module(tmp_path / name, MODULE)
    steps = "\n".join(
        f"      - {{name: {name}, module: {name}{more}}}"
        for name, more in (
            ("first", ""),
            ("second", f', compute: {{name: "{{{{ steps.{read}.outputs.ip }}}}"}}'),
            ("third", ""),
        )
    )
    catalog = write_catalog(tmp_path, f"services:\n  db:\n    steps:\n{steps}\n")
    found: tuple[str, ...] = ()
    try:
        validate_catalog(catalog)
    except CatalogError as error:
        found = tuple(error.details)
    assert [f'no step "{read}" runs before this one' in line for line in found] == [True] * faults


@pytest.mark.parametrize(
    ("compute", "fault"),
    [
        ('{nam: "x"}', 'the module declares no variable "nam"; did you mean "name"?'),
        ('{name: "{{ service.nme }}"}', "there is no 'nme'; did you mean 'name'?"),
        ('{name: "{{ 1 + }}"}', "character 1: unexpected"),
        ('{name: "{% set x = 1 %}"}', "no statement, no call"),
        ('{name: "{{ link.id }}"}', "`link` is there for links only"),
        ('{name: "{{ outputs.host }}"}', "`outputs` is there for links only"),
        ('{name: "{{ steps.machine.outputs.ip }}"}', 'no step "machine" runs before this one'),
        ("{name: 5}", "must be a mapping, and this is a number"),
        ('{name: {value: "x", ones: true}}', 'unknown key; did you mean "once"?'),
        ("{name: {once: true}}", "`value` is missing"),
        ("{name: }", "empty"),
    ],
)
def test_what_cannot_work_is_a_fault_at_its_key(tmp_path: Path, compute: str, fault: str) -> None:
    (found,) = find(tmp_path, compute)
    assert "compute.name" in found or "compute.nam" in found
    assert fault in found


def test_what_never_counts_is_a_fault(tmp_path: Path) -> None:
    both = 'variables: {name: b}, defaults: {size: 1}, compute: {name: a, size: "{{ 2 }}"}'
    write_module(tmp_path / "modules/db", MODULE)
    with pytest.raises(CatalogError) as caught:
        validate_catalog(write_catalog(tmp_path, f"services:\n  db: {{{both}}}\n"))
    text = "\n".join(caught.value.details)
    assert "compute.name: this never counts: `variables` sets it too" in text
    assert "defaults.size: this default never counts: `compute` sets it too" in text


def test_once_needs_a_journal(tmp_path: Path) -> None:
    backend = "backend: {type: http, address: 'https://states.example.com/{name}'}"
    once = '{name: {value: "{{ service.id }}", once: true}}'
    (found,) = find(tmp_path, once, more=backend)
    assert "`once` needs a journal that keeps the value: see `journal`" in found
    assert find(tmp_path, '{name: "{{ service.id }}"}', more=backend) == []


@pytest.mark.parametrize("key", ["once", "approve"])
def test_a_step_that_is_done_once_or_waits_needs_a_journal(tmp_path: Path, key: str) -> None:
    write_module(tmp_path / "db", MODULE)
    step = f"{{name: seed, {key}: true, command: {{run: [sh]}}}}"
    services = f"services:\n  db:\n    steps: [{{module: db}}, {step}]\n"
    backend = "backend: {type: http, address: 'https://states.example.com/{name}'}\n"
    with pytest.raises(CatalogError) as caught:
        validate_catalog(write_catalog(tmp_path, backend + services))
    (found,) = caught.value.details
    assert f"services.db.steps[1].{key}: it needs a journal that keeps what was done" in found
    validate_catalog(write_catalog(tmp_path, services))


@pytest.mark.parametrize("computes", [True, False])
def test_templates_are_loaded_only_where_a_catalog_computes(
    tmp_path: Path, *, computes: bool
) -> None:
    write_module(tmp_path / "modules/db", MODULE)
    entry = '{compute: {name: "{{ service.id }}"}}' if computes else "{variables: {name: x}}"
    write_catalog(tmp_path, f"services:\n  db: {entry}\n")
    code = (
        "import sys; from pathlib import Path; from purveyor.validation import validate_catalog;"
        "validate_catalog(Path()); print('jinja2' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == str(computes)
