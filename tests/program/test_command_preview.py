"""What a command's `plan` tells, and what a command says that it changed."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from program_fixtures import Bench

from purveyor import json_text
from purveyor.action import Operation
from purveyor.engines.command import CommandEngine
from purveyor.errors import EngineError
from purveyor.plan import Change, Verb
from purveyor.program import CommandLine
from purveyor.step import Step

if TYPE_CHECKING:
    from pathlib import Path

    from purveyor.json_text import JsonValue
    from purveyor.step import StepResult

GIVE = "import os; open(os.environ['PURVEYOR_RESULT'], 'w').write({!r})"
TABLE: JsonValue = {"address": "customers", "verb": "create", "type": "table"}


@pytest.fixture
def bench(tmp_path: Path, clean_environment: dict[str, str]) -> Bench:
    return Bench(tmp_path, clean_environment)


def preview(bench: Bench, code: str, operation: Operation = Operation.CREATE) -> StepResult:
    return _engine(bench, code).preview(_step(bench, operation), bench.listen)


def _engine(bench: Bench, code: str) -> CommandEngine:
    argv = (sys.executable, "-c", code)
    command = CommandLine(argv, bench.folder, plan=argv if code else (), needs_result=False)
    return CommandEngine(command, bench.redactor)


def _step(bench: Bench, operation: Operation) -> Step:
    return Step(
        operation=operation,
        workspace=bench.workspace,
        module=bench.folder,
        variables={},
        environment=bench.environment,
        interruption=bench.interruption,
    )


def test_a_plan_gives_its_changes_and_what_is_known_of_the_outputs(bench: Bench) -> None:
    given: JsonValue = {"changes": [TABLE, {"address": "x", "verb": "delete"}], "rows": "many-rows"}
    done = preview(bench, GIVE.format(json_text.write(given)))
    assert done.unknown == ""
    assert done.changes == (
        Change("customers", "table", Verb.CREATE),
        Change("x", "command", Verb.DELETE),
    )
    assert {name: each.sensitive for name, each in done.outputs.items()} == {"rows": True}
    assert bench.redactor.redact("create customers of many-rows") == "create customers of ***"


def test_a_plan_in_plain_lines_is_told_as_it_is(bench: Bench) -> None:
    done = preview(bench, "print('would add 3 rows')")
    assert done.notes == ("would add 3 rows",)
    assert done.changes == ()
    assert done.unknown == "its `plan` tells it in words"


@pytest.mark.parametrize("told", ["[1]", '[{"verb": "adopt"}]', '"much"', "null"])
def test_changes_that_cannot_be_read_are_not_taken_for_none(bench: Bench, told: str) -> None:
    done = preview(bench, GIVE.format(f'{{"changes": {told}}}'))
    assert done.unknown == "its `plan` gave no list of `changes`"


def test_a_command_without_a_plan_cannot_be_told_before(bench: Bench) -> None:
    assert preview(bench, "").unknown == "it cannot be told before it runs"
    assert bench.heard == []


def test_a_plan_that_fails_is_a_failure(bench: Bench) -> None:
    with pytest.raises(EngineError, match="exit code 3"):
        preview(bench, "raise SystemExit(3)")


def test_a_run_may_say_what_it_changed_and_a_custom_action_gives_it_as_a_result(
    bench: Bench,
) -> None:
    given = json_text.write({"changes": [TABLE]})
    engine = _engine(bench, GIVE.format(given))
    done = engine.run(_step(bench, Operation.UPDATE), bench.listen)
    assert (done.changes, done.outputs) == ((Change("customers", "table", Verb.CREATE),), {})
    (bench.workspace / "result.json").unlink()
    done = engine.run(_step(bench, Operation.CUSTOM), bench.listen)
    assert done.changes == ()
    assert set(done.outputs) == {"changes"}
