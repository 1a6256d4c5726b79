"""`purveyor validate` finds, offline and at once, what would fail an action later."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from catalog_fixtures import write_catalog, write_module, write_program
from click.testing import CliRunner

from purveyor import json_text
from purveyor.cli.authoring.validate import validate
from purveyor.errors import CatalogError
from purveyor.validation import validate_catalog

if TYPE_CHECKING:
    from pathlib import Path

MODULE = """\
variable "name" { type = string }
variable "size" {
  type     = number
  nullable = false
}
variable "key" {
  type      = string
  sensitive = true
}
output "url" { value = "x" }
output "password" {
  value     = "x"
  sensitive = true
}
"""


def faults(folder: Path) -> list[str]:
    with pytest.raises(CatalogError) as caught:
        validate_catalog(folder)
    assert caught.value.exit_code == 11
    return [line.removeprefix("purveyor.yaml:") for line in caught.value.details]


def test_a_sound_catalog_is_counted(tmp_path: Path) -> None:
    write_module(tmp_path / "modules/db", MODULE)
    write_module(tmp_path / "modules/db/links/user")
    write_module(tmp_path / "modules/queue")
    write_program(tmp_path / "modules/db/links/user/actions/rotate/run")
    text = """\
accounts: [{match: {}}, {match: {environment: prod}}]
services:
  db: {variables: {size: 1}, outputs: {url: url, password: {output: password, secret: true}}}
  far: {module: "git::https://example.com/a.git?ref=v1"}
"""
    found = validate_catalog(write_catalog(tmp_path, text))
    assert (found.services, found.links, found.actions) == (3, 1, 1)
    assert (found.modules, found.remote, found.accounts) == (3, 1, 2)


def test_what_a_module_does_not_declare_is_a_fault(tmp_path: Path) -> None:
    write_module(tmp_path / "modules/db", MODULE)
    text = """\
services:
  db:
    defaults: {nam: x}
    variables: {siz: 1}
    immutable: [name, sise]
    outputs: {a: ulr, b: password, c: {output: url}}
"""
    assert faults(write_catalog(tmp_path, text)) == [
        (
            '4:16: services.db.defaults.nam: the module declares no variable "nam"; did'
            ' you mean "name"?'
        ),
        (
            '5:17: services.db.variables.siz: the module declares no variable "siz"; did'
            ' you mean "size"?'
        ),
        (
            '6:23: services.db.immutable[1]: the module declares no variable "sise"; did'
            ' you mean "size"?'
        ),
        ('7:18: services.db.outputs.a: the module declares no output "ulr"; did you mean "url"?'),
        (
            '7:26: services.db.outputs.b: the output "password" is sensitive: write'
            " {output: password, secret: true}"
        ),
    ]


def test_fixed_values_must_fit_the_variables_types(tmp_path: Path) -> None:
    write_module(tmp_path / "modules/db", MODULE)
    text = """\
accounts: [{match: {}, variables: {size: big}}]
services: {db: {variables: {name: 8.0, size: null, key: 4711}, defaults: {size: 1}}}
"""
    found = faults(write_catalog(tmp_path, text))
    assert [line.split(": ")[1] for line in found] == [
        "services.db.variables.name",
        "services.db.variables.size",
        "services.db.variables.key",
        "services.db.defaults.size",
        "accounts[0].variables.size",
    ]
    assert not [line for line in found if "4711" in line]


def test_an_account_variable_that_no_module_declares_is_a_fault(tmp_path: Path) -> None:
    write_module(tmp_path / "modules/db", MODULE)
    write_catalog(tmp_path, "accounts: [{match: {}, variables: {sise: 1}}]")
    assert faults(tmp_path) == [
        (
            '2:42: accounts[0].variables.sise: no module declares a variable "sise"; did'
            ' you mean "size"?'
        )
    ]


def test_a_module_that_was_not_read_may_declare_anything(tmp_path: Path) -> None:
    text = """\
accounts: [{match: {}, variables: {region: x}}]
services: {far: {module: "git::https://example.com/a.git?ref=v1", variables: {a: 1}}}
"""
    assert validate_catalog(write_catalog(tmp_path, text)).remote == 1


def test_accounts_that_can_tie_are_a_fault(tmp_path: Path) -> None:
    write_module(tmp_path / "modules/db")
    write_catalog(tmp_path, "accounts: [{match: {environment: prod}}, {match: {country: us}}]")
    assert faults(tmp_path) == [
        (
            "2:50: accounts[1].match: ties with accounts[0] (environment=prod): both can"
            " match equally well"
        )
    ]


def test_a_faulty_module_is_told_by_file_and_line(tmp_path: Path) -> None:
    write_module(tmp_path / "modules/db", 'variable "a" {\n  type = strin\n}\n')
    write_module(tmp_path / "modules/db/links/user", "resource {")
    found = faults(tmp_path)
    assert found[0].startswith("modules/db/main.tf:2:")
    assert found[1].startswith("modules/db/links/user/main.tf:1:")


def test_missing_modules_are_faults(tmp_path: Path) -> None:
    write_catalog(tmp_path, "services: {db: {links: {user: {module: modules/user}}}}")
    assert faults(tmp_path) == [
        "2:16: services.db.module: The module folder modules/db/ does not exist.",
        ("2:40: services.db.links.user.module: The module folder modules/user/ does not exist."),
    ]


def test_a_folder_that_groups_modules_is_no_service(tmp_path: Path) -> None:
    write_module(tmp_path / "modules/aws/mysql")
    write_module(tmp_path / "modules/shared/deep/names")
    (tmp_path / "modules/empty").mkdir()
    write_catalog(tmp_path, "services: {db: {module: modules/aws/mysql}}")
    found = validate_catalog(tmp_path)
    assert found.services == 1
    assert [note for note in found.notes if "modules/" in note] == [
        "modules/empty holds no module: it serves nothing"
    ]
    # Links without a service's module are meant as one.
    write_module(tmp_path / "modules/half/links/user")
    assert faults(tmp_path) == ["The module modules/half has no .tf files."]


def test_files_that_no_run_could_copy_are_faults(tmp_path: Path) -> None:
    outside = tmp_path / "outside.txt"
    outside.touch()
    catalog = tmp_path / "catalog"
    module = write_module(catalog / "modules/db")
    (module / "away.txt").symlink_to(outside)
    (module / "inside.txt").symlink_to(module / "main.tf")
    (module / "nowhere.txt").symlink_to(module / "missing.txt")
    os.mkfifo(module / "pipe")
    assert faults(catalog) == [
        "modules/db/away.txt: the link leaves the catalog's folder",
        "modules/db/nowhere.txt: the link leads nowhere",
        "modules/db/pipe: this is neither a file nor a folder",
    ]


def test_a_link_in_a_circle_is_a_fault(tmp_path: Path) -> None:
    module = write_module(tmp_path / "modules/db")
    (module / "circle.txt").symlink_to(module / "circle.txt")
    assert "modules/db/circle.txt: the link leads nowhere" in faults(tmp_path)


def test_an_unreadable_file_is_a_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = write_module(tmp_path / "modules/db").resolve()
    (module / "notes.txt").touch()
    # Tests may run as root, who may read everything: the system's answer is replaced.
    allowed = os.access
    monkeypatch.setattr(
        os, "access", lambda path, mode: path != module / "notes.txt" and allowed(path, mode)
    )
    assert faults(tmp_path) == ["modules/db/notes.txt: it may not be read"]


def test_a_module_that_is_a_link_out_of_the_catalog_is_a_fault(tmp_path: Path) -> None:
    outside = write_module(tmp_path / "outside")
    (tmp_path / "catalog/modules").mkdir(parents=True)
    (tmp_path / "catalog/modules/db").symlink_to(outside)
    assert faults(tmp_path / "catalog") == [
        "The module folder modules/db/ is a link that leaves the catalog's folder."
    ]


def test_programs_must_be_there_and_executable(tmp_path: Path) -> None:
    write_module(tmp_path / "modules/db")
    write_program(tmp_path / "scripts/plain", mode=0o644)
    write_program(tmp_path / "top")
    write_program(tmp_path / "modules/db/actions/both/run")
    write_program(tmp_path / "modules/db/actions/both/run.py")
    text = """\
services:
  db:
    actions:
      a: {run: [scripts/missing]}
      b: {run: [scripts/plain]}
      c: {run: [python3, scripts/missing.py]}
      d: {run: [top]}
      e: {run: [../outside]}
      ok: {run: [python3, -m, json.tool]}
      fine: {run: [bash, scripts/plain]}
"""
    write_program(tmp_path.parent / "outside")
    found = faults(write_catalog(tmp_path, text))
    assert [line.split(": ", 1)[1] for line in found] == [
        "services.db.actions.a.run[0]: there is no file scripts/missing in the catalog's folder",
        "services.db.actions.b.run[0]: scripts/plain is not executable",
        "services.db.actions.c.run[1]: there is no file scripts/missing.py in the catalog's folder",
        (
            'services.db.actions.d.run[0]: this is looked for on PATH; write "./top" for'
            " the catalog's file"
        ),
        "services.db.actions.e.run[0]: the file is outside the catalog's folder",
        "it must hold exactly one of run, run.py, run.sh, and holds run, run.py.",
    ]


def test_faults_of_the_file_do_not_hide_faults_of_modules(tmp_path: Path) -> None:
    write_module(tmp_path / "modules/db", "resource {")
    write_module(tmp_path / "modules/queue", MODULE)
    text = "services: {broken: {modul: x}, db: {}, queue: {immutable: [a]}}"
    found = faults(write_catalog(tmp_path, text))
    assert len(found) == 3
    assert "services.broken.modul: unknown key" in found[0]
    assert found[1].startswith("modules/db/main.tf:1:")
    assert "services.queue.immutable[0]: the module declares no variable" in found[2]


def test_opentofus_own_files_count_unless_the_engine_is_terraform(tmp_path: Path) -> None:
    module = write_module(tmp_path / "modules/db")
    (module / "extra.tofu").write_text('variable "extra" { type = string }\n')
    text = "services: {db: {engine: {name: %s}, defaults: {extra: x}}}"
    assert validate_catalog(write_catalog(tmp_path, text % "opentofu")).modules == 1
    assert "declares no variable" in faults(write_catalog(tmp_path, text % "terraform"))[0]
    write_catalog(tmp_path, "services: {db: {defaults: {extra: x}}}")
    assert validate_catalog(tmp_path).modules == 1


def test_a_catalog_that_serves_nothing_is_a_fault(tmp_path: Path) -> None:
    assert "serves nothing" in faults(tmp_path)[0]


def test_the_command_tells_a_person(tmp_path: Path) -> None:
    write_module(tmp_path / "modules/db")
    done = CliRunner().invoke(validate, [str(tmp_path)])
    assert done.exit_code == 0
    counts = "1 service, 0 links, 0 custom actions, 1 module, 0 accounts"
    assert done.output.startswith(f"{tmp_path}: sound: {counts}; ")


def test_the_command_tells_a_program(tmp_path: Path) -> None:
    write_module(tmp_path / "modules/db")
    sound = json_text.parse(CliRunner().invoke(validate, [str(tmp_path), "--json"]).output)
    assert isinstance(sound, dict)
    assert (sound["valid"], sound["services"], sound["faults"]) == (True, 1, [])
    write_catalog(tmp_path, "service: {}")
    done = CliRunner().invoke(validate, [str(tmp_path), "--json"])
    assert isinstance(done.exception, CatalogError)
    faulty = json_text.parse(done.output)
    assert isinstance(faulty, dict)
    assert faulty["valid"] is False
    assert faulty["faults"] == ['purveyor.yaml:2:1: service: unknown key; did you mean "services"?']
    assert faulty["notes"] == sound["notes"]


def test_the_environment_names_the_catalog(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_module(tmp_path / "modules/db")
    monkeypatch.setenv("PURVEYOR_CATALOG", str(tmp_path))
    assert CliRunner().invoke(validate, []).output.startswith(f"{tmp_path}: sound: ")
