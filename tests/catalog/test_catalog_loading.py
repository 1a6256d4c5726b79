"""A catalog loads whole or tells every fault at once, each with its place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from catalog_fixtures import write_catalog

from purveyor.catalog import load_catalog
from purveyor.catalog.backend import LocalBackendConfig, S3BackendConfig
from purveyor.errors import CatalogError

if TYPE_CHECKING:
    from pathlib import Path

S3 = "type: s3, bucket: acme-tfstate, region: us-east-1"


def faults(folder: Path, text: str) -> list[str]:
    with pytest.raises(CatalogError) as caught:
        load_catalog(write_catalog(folder, text))
    assert caught.value.exit_code == 11
    return list(caught.value.details)


def test_every_fault_of_a_file_is_told_at_once(tmp_path: Path) -> None:
    text = """\
backend: {type: s3, bucket: acme-tfstate, region: us-east-1, lokc: lockfile}
accounts:
  - match: {environment: 1.10}
    role_arn: arn:aws:iam::1:role/x
services:
  mysql-rds:
    modul: modules/mysql-rds
    engine: {name: opentofo, version: 1.10}
    outputs: {password: {output: password, secret: yes}}
    guard: {protect: ["AWS Db"]}
    links:
      default: {module: git::https://example.com/a.git, lock_timeot: 3}
    actions:
      rotate: {run: python3, timeout: 1.5}
    steps: {}
  reg: {module: acme/rds/aws, version: ~> 5.0}
"""
    places = [line.split(": ")[:2] for line in faults(tmp_path, text)]
    assert places == [
        ["purveyor.yaml:2:62", "backend.lokc"],
        ["purveyor.yaml:4:26", "accounts[0].match.environment"],
        ["purveyor.yaml:5:15", "accounts[0].role_arn"],
        ["purveyor.yaml:8:5", "services.mysql-rds.modul"],
        ["purveyor.yaml:9:20", "services.mysql-rds.engine.name"],
        ["purveyor.yaml:9:39", "services.mysql-rds.engine.version"],
        ["purveyor.yaml:10:52", "services.mysql-rds.outputs.password.secret"],
        ["purveyor.yaml:11:23", "services.mysql-rds.guard.protect[0]"],
        ["purveyor.yaml:13:25", "services.mysql-rds.links.default.module"],
        ["purveyor.yaml:13:57", "services.mysql-rds.links.default.lock_timeot"],
        ["purveyor.yaml:15:21", "services.mysql-rds.actions.rotate.run"],
        ["purveyor.yaml:15:39", "services.mysql-rds.actions.rotate.timeout"],
        ["purveyor.yaml:16:12", "services.mysql-rds.steps"],
        ["purveyor.yaml:17:40", "services.reg.version"],
    ]


@pytest.mark.parametrize(
    ("entry", "text"),
    [
        ("{modul: a}", 'unknown key; did you mean "module"?'),
        ("{zzz: a}", "unknown key"),
        ("{links: {default: {lock_timeot: 3}}}", 'unknown key; did you mean "lock_timeout"?'),
        ("{links: {default: {links: {}}}}", "unknown key"),
        ("{engine: {nam: x}}", 'unknown key; did you mean "name"?'),
        ("{engine: {version: 1.10}}", "must be text, and this is a number with a point: quote it"),
        ("{engine: {name: opentofo}}", 'must be terraform or opentofu; did you mean "opentofu"?'),
        ("{outputs: {a: {output: a, secret: yes}}}", "must be true or false, and this is text"),
        ("{outputs: {a: {secret: true}}}", "`output` is missing"),
        ("{actions: {a: {run: []}}}", "must not be empty"),
        ("{actions: {a: {run: [a], timeout: 1.5}}}", "must be a whole number, and this is a"),
        ("{steps: {}}", "must be a list, and this is a mapping"),
        ("[]", "must be a mapping, and this is a list"),
        ('{module: acme/rds/aws, version: "~> 5.0"}', "a constraint is no pin"),
        ("{guard: {protect: [AWS Db]}}", "must be a resource type such as aws_db_instance"),
    ],
)
def test_a_fault_of_an_entry_says_what_to_write(tmp_path: Path, entry: str, text: str) -> None:
    found = faults(tmp_path, f"services: {{db: {entry}}}")
    assert len(found) == 1
    assert text in found[0]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("version: 2", "purveyor.yaml:1:10: version: must be 1"),
        ('version: "1"', "purveyor.yaml:1:10: version: must be 1"),
        ("services: {}", "purveyor.yaml:1:1: `version` is missing"),
        ("", "purveyor.yaml:1:1: the file is empty; begin: version: 1"),
        ("- a", "purveyor.yaml:1:1: must be a mapping, and this is a list"),
        ("version: 1\nservices:", "2:10: services: empty: give it a value, or leave the key out"),
        ("version: 1\nbackend: {bucket: x}", "2:1: backend: `type` is missing; it is local, s3, "),
        (
            "version: 1\nbackend: {type: swift}",
            "2:17: backend.type: this type is not supported; it is local, s3, ",
        ),
        (
            "version: 1\nbackend: {type: http, address: https://h/s}",
            "backend.address: must be an address with `{name}` in it",
        ),
        (
            'version: 1\nbackend: {type: http, address: "https://u:p@h/{name}"}',
            "backend.address: must be an address with `{name}` in it",
        ),
        ("version: 1\nbackend: {type: consul}", "backend: `address` is missing"),
        ("version: 1\nbackend: {type: s3, region: a}", "2:1: backend: `bucket` is missing"),
        (f"version: 1\nbackend: {{{S3}, lock: both}}", "2:10: backend: lock `both` needs `table`"),
        (f"version: 1\nbackend: {{{S3}, table: t}}", "did you mean `both`?"),
        (f"version: 1\nbackend: {{{S3}, prefix: a/../b}}", "backend.prefix: must be a folder"),
        (f"version: 1\nbackend: {{{S3}, prefix: /a}}", "backend.prefix: must be a folder"),
        ("version: 1\nservices: {../x: {}}", "2:12: services.../x: must be a slug"),
        ("version: 1\nservices: {a: {lock_timeout: -1}}", "services.a.lock_timeout: must be"),
        ("version: 1\nservices: {a: {immutable: [1]}}", "services.a.immutable[0]: must be text"),
    ],
)
def test_a_fault_says_where_and_what(tmp_path: Path, text: str, fault: str) -> None:
    (tmp_path / "purveyor.yaml").write_text(text)
    with pytest.raises(CatalogError) as caught:
        load_catalog(tmp_path)
    assert len(caught.value.details) == 1
    assert fault in caught.value.details[0]


def test_values_are_never_shown(tmp_path: Path) -> None:
    text = "accounts: [{match: {}, external_id: 4711, role_arn: hunter2}]"
    assert not [line for line in faults(tmp_path, text) if "4711" in line or "hunter2" in line]


def test_what_yaml_would_let_pass_is_refused(tmp_path: Path) -> None:
    text = "services: {a: {variables: {id: 007}}, b: {}, b: {}, c: {modul: x}}"
    places = [line.split(": ")[:2] for line in faults(tmp_path, text)]
    assert places == [
        ["purveyor.yaml:2:32", "services.a.variables.id"],
        ["purveyor.yaml:2:46", "services.b"],
        ["purveyor.yaml:2:57", "services.c.modul"],
    ]
    with pytest.raises(CatalogError, match="has 1 fault"):
        load_catalog(write_catalog(tmp_path, "services: {b: {}, b: {}}"))


def test_an_empty_variable_is_a_value(tmp_path: Path) -> None:
    catalog = load_catalog(
        write_catalog(tmp_path, "services: {a: {variables: {kms_key: null, list: [null]}}}")
    )
    assert catalog.model.services["a"].variables == {"kms_key": None, "list": [None]}


def test_a_folder_without_a_file_is_a_catalog_by_convention(tmp_path: Path) -> None:
    catalog = load_catalog(tmp_path)
    assert catalog.model.backend == LocalBackendConfig(path=".purveyor/state")
    assert catalog.root == tmp_path.resolve()


def test_the_file_itself_can_be_named(tmp_path: Path) -> None:
    path = tmp_path / "other.yaml"
    path.write_text(f"version: 1\nbackend: {{{S3}, prefix: team/states}}")
    catalog = load_catalog(path)
    assert isinstance(catalog.model.backend, S3BackendConfig)
    assert catalog.model.backend.prefix == "team/states"
    assert catalog.root == tmp_path.resolve()


def test_this_folder_is_the_catalog_when_nothing_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_catalog(tmp_path, "services: {here: {}}")
    monkeypatch.chdir(tmp_path)
    assert list(load_catalog().model.services) == ["here"]


def test_a_file_of_almost_the_right_name_is_not_passed_over(tmp_path: Path) -> None:
    (tmp_path / "purveyor.yml").write_text("version: 1")
    with pytest.raises(CatalogError, match=r"purveyor\.yml but no purveyor\.yaml"):
        load_catalog(tmp_path)


def test_a_path_that_does_not_exist_is_no_empty_catalog(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="There is no catalog at"):
        load_catalog(tmp_path / "missing")
