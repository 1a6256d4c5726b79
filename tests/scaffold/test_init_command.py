"""`purveyor init` in empty folders, in folders with modules, and a second time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from init_fixtures import VALUES, ask, files_of, put, read

from purveyor import json_text
from purveyor.cli.authoring.init import init
from purveyor.errors import CatalogError
from purveyor.scaffold.files import CIS, STORES
from purveyor.validation import validate_catalog

if TYPE_CHECKING:
    from pathlib import Path

    from purveyor.json_text import JsonObject


@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize("ci", CIS)
def test_an_empty_folder_becomes_a_sound_catalog(folder: Path, ci: str, store: str) -> None:
    told = ask("--ci", ci, "--store", store, *VALUES[store])
    assert (
        set(files_of(folder))
        == set(json_text.as_object(told["files"]))
        == {
            "modules/example-service/main.tf",
            "purveyor.yaml",
            "create.json",
            CIS[ci][0],
        }
    )
    assert validate_catalog(folder).services == 1


@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize("ci", CIS)
def test_modules_become_services_where_they_are(folder: Path, ci: str, store: str) -> None:
    put(folder / "modules/queue/main.tf")
    put(folder / "modules/queue/links/reader/main.tf", "")
    put(folder / "modules/aws/bucket/main.tf")
    put(folder / "their database/main.tf")
    ask("--ci", ci, "--store", store, *VALUES[store])
    assert read(folder / "purveyor.yaml")["services"] == {
        "aws-bucket": {"module": "modules/aws/bucket"},
        "queue": {"module": "modules/queue"},
        "their-database": {"module": "their database"},
    }
    assert not (folder / "modules/example-service").exists()
    found = validate_catalog(folder)
    assert (found.services, found.links) == (3, 1)


def test_two_modules_of_one_name_are_two_services(folder: Path) -> None:
    put(folder / "cache/main.tf")
    put(folder / "modules/cache/main.tf")
    ask("--ci", "github", "--store", "local")
    services = read(folder / "purveyor.yaml")["services"]
    assert services == {"cache": {"module": "cache"}, "modules-cache": {"module": "modules/cache"}}


@pytest.mark.parametrize(
    ("block", "backend"),
    [
        (
            'backend "s3" {\n bucket = "theirs"\n region = "eu-west-1"\n key = "x"\n}',
            {"type": "s3", "bucket": "theirs", "region": "eu-west-1"},
        ),
        (
            'backend "azurerm" {\n storage_account_name = "theirs"\n container_name = "states"\n}',
            {"type": "azurerm", "account": "theirs", "container": "states"},
        ),
        (
            'backend "gcs" {\n bucket = "theirs"\n prefix = "x"\n}',
            {"type": "gcs", "bucket": "theirs"},
        ),
        ('backend "pg" {}', {"type": "pg"}),
    ],
)
def test_a_modules_backend_becomes_the_catalogs(
    folder: Path, block: str, backend: JsonObject
) -> None:
    put(folder / "network/main.tf", f"terraform {{\n{block}\n}}\n")
    ask("--ci", "github")
    assert read(folder / "purveyor.yaml")["backend"] == backend


def test_what_a_backend_block_leaves_open_is_asked_and_what_is_said_wins(folder: Path) -> None:
    put(folder / "network/main.tf", 'terraform {\n backend "s3" {\n bucket = "theirs"\n}\n}')
    assert "Say --region." in str(ask("--ci", "github", code=2))
    ask("--ci", "github", "--region", "us-east-1", "--bucket", "ours")
    backend = read(folder / "purveyor.yaml")["backend"]
    assert backend == {"type": "s3", "bucket": "ours", "region": "us-east-1"}


def test_another_store_takes_nothing_from_a_backend_block(folder: Path) -> None:
    put(folder / "network/main.tf")
    assert "Say --bucket." in str(ask("--ci", "github", "--store", "gcs", code=2))


@pytest.mark.parametrize("store", ["gitlab", "http", "consul"])
def test_a_store_without_a_journal_gets_one_elsewhere(folder: Path, store: str) -> None:
    words = [*VALUES[store][:2], "--journal", "s3", *VALUES["s3"]]
    ask("--ci", "gitlab", "--store", store, *words)
    wanted = {"type": "s3", "bucket": "acme-states", "region": "us-east-1"}
    assert read(folder / "purveyor.yaml")["journal"] == wanted
    assert validate_catalog(folder).notes == ()


def test_gitlabs_states_need_a_token_in_another_ci_only(folder: Path) -> None:
    for ci, token in (("gitlab", None), ("github", "GITLAB_TOKEN")):
        ask("--ci", ci, "--store", "gitlab", *VALUES["gitlab"], "--into", ci)
        backend = json_text.as_object(read(folder / ci / "purveyor.yaml")["backend"])
        assert backend.get("token_from") == token


def test_the_context_asks_for_what_the_module_requires(folder: Path) -> None:
    put(folder / "modules/queue/main.tf")
    ask("--ci", "github", "--store", "local")
    context = json_text.parse((folder / "create.json").read_text("utf-8"))
    assert json_text.dig(context, "parameters") == {"size": 1}
    assert json_text.dig(context, "service", "specification", "slug") == "queue"


@pytest.mark.parametrize("words", [["--ci", "azure", "--store", "s3", *VALUES["s3"]], []])
def test_a_second_run_changes_nothing_and_says_so(folder: Path, words: list[str]) -> None:
    ask("--ci", "azure", "--store", "s3", *VALUES["s3"])
    before = files_of(folder)
    done = CliRunner().invoke(init, words)
    assert done.exit_code == 0, done.output
    assert "Nothing has changed." in done.stdout
    assert "is there, and stays" in done.stdout
    assert files_of(folder) == before


@pytest.mark.parametrize("ci", CIS)
def test_a_pipeline_of_ones_own_stays_and_ours_stands_beside_it(folder: Path, ci: str) -> None:
    own = put(folder / CIS[ci][0], "their own\n")
    words = ("--store", "local", "--ci", ci)
    told = ask(*words)
    assert own.read_text("utf-8") == "their own\n"
    assert f"{CIS[ci][0]} is another pipeline, and stays as it is" in str(told["notes"])
    (beside,) = own.parent.glob("purveyor-*")
    assert beside.read_text("utf-8")
    before = files_of(folder)
    ask(*words)
    assert files_of(folder) == before


def test_ours_is_left_out_where_both_places_are_taken(folder: Path) -> None:
    put(folder / "azure-pipelines.yml", "their own\n")
    put(folder / "purveyor-azure-pipelines.yml", "and another\n")
    told = ask("--store", "local")
    assert "azure-pipelines" not in str([*json_text.as_object(told["files"])])
    assert "no pipeline is written" in str(told["notes"])


def test_a_dry_run_shows_what_would_be_written_and_writes_nothing(folder: Path) -> None:
    told = ask("--ci", "github", "--store", "local", "--dry-run", "--into", "catalog")
    assert set(json_text.as_object(told["files"]).values()) == {"would be written"}
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "missing"),
    [
        ([], "Say --ci github|gitlab|azure|receiver."),
        (["--ci", "azure"], "Say --store s3|azure|gcs|gitlab|postgres|http|consul|local."),
        (["--ci", "azure", "--store", "azure"], "Say --account."),
        (
            ["--ci", "azure", "--store", "consul", "--address", "http://consul:8500"],
            "Say --journal s3|azure|gcs|postgres|local|none.",
        ),
    ],
)
def test_what_is_missing_is_named_where_nobody_can_be_asked(
    folder: Path, words: list[str], missing: str
) -> None:
    assert missing in str(ask(*words, code=2))
    assert list(folder.iterdir()) == []


def test_what_is_missing_is_asked_at_a_terminal(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("click.testing._NamedTextIOWrapper.isatty", lambda _: True, raising=False)
    done = CliRunner().invoke(init, ["--store", "s3"], input="github\nacme-states\nus-east-1\n")
    assert done.exit_code == 0, done.output
    backend = {"type": "s3", "bucket": "acme-states", "region": "us-east-1"}
    assert read(folder / "purveyor.yaml")["backend"] == backend


def test_nothing_stays_of_a_catalog_that_would_be_at_fault(folder: Path) -> None:
    words = ["--ci", "github", "--store", "s3", "--bucket", "NO", "--region", "us-east-1"]
    with pytest.raises(CatalogError) as raised:
        ask(*words)
    assert "backend.bucket" in raised.value.details[0]
    assert "Nothing was written" in raised.value.hint
    assert files_of(folder) == {}


def test_a_module_that_cannot_be_read_is_left_out_and_named(folder: Path) -> None:
    put(folder / "broken/main.tf", 'variable "x" {')
    put(folder / "sound/main.tf")
    told = ask("--ci", "github")
    assert "broken" in str(told["notes"])
    assert read(folder / "purveyor.yaml")["services"] == {"sound": {"module": "sound"}}


def test_a_catalog_without_a_pipeline_gets_one_that_fits_it(folder: Path) -> None:
    catalog = put(folder / "purveyor.yaml", "version: 1\nbackend: {type: pg}\n")
    put(folder / "modules/queue/main.tf")
    told = ask("--ci", "github")
    assert json_text.as_object(told["files"])["purveyor.yaml"] == "is there, and stays"
    assert catalog.read_text("utf-8") == "version: 1\nbackend: {type: pg}\n"
    assert "secrets.PG_CONN_STR" in (folder / CIS["github"][0]).read_text("utf-8")


def test_a_backend_of_a_modules_own_folder_is_not_taken_over(folder: Path) -> None:
    put(folder / "network/main.tf", 'terraform {\n backend "local" {}\n}')
    assert "Say --store" in str(ask("--ci", "github", code=2))


def test_a_place_that_cannot_be_written_is_named(folder: Path) -> None:
    put(folder / "modules", "no folder")
    with pytest.raises(CatalogError) as raised:
        ask("--ci", "github", "--store", "local")
    assert "modules" in raised.value.message
    assert "--into" in raised.value.hint
