"""Contexts from every source and in every shape, and foreign text that stays text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pipeline import action_id
from purveyor import json_text
from warm_commands import run_command

if TYPE_CHECKING:
    import subprocess  # noqa: TID251 - for the type
    from pathlib import Path

    from pipeline import Pipeline
    from purveyor.json_text import JsonObject, JsonValue
    from purveyor_emulator import Emulator

pytestmark = [pytest.mark.engine, pytest.mark.one_engine]
# Without decomposed letters: both engines compose them (NFC, measured), whoever calls them.
HOSTILE = [
    "it's \"quoted\", 'twice' and \\ back",
    "two\nlines\r\nand\ta tab",
    "`id` $(id) ${HOME} $HOME; exit 1 #",
    "${{ github.token }} ${path.module} $${path.module} %{ if true }no%{ endif } %%{",
    "##vso[task.setvariable variable=x]y ::add-mask::a ::set-output name=a::b",
    "\u2028\u2029\ufeff\u202e\x7f\x1b[31m",
    "a\x00b \x01\x08",
    "é 日本語 🚀 \ud7ff\ue000",
    "{{ range }} <% %> \\u0041 \\n",
    "-chdir=/",
    "--context",
    "",
    " ",
    "null",
    "1e3",
    "x" * 60_000,
]
MODULE = """
variable "texts" { type = list(string) }
variable "named" { type = map(string) }
resource "terraform_data" "kept" {
  input = { texts = var.texts, named = var.named }
  provisioner "local-exec" {
    command = "cd FOLDER; cat /proc/$PPID/cmdline > cmdline; cat /proc/$PPID/environ > environ"
  }
}
output "kept" { value = terraform_data.kept.output }
"""


@pytest.fixture
def module(catalog: Path, tmp_path: Path) -> Path:
    """A module that keeps what it is given, and copies how its engine was called."""
    folder = catalog / "modules" / "keeper"
    folder.mkdir()
    (folder / "main.tf").write_text(MODULE.replace("FOLDER", str(tmp_path)))
    return folder


def keep(parameters: JsonObject) -> JsonObject:
    """Return a bare notification that asks the keeper's module for a create."""
    service: JsonObject = {"id": "s1", "slug": "kept", "specification": {"slug": "keeper"}}
    return {"id": "a1", "type": "create", "service": service, "parameters": parameters}


def queue(name: str = "orders") -> JsonObject:
    service: JsonObject = {"id": "s1", "slug": "orders", "specification": {"slug": "sqs-queue"}}
    return {"id": "a1", "type": "create", "service": service, "parameters": {"queue_name": name}}


def outputs(catalog: Path) -> JsonObject:
    (state,) = (catalog / ".purveyor" / "state").rglob("*.tfstate")
    document = json_text.parse(state.read_text(encoding="utf-8"))
    assert isinstance(document, dict)
    found = document["outputs"]
    assert isinstance(found, dict)
    return found


def kept(catalog: Path) -> JsonValue:
    output = outputs(catalog)["kept"]
    assert isinstance(output, dict)
    return output["value"]


def run(
    pipeline: Pipeline, *arguments: str, stdin: str = "", **environ: str
) -> subprocess.CompletedProcess[str]:
    """Run without the platform; the CONTEXT comes from wherever the arguments say."""
    return run_command(
        *("run", "--json", "--no-report", *arguments),
        cwd=pipeline.catalog,
        env={**pipeline.environment, **environ},
        stdin=stdin,
    )


def made(pipeline: Pipeline, name: str = "orders") -> bool:
    arn = outputs(pipeline.catalog)["queue_arn"]
    return isinstance(arn, dict) and str(arn["value"]).endswith(f":{name}")


@pytest.mark.parametrize("source", ["argument", "event", "own", "plain", "own-file", "plain-file"])
def test_a_context_comes_from_every_source(source: str, pipeline: Pipeline, tmp_path: Path) -> None:
    text = json_text.write({"notification": queue()})
    file = tmp_path / "context.json"
    file.write_text(text)
    event = tmp_path / "event.json"
    event.write_text(json_text.write({"inputs": {"context": text}}))
    arguments, environ = {
        "argument": (("--context", str(file)), {"CONTEXT": "not this one"}),
        "event": ((), {"GITHUB_ACTIONS": "true", "GITHUB_EVENT_PATH": str(event)}),
        "own": ((), {"PURVEYOR_CONTEXT": text, "CONTEXT": "not this one"}),
        "plain": ((), {"CONTEXT": text}),
        "own-file": ((), {"PURVEYOR_CONTEXT": str(file)}),
        "plain-file": ((), {"CONTEXT": str(file)}),
    }[source]
    done = run(pipeline, *arguments, **environ)
    assert done.returncode == 0, done.stderr
    assert made(pipeline)


@pytest.mark.parametrize("shape", ["envelope", "inner", "single quotes", "double quotes", "string"])
def test_a_context_has_every_shape(shape: str, pipeline: Pipeline) -> None:
    inner = json_text.write(queue("it-s"))
    text = {
        "envelope": f'{{"id": 7, "source": "service", "notification": {inner}}}',
        "inner": inner,
        "single quotes": f"'{inner}'",
        "double quotes": f'"{inner}"',
        "string": json_text.write(inner),
    }[shape]
    done = run(pipeline, "--context", "-", stdin=f"\n {text} \n")
    assert done.returncode == 0, done.stderr
    assert made(pipeline, "it-s")


def test_a_context_larger_than_a_variable_may_be_comes_in_githubs_event_file(
    pipeline: Pipeline, module: Path, tmp_path: Path
) -> None:
    assert module.is_dir()
    texts: list[JsonValue] = ["y" * 200_000]
    text = json_text.write(keep({"texts": texts, "named": {}}))
    event = tmp_path / "event.json"
    event.write_text(json_text.write({"inputs": {"context": text}}))
    done = run(pipeline, GITHUB_ACTIONS="true", GITHUB_EVENT_PATH=str(event))
    assert done.returncode == 0, done.stderr
    assert kept(pipeline.catalog) == {"texts": texts, "named": {}}


def test_foreign_text_reaches_the_module_unchanged_and_goes_nowhere_else(
    pipeline: Pipeline, module: Path, tmp_path: Path
) -> None:
    assert module.is_dir()
    # NUL is no character of HCL: the engines replace it, so it is tried on its own below.
    texts: list[JsonValue] = [text for text in HOSTILE if "\x00" not in text]
    named: JsonObject = {f"k{number} ${{x}} \"'\n": text for number, text in enumerate(texts)}
    secret = "canary-8d1f"
    named["canary"] = secret
    carried: JsonObject = {"np-trace": "1|tr-1|run-1", "from-elsewhere": 5}
    with (pipeline.catalog / "purveyor.yaml").open("a") as file:
        file.write("ignore_parameters: [from-elsewhere]\n")
    context = json_text.write(keep({"texts": texts, "named": named, **carried}))
    done = run(pipeline, CONTEXT=context, GITHUB_ACTIONS="true")
    assert done.returncode == 0, done.stderr
    assert kept(pipeline.catalog) == {"texts": texts, "named": named}

    argv = (tmp_path / "cmdline").read_bytes().split(b"\0")
    environ = (tmp_path / "environ").read_bytes()
    assert argv[1] == b"apply"
    assert [each for each in argv if secret.encode() in each] == []
    assert b"PATH=" in environ
    assert b"\0NP_TRACE=1|tr-1|run-1\0" in environ
    assert secret.encode() not in environ
    assert b"CONTEXT=" not in environ


def test_a_text_with_a_nul_is_kept_or_refused_but_never_changed(
    pipeline: Pipeline, module: Path
) -> None:
    assert module.is_dir()
    texts: list[JsonValue] = ["a\x00b"]
    context = json_text.write(keep({"texts": texts, "named": {}}))
    assert "\\u0000" in context
    done = run(pipeline, "--context", "-", stdin=context)
    if done.returncode == 0:
        assert kept(pipeline.catalog) == {"texts": texts, "named": {}}
    else:
        assert done.returncode == 12, done.stderr


@pytest.mark.parametrize(
    ("vendor", "commands"),
    [
        ({"GITHUB_ACTIONS": "true"}, ("::error::hello", "##[error]x")),
        ({"TF_BUILD": "True"}, ("##vso[task.complete", "##[error]x")),
    ],
)
def test_no_workflow_command_of_the_context_reaches_the_log(
    vendor: dict[str, str], commands: tuple[str, ...], pipeline: Pipeline
) -> None:
    context = queue()
    service = context["service"]
    assert isinstance(service, dict)
    service["slug"] = "a\n::error::hello\n##[error]x\n##vso[task.complete result=Failed;]"
    text = json_text.write(context)
    done = run(pipeline, "--context", "-", stdin=text, **vendor)
    lines = (done.stdout + done.stderr).splitlines()
    assert any("error::hello" in line for line in lines)
    assert [line for line in lines if line.startswith(commands)] == []


@pytest.mark.parametrize("key", ["type", "parameters"])
def test_an_action_whose_context_has_faults_ends_as_failed_on_the_platform(
    key: str, pipeline: Pipeline, emulator: Emulator
) -> None:
    service = str(emulator.create_service("sqs-queue", name="orders")["id"])
    asked = emulator.request_action(service, "create", {"queue_name": "orders"})
    inner = asked["notification"]
    assert isinstance(inner, dict)
    inner[key] = "explode"
    done = pipeline.run(asked)
    assert (done.code, done.reason) == (10, "CONTEXT_INVALID")
    assert done.outcome["platform_heard"] is True
    document = emulator.action(action_id(asked))
    assert document["status"] == "failed"
    assert f"notification.{key}" in str(done.outcome["details"])
    assert "The pipeline cannot read" in json_text.write(document["messages"])
    again = pipeline.run(asked)
    assert (again.code, again.reason) == (0, "NOTHING_TO_DO")


def test_an_action_of_a_scope_is_refused_and_never_reported(
    pipeline: Pipeline, emulator: Emulator
) -> None:
    service = str(emulator.create_service("sqs-queue", name="orders")["id"])
    asked = emulator.request_action(service, "create", {"queue_name": "orders"})
    inner = asked["notification"]
    assert isinstance(inner, dict)
    assert isinstance(inner["service"], dict)
    inner["service"]["type"] = "scope"
    done = pipeline.run(asked)
    assert done.code == 10
    assert "scope" in done.stderr
    assert emulator.requests() == []
    assert emulator.action(action_id(asked))["status"] == "pending"
