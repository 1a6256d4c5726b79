"""What does not fit between a specification's files and the modules."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from purveyor import json_text
from purveyor.catalog.loading import load_catalog
from purveyor.cli.authoring.spec import spec
from purveyor.errors import CatalogError
from purveyor.specs.checking import check_specification
from purveyor.specs.documents import generate

if TYPE_CHECKING:
    from collections.abc import Callable

EXAMPLES = Path(__file__).parents[2] / "examples"
Properties = dict[str, Any]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(EXAMPLES / "catalog", tmp_path / "catalog")
    folder = tmp_path / "catalog"
    for each in generate(load_catalog(folder), "mysql-database", folder / "specs/mysql-database"):
        each.path.parent.mkdir(parents=True, exist_ok=True)
        each.path.write_text(each.after)
    return folder


def rules(folder: Path) -> list[str]:
    catalog = load_catalog(folder)
    found = check_specification(catalog, "mysql-database", folder / "specs/mysql-database")
    return [f"{each.rule} {each.text.partition(':')[0]}" for each in found]


def test_what_was_just_generated_fits(folder: Path) -> None:
    assert rules(folder) == []


CHANGES: list[tuple[str, Callable[[Properties, list[str]], Any]]] = [
    ("no-variable size", lambda p, _: p.update(size={"type": "number", "editableOn": ["create"]})),
    ("no-output address", lambda p, _: p.update(address={"type": "string", "editableOn": []})),
    ("not-asked database_name", lambda p, _: p["database_name"].update(editableOn=[])),
    ("not-required database_name", lambda _, required: required.clear()),
    ("output-unknown port", lambda p, _: p.pop("port")),
    ("never-visible endpoint", lambda p, _: p["endpoint"].update(visibleOn=[])),
    ("type-differs engine_version", lambda p, _: p["engine_version"].update(type="number")),
    ("default-differs storage_gb", lambda p, _: p["storage_gb"].update(default=30)),
]


@pytest.mark.parametrize(("finding", "change"), CHANGES, ids=[each[0] for each in CHANGES])
def test_one_change_is_one_finding(
    folder: Path, finding: str, change: Callable[[Properties, list[str]], Any]
) -> None:
    path = folder / "specs/mysql-database/service-spec.json.tpl"
    document: Any = json_text.parse(path.read_text())
    schema = document["attributes"]["schema"]
    change(schema["properties"], schema["required"])
    path.write_text(json_text.write(document))
    assert rules(folder) == [finding]


def test_a_secret_that_is_none_and_a_value_that_the_module_refuses_are_found(folder: Path) -> None:
    path = folder / "specs/mysql-database/links/database-user.json.tpl"
    document: Any = json_text.parse(path.read_text())
    own = document["attributes"]["schema"]["properties"]
    own["password"] = {"type": "string", "editableOn": [], "visibleOn": ["read"]}
    own["access"]["enum"].append("all")
    path.write_text(json_text.write(document))
    assert sorted(rules(folder)) == ["not-secret password", "value-refused access"]


def test_a_narrower_type_and_titles_in_the_place_of_bare_values_fit(folder: Path) -> None:
    path = folder / "specs/mysql-database/links/database-user.json.tpl"
    document: Any = json_text.parse(path.read_text())
    access = document["attributes"]["schema"]["properties"]["access"]
    access["oneOf"] = [{"const": each, "title": each} for each in access.pop("enum")]
    path.write_text(json_text.write(document))
    variables = folder / "modules/mysql-database/variables.tf"
    rule = " && floor(var.storage_gb) == var.storage_gb"
    variables.write_text(variables.read_text().replace(rule, ""))
    assert rules(folder) == []


def test_a_template_s_placeholders_are_read_over(folder: Path) -> None:
    path = folder / "specs/mysql-database/service-spec.json.tpl"
    text = path.read_text().replace('"Mysql database"', '"{{ env.Getenv "NAME" }}"')
    path.write_text(text.replace('"use_default_actions": true', '"use_default_actions": {{ .x }}'))
    assert rules(folder) == []


def test_what_a_program_takes_and_gives_counts_and_a_remote_module_may_take_anything(
    folder: Path,
) -> None:
    path = folder / "specs/mysql-database/service-spec.json.tpl"
    document: Any = json_text.parse(path.read_text())
    document["attributes"]["schema"]["properties"] |= {
        "schema_file": {"type": "string", "editableOn": ["create"]},
        "rows": {"type": "number", "editableOn": []},
    }
    path.write_text(json_text.write(document))
    assert rules(folder) == ["no-variable schema_file", "no-output rows"]
    catalog = folder / "purveyor.yaml"
    text = catalog.read_text()
    head, _, rest = text.partition("    defaults: {storage_gb")
    links = rest[rest.index("    links:") :]
    seed = "command: {run: [actions/seed.py]}, parameters: [schema_file], outputs: {rows: rows}"
    module = "module: modules/mysql-database, immutable: [engine_version]"
    outputs = (
        "outputs: {endpoint: endpoint, port: port, password: {output: password, secret: true}}"
    )
    catalog.write_text(
        f"{head}    steps:\n      - {{name: database, {module}, {outputs}}}\n"
        f"      - {{name: seed, {seed}}}\n{links}"
    )
    assert "no-variable schema_file" not in rules(folder)
    assert "no-output rows" not in rules(folder)
    remote = 'module: "git::https://example.com/m.git?ref=v1"'
    catalog.write_text(f"{head}    {remote}\n{links}")
    assert rules(folder) == []


def test_files_that_are_missing_or_no_json_are_named(folder: Path) -> None:
    path = folder / "specs/mysql-database/service-spec.json.tpl"
    path.write_text("{")
    with pytest.raises(CatalogError, match="is no JSON"):
        rules(folder)
    path.unlink()
    with pytest.raises(CatalogError, match="There is no specification"):
        rules(folder)


def test_the_command_names_file_line_and_rule(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    fits = CliRunner().invoke(spec, ["check", "mysql-database"])
    assert fits.output == "mysql-database: the specification fits its modules\n"
    path = Path("specs/mysql-database/service-spec.json.tpl")
    text = path.read_text().replace(
        '"storage_gb": {\n          "type": "integer"',
        '"storage_gb": {\n          "type": "string"',
    )
    path.write_text(text)
    line = text[: text.index('"storage_gb"')].count("\n") + 1
    found = CliRunner().invoke(spec, ["check", "mysql-database"])
    assert found.output.startswith(
        f"{path}:{line}: error: storage_gb: it is string here, and integer in the module"
        " [type-differs]\n"
    )
    assert isinstance(found.exception, CatalogError)
    told: Any = json_text.parse(
        CliRunner().invoke(spec, ["check", "mysql-database", "--json"]).output
    )
    assert [each["rule"] for each in told["findings"]] == ["type-differs"]
