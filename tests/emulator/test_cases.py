"""`purveyor test`: cases are read strictly and played; each broken promise is named."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest

from purveyor import json_text
from purveyor.catalog import load_catalog
from purveyor.cli.authoring import cases
from purveyor.errors import CatalogError
from purveyor.process import Command, Completed
from purveyor.specs.documents import generate
from purveyor.specs.layout import SpecificationDocument
from purveyor_emulator import Emulator
from purveyor_emulator.actions import report_on
from warm_commands import run_command

if TYPE_CHECKING:
    from purveyor.json_text import JsonObject

EXAMPLES = Path(__file__).parents[2] / "examples"
MODULE = 'variable "size" {\n  type    = number\n  default = 1\n}\n'
NO_STORE = "version: 1\nbackend: {type: s3, bucket: no-such-bucket, region: us-east-1}\n"
THING = 'resource "terraform_data" "it" {\n  input = %s\n}\n'


def write_service(root: Path, slug: str, module: str, case: str) -> None:
    (root / f"modules/{slug}/cases").mkdir(parents=True)
    (root / f"modules/{slug}/main.tf").write_text(MODULE + module)
    (root / f"modules/{slug}/cases/life.yaml").write_text(case)


def refuse(root: Path, case: str, *slugs: str) -> str:
    write_service(root, "box", "", case)
    with pytest.raises(CatalogError) as refused:
        cases.read_cases(load_catalog(root), slugs)
    return "\n".join([refused.value.message, *refused.value.details])


@pytest.mark.parametrize(
    ("case", "fault"),
    [
        ("steps: []", "1:8: steps: "),
        ("name: x\nsteps: [{action: create}]", "1:1: name: unknown key"),
        ("steps:\n  - actoin: create", '2:5: steps[0].actoin: unknown key; did you mean "action"?'),
        (
            "steps:\n  - action: create\n    expect: {status: fine}",
            "3:22: steps[0].expect.status: ",
        ),
        (
            "steps:\n  - action: a\n    parameters: {size: 010}",
            "3:24: steps[0].parameters.size: a ",
        ),
        ("service: bax\nsteps: [{action: create}]", "1:10: service: no module serves it"),
        ("", "1:1: must be a mapping"),
        ("steps: [", "2:1: not YAML: "),
    ],
)
def test_a_fault_of_a_case_is_named_by_file_line_and_key(
    tmp_path: Path, case: str, fault: str
) -> None:
    assert f"modules/box/cases/life.yaml:{fault}" in refuse(tmp_path, f"{case}\n")


def test_a_service_without_a_case_is_refused(tmp_path: Path) -> None:
    assert refuse(tmp_path, "steps: [{action: a}]", "bax") == "There is no case to be played."


def test_a_case_beside_the_catalog_names_its_service(tmp_path: Path) -> None:
    write_service(tmp_path, "box", "", "steps: [{action: create}]")
    (tmp_path / "cases").mkdir()
    (tmp_path / "cases/big.yaml").write_text("service: box\nsteps: [{action: create}]\n")
    found = cases.read_cases(load_catalog(tmp_path), ["box"])
    assert {name: case.service for name, case in found.items()} == {
        "cases/big.yaml": "box",
        "modules/box/cases/life.yaml": "box",
    }


SCHEMA: JsonObject = {
    "type": "object",
    "properties": {
        "size": {"type": "number", "editableOn": ["create", "update"], "default": 1},
        "token": {"type": "string", "editableOn": ["create"], "secret": True},
        "url": {"type": "string", "editableOn": []},
    },
}
SELECTORS: JsonObject = {"category": "", "imported": False, "provider": "", "sub_category": ""}
BOX: JsonObject = {"name": "box", "selectors": SELECTORS, "attributes": {"schema": SCHEMA}}
STATE = {"outputs": {"k": {"value": "marked", "sensitive": True}}}
NOTHING = "an update that asks for nothing has to plan no change"
SECRET = "s3cret-of-the-box"


Says = Callable[[str], Mapping[str, Any]]


@dataclass
class RunDouble:
    """Stands for `purveyor run`: ends each action as `says` tells of its type, or of a plan."""

    emulator: Emulator
    states: Path
    says: Says

    def __call__(self, command: Command) -> Completed:
        inner = json_text.dig(json_text.parse(command.stdin), "notification")
        if "--plan" in command.argv:
            plan = {"status": "success", "steps": [], **self.says("plan")}
            return Completed(0, json_text.write(plan), "")
        said = dict(self.says(str(json_text.dig(inner, "type"))))
        outcome = {"status": "success", "reason": "DONE", "results": {}, **said}
        report: JsonObject = {
            "status": outcome["status"],
            "results": said.get("sent", outcome["results"]),
            "messages": [{"message": said.get("message", "Ended.")}],
        }
        report_on(self.emulator.platform.store.actions[str(json_text.dig(inner, "id"))], report)
        if "state" in said:
            state = self.states / f"services/{json_text.dig(inner, 'service', 'id')}/box.tfstate"
            state.parent.mkdir(parents=True, exist_ok=True)
            state.write_text(json_text.write(said["state"]))
        return Completed(
            0, json_text.write(outcome | {"message": ""}), str(said.get("log", "Ended."))
        )


@pytest.fixture
def play(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, Says], cases.Life]:
    """Return what plays the steps of a case whose runs end as told."""

    def play_steps(steps: str, says: Says) -> cases.Life:
        write_service(tmp_path, "box", "", f"steps: {steps}")
        case = cases.read_cases(load_catalog(tmp_path), ())["modules/box/cases/life.yaml"]
        wanted = SpecificationDocument("service", BOX | {"slug": "box"})
        with Emulator.running(seed={"specifications": []}) as emulator:
            monkeypatch.setattr(cases, "run", RunDouble(emulator, tmp_path / "states", says))
            life = cases.Life(case, "life", tmp_path / "copy", wanted, emulator)
            life.play()
            return life

    return play_steps


LIFE = "[{action: create, parameters: {token: s3cret-of-the-box}}]"


def test_a_life_that_keeps_all_promises_passes(play: Callable[[str, Says], cases.Life]) -> None:
    assert play(LIFE, lambda _: {}).faults == []


@pytest.mark.parametrize(
    ("action", "said", "fault"),
    [
        (
            "plan",
            {"steps": [{"changes": [{"verb": "update"}]}], "message": "1 updated."},
            f"at the end, delete box: before it, {NOTHING}: 1 updated.",
        ),
        (
            "create",
            {"log": f"token={SECRET}"},
            "step 1, create box: a secret is to be seen in output.log",
        ),
        ("create", {"message": SECRET}, "step 1, create box: a secret is to be seen in messages"),
        (
            "create",
            {"results": {"url": f"https://{SECRET}@box"}},
            "step 1, create box: a secret is to be seen in results.url",
        ),
        (
            "create",
            {"state": STATE, "log": "k: marked"},
            "step 1, create box: a secret is to be seen in output.log",
        ),
        (
            "create",
            {"results": {"url": "x", "colour": "red"}, "sent": {"url": "x"}},
            "step 1, create box: the specification does not take the results colour",
        ),
        ("delete", {"state": {}}, "at the end, delete box: the delete left the state box.tfstate"),
        (
            "create",
            {"status": "failed", "reason": "NAME_TAKEN"},
            'step 1, create box: status: expected "success", got "failed"',
        ),
    ],
)
def test_each_broken_promise_is_named(
    play: Callable[[str, Says], cases.Life], action: str, said: dict[str, Any], fault: str
) -> None:
    life = play(LIFE, lambda asked: said if asked == action else {})
    assert fault in life.faults
    assert SECRET not in "".join([*life.faults, *life.lines])


def test_after_a_fault_no_further_step_is_played_and_what_is_there_is_deleted(
    play: Callable[[str, Says], cases.Life],
) -> None:
    asked: list[str] = []

    def say(action: str) -> dict[str, Any]:
        asked.append(action)
        return {"status": "failed"} if action == "update" else {}

    life = play("[{action: create}, {action: update}, {action: update}]", say)
    assert asked == ["create", "update", "delete"]
    assert life.faults == ['step 2, update box: status: expected "success", got "failed"']


@pytest.mark.parametrize(
    ("expected", "faults"),
    [
        ("{status: refused, reason: present}", ['status: expected "refused", got "success"']),
        ("{results: {url: x}, attributes: {size: 1, url: present}}", []),
        ("{results: {url: y}}", ['results.url: expected "y", got "x"']),
        ("{attributes: {token: present}}", ['attributes.token: expected "present", got null']),
    ],
)
def test_what_is_expected_is_compared_with_what_came(
    play: Callable[[str, Says], cases.Life], expected: str, faults: list[str]
) -> None:
    life = play(f"[{{action: create, expect: {expected}}}]", lambda _: {"results": {"url": "x"}})
    assert life.faults == [f"step 1, create box: {each}" for each in faults]


def test_what_the_platform_does_not_take_is_refused(
    play: Callable[[str, Says], cases.Life],
) -> None:
    steps = (
        "[{action: create, parameters: {size: big}, expect: {status: refused}}, {action: paint}]"
    )
    life = play(steps, lambda _: {})
    assert life.faults[0] == 'step 2, paint box: status: expected "success", got "refused"'


def start(root: Path, environment: dict[str, str], *words: str) -> Any:
    return run_command("test", "--catalog", str(root), *words, cwd=root, env=environment)


@pytest.mark.engine
@pytest.mark.one_engine
@pytest.mark.slow
def test_a_module_that_changes_by_itself_fails_and_its_store_is_left_alone(
    tmp_path: Path, clean_environment: dict[str, str]
) -> None:
    root = tmp_path / "catalog"
    write_service(root, "clock", THING % "timestamp()", "steps: [{action: create}]\n")
    (root / "purveyor.yaml").write_text(NO_STORE)
    done = start(root, clean_environment, "--junit", str(tmp_path / "build/cases.xml"))
    assert done.returncode == 11, done.stdout + done.stderr
    assert f"at the end, delete clock: before it, {NOTHING}: " in done.stdout
    case = ET.parse(tmp_path / "build/cases.xml").getroot()[0]  # noqa: S314 - our own file
    assert case.attrib["name"] == "modules/clock/cases/life.yaml"
    assert NOTHING in case[0].attrib["message"]
    assert not [*root.glob(".purveyor")]


@pytest.mark.engine
@pytest.mark.one_engine
@pytest.mark.slow
def test_what_does_not_fit_or_cannot_be_deleted_fails_and_a_sound_module_passes(
    tmp_path: Path, clean_environment: dict[str, str]
) -> None:
    root, sound = tmp_path / "catalog", "{action: update, parameters: {size: 2}}, {action: delete}"
    write_service(root, "sound", THING % "var.size", f"steps: [{{action: create}}, {sound}]\n")
    output = THING % "1" + 'output "url" {\n  value = "box"\n}\n'
    write_service(root, "misfit", output, "steps: [{action: create}]\n")
    (written,) = generate(load_catalog(root), "misfit", root / "specs/misfit")
    written.path.parent.mkdir(parents=True)
    written.path.write_text(written.after.replace('"url": {', '"url": {"type": "number",'))
    kept = (THING % "1").replace("1\n", "1\n  lifecycle {\n    prevent_destroy = true\n  }\n")
    write_service(root, "kept", kept, "steps: [{action: create}]\n")
    done = start(root, clean_environment, "--json")
    rows = json_text.as_list(json_text.dig(json_text.parse(done.stdout), "cases"))
    faults: dict[str, Any] = {
        str(json_text.dig(each, "name")): json_text.dig(each, "faults") for each in rows
    }
    assert faults["modules/sound/cases/life.yaml"] == []
    (misfit,) = faults["modules/misfit/cases/life.yaml"]
    assert misfit == "step 1, create misfit: the specification does not take the results url"
    (remains,) = faults["modules/kept/cases/life.yaml"]
    assert remains.startswith("at the end, delete kept: status: expected")
    assert "The states are in " in done.stderr


@pytest.mark.engine
@pytest.mark.one_engine
@pytest.mark.long
@pytest.mark.timeout(300)
@pytest.mark.parametrize(("name", "number"), [("catalog", 3), ("steps", 1), ("iam", 1)])
def test_the_examples_cases_pass(name: str, number: int, clean_environment: dict[str, str]) -> None:
    done = start(EXAMPLES / name, clean_environment)
    assert (done.returncode, done.stdout.count("✓")) == (0, number), done.stdout + done.stderr
