"""Specifications as resources of the platform's own provider."""

from __future__ import annotations

import re
import subprocess  # noqa: TID251 - the engine formats it
from typing import TYPE_CHECKING, Any

import pytest
from spec_fixtures import ACCOUNT, SLUG

from purveyor import process
from purveyor.hcl.module import choose_parser
from purveyor.hcl.native_syntax import read_native
from purveyor.hcl.writing import express
from purveyor_emulator import Emulator
from real_programs import LEFT_OUT
from warm_commands import run_command

if TYPE_CHECKING:
    from pathlib import Path

    from spec_fixtures import Author

    from real_programs import RealPrograms

CHANNEL = ("--channel", "github", "acme/catalog", "--installation-id", "12345678")
PACKAGE = ("--package", "https://github.com/acme/catalog.git")


def export(author: Author, *words: str) -> str:
    done = author.run("export", "terraform", SLUG, *words)
    assert (done.code, done.err) == (0, "")
    assert read_native(done.out, choose_parser()).faults == []
    return done.out


def resources(text: str) -> list[str]:
    return [".".join(each) for each in re.findall(r'^resource "(\w+)" "(\w+)"', text, re.MULTILINE)]


def test_all_documents_become_resources_that_know_each_other(author: Author) -> None:
    text = export(author)
    assert resources(text) == [
        "nullplatform_service_specification.orders_store",
        "nullplatform_link_specification.reader",
        "nullplatform_action_specification.reader_rotate",
        "nullplatform_action_specification.orders_store_rotate",
        "nullplatform_api_key.purveyor",
    ]
    for line in (
        "  specification_id    = nullplatform_service_specification.orders_store.id\n",
        "  link_specification_id = nullplatform_link_specification.reader.id\n",
        "  service_specification_id = nullplatform_service_specification.orders_store.id\n",
        f'  default = "{ACCOUNT}"\n',
        '    role_slug = "nullplatform:services-runner-terraform"\n',
    ):
        assert re.sub(" +=", " =", line) in re.sub(" +=", " =", text)
    assert not re.search(r"^ +(slug|available_\w+|use_managed_actions) ", text, re.MULTILINE)


def test_the_channel_and_a_package_come_on_request(author: Author) -> None:
    text = export(author, *CHANNEL, *PACKAGE)
    assert set(resources(text)) - set(resources(export(author))) == {
        "nullplatform_notification_channel.purveyor",
        "nullplatform_artifact.catalog",
        "nullplatform_package.catalog",
    }
    parts = re.findall(r"  components \{\n(.*?)\n  \}", text, re.DOTALL)
    assert len(parts) == 5
    assert all("resource_revision_id" in each for each in parts)
    assert sum("parent_id" in each for each in parts) == 3
    assert 'variable "commit"' in text


def test_a_name_that_makes_another_slug_is_said(author: Author) -> None:
    author.edit("links/reader.json.tpl", lambda d: d.update(name="Only reads"))
    done = author.run("export", "terraform", SLUG)
    assert "the platform will call reader only-reads" in done.err


def test_texts_are_quoted_as_the_language_wants(author: Author) -> None:
    text = 'say "${x}" %{ y \\ \U0001f600'
    author.edit("service-spec.json.tpl", lambda d: d.update(description=text))
    assert '"say \\"$${x}\\" %%{ y \\\\ \U0001f600"' in export(author)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({}, "{}"),
        ([{"const": "a", "for": 1}], '[{ const = "a", "for" = 1 }]'),
        ({"$schema": "x", "a": {"b": None}}, '{\n  "$schema" = "x"\n  a = {\n    b = null\n  }\n}'),
    ],
)
def test_json_becomes_an_expression(value: Any, text: str) -> None:
    assert express(value, 0) == text


def test_it_is_formatted_as_the_engine_does(author: Author, real: RealPrograms) -> None:
    engine = real.engine("opentofu") or real.engine("terraform")
    if engine is None:
        pytest.skip("left out: no tofu and no terraform")
    text = export(author, *CHANNEL, *PACKAGE)
    done = subprocess.run(
        [engine.path, "fmt", "-"], input=text, capture_output=True, text=True, check=True
    )
    assert done.stdout == text


@pytest.mark.long
def test_the_vendor_s_provider_makes_what_a_push_finds_in_order(
    author: Author, real: RealPrograms, terraform: Path, tmp_path: Path
) -> None:
    mirror, module = real.plugin_mirror, tmp_path / "module"
    if mirror is None or not (mirror / "registry.terraform.io/nullplatform/nullplatform").is_dir():
        names = "PURVEYOR_PLUGIN_MIRROR names no folder with it"
        pytest.skip(f"{LEFT_OUT}nullplatform provider: {names}")
    with Emulator.running(seed={"specifications": []}, tls=True) as emulator:
        module.mkdir()
        (module / "main.tf").write_text(export(author, *CHANNEL, *PACKAGE))
        environment = {**author.environment, **emulator.environment()}
        values = ("-var=commit=abc", "-var=package_version=1.0.0")
        for words in (
            ("init", f"-plugin-dir={mirror}"),
            ("apply", "-auto-approve", *values),
            ("plan", "-detailed-exitcode", *values),
        ):
            command = process.Command((str(terraform), *words, "-no-color"), module, environment)
            done = process.run(command)
            assert done.code == 0, done.stdout + done.stderr
        # A connection of this process would outlast the server.
        push = ("spec", "push", SLUG, "--nrn", ACCOUNT, "--catalog", str(author.catalog))
        pushed = run_command(*push, cwd=module, env=environment)
        assert {each.partition(":")[0] for each in pushed.stdout.splitlines()} == {"unchanged"}
        author.edit("links/reader.json.tpl", lambda d: d.update(name="Readers"))
        refused = run_command(*push, cwd=module, env=environment)
        assert "orders-store pins the link reader" in refused.stderr
