"""Specifications made from modules, and brought up to date beside what a person wrote."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from purveyor import json_text
from purveyor.action import ActionContext, Entity, Kind, Operation, Specification
from purveyor.catalog.loading import load_catalog
from purveyor.cli.authoring.spec import spec
from purveyor.declaration import OFFERED
from purveyor.errors import CatalogError
from purveyor.provision.variables import SERVICE_OUTPUTS, offer_identity
from purveyor.specs.documents import generate

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(
        EXAMPLES / "catalog", tmp_path / "catalog", ignore=shutil.ignore_patterns("specs")
    )
    return tmp_path / "catalog"


def write(folder: Path, slug: str = "mysql-database") -> dict[str, Any]:
    """Generate, write, and return the documents by their file's name."""
    for each in generate(load_catalog(folder), slug, folder / "specs"):
        each.path.parent.mkdir(parents=True, exist_ok=True)
        each.path.write_text(each.after)
    found = sorted((folder / "specs").rglob("*.tpl"))
    return {each.name.partition(".")[0]: json_text.parse(each.read_text()) for each in found}


def properties(document: Any) -> dict[str, Any]:
    found: dict[str, Any] = document["attributes"]["schema"]["properties"]
    return found


def test_a_service_gets_a_file_and_each_link_and_custom_action_one(folder: Path) -> None:
    found = write(folder)
    assert sorted(found) == ["database-user", "get-credentials", "service-spec"]
    service, link, action = (found[n] for n in ("service-spec", "database-user", "get-credentials"))
    assert service["available_links"] == ["database-user"]
    assert link["available_actions"] == ["get-credentials"]
    assert (action["type"], action["parameters"]["schema"]["type"]) == ("custom", "object")
    for each in (service, link):
        assert set(each["selectors"]) == {"category", "imported", "provider", "sub_category"}
        assert each["use_default_actions"] is True


def test_what_the_catalog_decides_or_purveyor_offers_is_not_asked(folder: Path) -> None:
    asked = properties(write(folder)["service-spec"])
    assert "region" not in asked  # the accounts set it
    (folder / "modules/sqs-queue/more.tf").write_text(
        "".join(f'variable "{name}" {{\n type = any\n}}\n' for name in ("service_id", "mine"))
    )
    queue = properties(write(folder, "sqs-queue")["service-spec"])
    assert "mine" in queue
    assert "service_id" not in queue


def test_an_immutable_variable_is_set_at_the_create_alone(folder: Path) -> None:
    asked = properties(write(folder)["service-spec"])
    assert asked["engine_version"]["editableOn"] == ["create"]
    assert asked["storage_gb"]["editableOn"] == ["create", "update"]


def test_outputs_are_shown_and_secret_ones_are_marked(folder: Path) -> None:
    given = properties(write(folder)["service-spec"])
    assert given["endpoint"] == {
        "description": "Host name of the database.",
        "editableOn": [],
        "visibleOn": ["read"],
        "export": True,
    }
    assert given["password"]["secret"] is True
    assert given["password"]["export"]["secret"] is True


def test_a_second_run_changes_no_byte_not_even_of_a_file_that_somebody_laid_out(
    folder: Path,
) -> None:
    found = write(folder)
    path = folder / "specs/service-spec.json.tpl"
    path.write_text(json_text.write(found["service-spec"]))  # on one line
    assert not any(
        each.changed for each in generate(load_catalog(folder), "mysql-database", folder / "specs")
    )


def test_what_a_person_wrote_stays_and_what_the_module_says_is_brought_up_to_date(
    folder: Path,
) -> None:
    document = write(folder)["service-spec"]
    asked = properties(document)
    document["name"], document["selectors"]["category"] = "MySQL for everybody", "Database"
    document["attributes"]["schema"]["uiSchema"] = {"type": "VerticalLayout"}
    asked["storage_gb"] |= {"title": "Disk", "order": 3, "description": "Mine.", "maximum": 5}
    asked["endpoint"]["type"] = "string"
    asked["engine_version"]["visibleOn"] = ["create"]
    asked["own"] = {"type": "string"}
    document["attributes"]["schema"]["required"].append("own")
    (folder / "specs/service-spec.json.tpl").write_text(json_text.write(document))
    variables = folder / "modules/mysql-database/variables.tf"
    variables.write_text(
        variables.read_text().replace("65536 &&", "1000 &&")
        + 'variable "added" {\n type = string\n}\n'
    )
    files = generate(load_catalog(folder), "mysql-database", folder / "specs")
    assert files[0].changed
    assert "own is no variable and no output of the module; left" in " ".join(files[0].notes)
    now: Any = json_text.parse(files[0].after)
    assert (now["name"], now["selectors"]["category"]) == ("MySQL for everybody", "Database")
    assert now["attributes"]["schema"]["uiSchema"] == {"type": "VerticalLayout"}
    disk = properties(now)["storage_gb"]
    assert (disk["title"], disk["order"], disk["description"]) == ("Disk", 3, "Mine.")
    assert disk["maximum"] == 1000
    assert properties(now)["endpoint"]["type"] == "string"
    assert properties(now)["engine_version"]["visibleOn"] == ["create"]
    assert now["attributes"]["schema"]["required"] == ["database_name", "own", "added"]


def test_values_with_titles_replace_the_bare_ones(folder: Path) -> None:
    document = write(folder)["database-user"]
    access = properties(document)["access"]
    access["oneOf"] = [{"const": each, "title": each.upper()} for each in access.pop("enum")]
    (folder / "specs/links/database-user.json.tpl").write_text(json_text.write(document))
    assert properties(write(folder)["database-user"])["access"] == access


def test_a_template_that_is_no_json_is_left_alone_and_named(folder: Path) -> None:
    write(folder)
    path = folder / "specs/service-spec.json.tpl"
    path.write_text('{"name": {{ env "NAME" }}}')
    with pytest.raises(CatalogError, match="tpl is no JSON"):
        generate(load_catalog(folder), "mysql-database", folder / "specs")


def test_a_rule_that_only_the_engine_can_check_is_said_with_its_place(folder: Path) -> None:
    (folder / "modules/sqs-queue/more.tf").write_text(
        'variable "range" {\n  type = string\n  validation {\n'
        '    condition     = can(cidrhost(var.range, 0))\n    error_message = "No range."\n  }\n}\n'
    )
    files = generate(load_catalog(folder), "sqs-queue", folder / "specs")
    assert files[0].notes == [
        "service-spec.json.tpl: more.tf:1: range: only the engine checks this: No range."
    ]


def test_a_parameter_that_a_template_takes_is_asked_for(folder: Path) -> None:
    catalog = folder / "purveyor.yaml"
    catalog.write_text(
        catalog.read_text().replace(
            "    immutable: [engine_version]",
            '    compute: {database_name: "np-{{ parameters.suffix }}"}\n'
            "    immutable: [engine_version]",
        )
    )
    asked = properties(write(folder)["service-spec"])
    assert "database_name" not in asked
    assert asked["suffix"]["type"] == "string"


def test_what_purveyor_offers_is_what_a_run_offers() -> None:
    kind = Specification("sp-1", "shop")
    service = Entity(Kind.SERVICE, "s-1", "shop", kind)
    context = ActionContext(id="a-1", operation=Operation.CREATE, service=service, link=None)
    assert {*offer_identity(context, ""), SERVICE_OUTPUTS, "steps"} == OFFERED


def test_the_command_writes_shows_a_difference_and_speaks_json(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)

    def ask(*words: str) -> str:
        done = CliRunner().invoke(spec, ["generate", "mysql-database", *words])
        assert done.exit_code == 0, done.output
        return done.stdout

    assert '+  "slug": "mysql-database",' in ask("--diff")
    assert not (folder / "specs").exists()
    assert "specs/mysql-database/service-spec.json.tpl: is new" in ask()
    assert "service-spec.json.tpl: is up to date" in ask()
    assert ask("--diff") == ""
    told: Any = json_text.parse(ask("--json", "--into", "elsewhere"))
    assert [each["new"] for each in told["files"]] == [True] * 3
    assert (folder / "elsewhere/links/database-user.json.tpl").is_file()


def test_what_an_action_hands_out_is_declared_and_a_sensitive_output_is_a_secret(
    folder: Path,
) -> None:
    place = folder / "purveyor.yaml"
    at = "    guard: {protect: [terraform_data.database]}\n"
    action = "    actions: {hand-out: {outputs: [endpoint, port, password], secrets: [port]}}\n"
    place.write_text(place.read_text().replace(at, at + action))
    results = write(folder)["hand-out"]["results"]["schema"]["properties"]
    assert results == {"endpoint": {}, "port": {"secret": True}, "password": {"secret": True}}
