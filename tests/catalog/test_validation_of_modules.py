"""`purveyor validate` follows calls, and tells what reaches nobody or protects nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from catalog_fixtures import write_catalog, write_module
from click.testing import CliRunner

from purveyor.catalog import words
from purveyor.cli.authoring.validate import validate
from purveyor.errors import CatalogError
from purveyor.validation import Inspection, inspect_catalog, validate_catalog

if TYPE_CHECKING:
    from pathlib import Path


def faults(folder: Path) -> list[str]:
    with pytest.raises(CatalogError) as caught:
        validate_catalog(folder)
    return [line.removeprefix("purveyor.yaml:") for line in caught.value.details]


def inspect(folder: Path, module: str, entry: str = "{}") -> Inspection:
    write_module(folder / "modules/db", module)
    text = f"backend: {{type: local}}\nservices: {{db: {entry}}}\n"
    return inspect_catalog(write_catalog(folder, text))


NET = 'variable "cidr" {}\nvariable "zone" { default = "a" }\nresource "aws_vpc" "main" {}\n'


def test_called_modules_are_read_and_what_they_are_given_is_checked(tmp_path: Path) -> None:
    write_module(tmp_path / "shared/net", NET)
    write_module(
        tmp_path / "modules/db",
        'module "good" {\n  source = "../../shared/net"\n  count  = 1\n  cidr   = "x"\n}\n'
        'module "gone" { source = "../aws/rds" }\n'
        'module "bad" {\n  source = "../../shared/net"\n  cdir   = "x"\n}\n'
        'module "far" {\n  source  = "acme/net/aws"\n  version = "1.0.0"\n  any = 1\n}\n',
    )
    assert faults(tmp_path) == [
        "modules/db/main.tf:6: module.gone: The module modules/aws/rds does not exist.",
        "modules/db/main.tf:7: module.bad: the call gives no 'cidr', which is required",
        (
            "modules/db/main.tf:7: module.bad: ../../shared/net has no variable 'cdir'; did you"
            " mean 'cidr'?"
        ),
    ]


def test_a_called_modules_own_calls_and_faults_are_found_and_circles_end(tmp_path: Path) -> None:
    write_module(tmp_path / "shared/outer", 'module "inner" { source = "../inner" }\n')
    write_module(tmp_path / "shared/inner", 'variable "a" {\n  type = strin\n}\n')
    (tmp_path / "shared/empty").mkdir()
    write_module(
        tmp_path / "modules/db",
        'module "o" { source = "../../shared/outer" }\nmodule "e" { source = "../../shared/empty" }'
        '\nmodule "me" { source = "./" }\n',
    )
    found = faults(tmp_path)
    assert found[0].startswith("shared/inner/main.tf:2:10: 'strin' is no type")
    assert found[1:] == [
        "modules/db/main.tf:2: module.e: The module shared/empty has no .tf files."
    ]


def test_a_file_of_values_gives_a_called_module_nothing(tmp_path: Path) -> None:
    folder = write_module(tmp_path / "shared/net", NET)
    (folder / "terraform.tfvars").write_text('cidr = "x"\n')
    found = inspect(tmp_path, 'module "n" { source = "../../shared/net" }\n')
    assert "gives no 'cidr'" in found.faults[0]


GUARDED = (
    'resource "aws_db_instance" "main" {}\nresource "terraform_data" "cache" {}\n'
    'module "net" {\n  source = "../../shared/net"\n  cidr   = 1\n}\n'
)


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("aws_db_instance", ""),
        ("aws_db_instance.main", ""),
        ("aws_vpc", ""),
        ("module.net", ""),
        ("module.net.aws_vpc", ""),
        ("module.net[0].aws_vpc.main", ""),
        ("terraform_data.cach", 'did you mean "terraform_data.cache"?'),
        ("aws_db_instanse", 'did you mean "aws_db_instance"?'),
        ("module.nett", 'did you mean "module.net"?'),
        ("module.net.aws_vpc.mian", 'did you mean "module.net.aws_vpc.main"?'),
        ("aws_s3_bucket", "the module declares no aws_s3_bucket"),
    ],
)
def test_a_guard_must_name_what_the_module_declares(
    tmp_path: Path, pattern: str, words: str
) -> None:
    write_module(tmp_path / "shared/net", NET)
    found = inspect(tmp_path, GUARDED, f'{{guard: {{protect: ["{pattern}"]}}}}')
    assert bool(found.faults) == bool(words)
    assert words in "".join(found.faults)
    assert not words or ":3:" in found.faults[0]


def test_what_a_remote_module_may_declare_is_noted_and_what_it_cannot_is_a_fault(
    tmp_path: Path,
) -> None:
    far = 'resource "aws_eip" "a" {}\nmodule "far" {\n  source  = "a/b/c"\n  version = "1.0.0"\n}\n'
    entry = "{guard: {protect: [aws_vpc, module.far.aws_vpc.main, aws_eip.b]}}"
    found = inspect(tmp_path, far, entry)
    assert [line.split(": ")[1] for line in found.faults] == ["services.db.guard.protect[2]"]
    assert [line.split(":")[0] for line in found.notes] == [
        "services.db.guard.protect[0]",
        "services.db.guard.protect[1]",
    ]
    remote = '{module: "git::https://example.com/a.git?ref=v1", guard: {protect: [aws_vpc]}}'
    assert "guard" in inspect(tmp_path, far, remote).notes[0]


@pytest.mark.parametrize(
    ("wanted", "required", "fits"),
    [
        ("1.11.4", "< 1.5", False),
        ("~> 1.10", ">= 1.5, < 2", True),
        ("~> 1.10.0", ">= 1.11", False),
        (">= 1.9", "< 1.9", False),
        ("> 1.9", "< 1.10", True),
        ("< 1.9", "< 1.5", True),
        ("1.11.4", "!= 1.11.4", False),
        ("1.11.4", "any", True),
    ],
)
def test_an_engine_that_the_module_refuses_is_a_fault(
    tmp_path: Path, wanted: str, required: str, *, fits: bool
) -> None:
    module = f'terraform {{\n  required_version = "{required}"\n}}\n'
    found = inspect(tmp_path, module, f'{{engine: {{version: "{wanted}"}}}}')
    assert bool(found.faults) != fits
    assert fits or "required_version" in found.faults[0]


OUTPUTS = (
    'variable "pin" {}\noutput "url" { value = 1 }\noutput "pin" { value = 1 }\n'
    'output "key" {\n  value     = 1\n  sensitive = true\n}\n'
)


def test_outputs_that_reach_nobody_are_noted(tmp_path: Path) -> None:
    note, shared = inspect(tmp_path, OUTPUTS).notes
    assert note.startswith("services.db: sensitive")
    assert note.endswith("nobody gets output key")
    assert shared.startswith("services.db: output pin has a variable's name: not handed on")
    entry = "{outputs: {url: url, key: {output: key, secret: true}}}"
    (note,) = inspect(tmp_path, OUTPUTS, entry).notes
    assert note.endswith("not named in `outputs`, so that no attribute shows output pin")


def test_what_the_entry_calls_secret_is_asked_for_in_the_module(tmp_path: Path) -> None:
    entry = (
        "{outputs: {url: url, key: {output: key, secret: true}, pin: {output: pin, secret: true}}}"
    )
    assert inspect(tmp_path, OUTPUTS, entry).notes == (
        "services.db: `outputs` calls pin secret: write `sensitive = true` in variable.pin",
        "services.db: `outputs` calls pin secret: write `sensitive = true` in output.pin",
        (
            "services.db: `outputs` hands on attribute pin over what was asked: the next update"
            " starts from the result"
        ),
    )


def test_an_output_over_what_the_catalog_decides_itself_is_not_noted(tmp_path: Path) -> None:
    outputs = OUTPUTS.partition('output "key"')[0]
    for rule in ("compute: {pin: '{{ service.slug }}'}", "variables: {pin: 1}"):
        assert (
            inspect(tmp_path, outputs, f"{{{rule}, outputs: {{url: url, pin: pin}}}}").notes == ()
        )


def test_a_catalog_without_a_place_for_states_is_noted(tmp_path: Path) -> None:
    write_module(tmp_path / "modules/db")
    (note,) = validate_catalog(tmp_path).notes
    assert note.startswith("no `backend` is named")


def test_files_of_values_are_named_with_what_they_set(tmp_path: Path) -> None:
    folder = write_module(tmp_path / "modules/db")
    (folder / "team.auto.tfvars").write_text("size = 3\ncolour = 1\n")
    found = inspect(tmp_path, 'variable "size" {}\n')
    assert (found.faults, found.notes) == (
        (),
        (
            "services.db: team.auto.tfvars sets variable size where nobody else does",
            "services.db: team.auto.tfvars sets variable colour, which the module does not declare",
        ),
    )


def test_many_notes_stay_short_on_a_terminal(tmp_path: Path) -> None:
    for number in range(25):
        write_module(tmp_path / f"modules/db{number}", OUTPUTS)
    done = CliRunner().invoke(validate, [str(tmp_path)])
    assert done.stderr.count("note: ") == 21
    assert done.stderr.endswith("note: and 31 more; --json lists them all\n")


def test_each_kind_of_text_has_words_of_its_own() -> None:
    patterns = [name for name in vars(words) if name.startswith("_") and name.isupper()]
    assert len({getattr(words, name) for name in patterns}) == len(patterns) == len(words.WANTED)


def test_a_containers_name_is_not_called_a_region(tmp_path: Path) -> None:
    write_module(tmp_path / "modules/db")
    text = "backend: {type: azurerm, account: acme, container: Big Blue}\n"
    assert "a container's name" in faults(write_catalog(tmp_path, text))[0]


def test_an_action_that_does_nothing_or_hands_out_what_is_not_there_is_a_fault(
    tmp_path: Path,
) -> None:
    write_module(tmp_path / "modules/db", 'output "port" { value = 1 }\n')
    actions = "{idle: {timeout: 5}, give: {outputs: [prot]}, fine: {outputs: [port]}}"
    write_catalog(tmp_path, f"backend: {{type: local}}\nservices:\n  db:\n    actions: {actions}\n")
    assert faults(tmp_path) == [
        (
            "5:15: services.db.actions.idle: it has neither a program to `run` nor `outputs` to"
            " hand out"
        ),
        (
            '5:52: services.db.actions.give.outputs[0]: the module declares no output "prot"; did'
            ' you mean "port"?'
        ),
    ]
