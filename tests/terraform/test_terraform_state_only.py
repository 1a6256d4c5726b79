"""What touches the state only, leftovers, failing checks, and a delete without its values."""

from __future__ import annotations

import dataclasses
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from purveyor.action import Operation
from purveyor.errors import EngineError, GuardError, PurveyorError
from purveyor.plan import Verb
from purveyor.step import ResourceMoved

if TYPE_CHECKING:
    from terraform_fixtures import Bench

    from purveyor.json_text import JsonValue
    from purveyor.step import StepResult

pytest_plugins = ["terraform_fixtures"]

NAME = 'variable "name" { type = string }\n'
PAIR = f"""{NAME}
resource "terraform_data" "kept" {{ input = var.name }}
resource "terraform_data" "other" {{ input = var.name }}
"""
REMOVED = f"""{NAME}
removed {{
  from = terraform_data.kept
  lifecycle {{ destroy = false }}
}}
resource "terraform_data" "other" {{ input = var.name }}
"""
IMPORT = f"""{NAME}
import {{
  to = terraform_data.old
  id = "abc-123"
}}
resource "terraform_data" "old" {{}}
"""
MOVED = f"""{NAME}
moved {{
  from = terraform_data.old
  to   = terraform_data.fresh
}}
resource "terraform_data" "fresh" {{}}
"""
REPLACED = f"""{NAME}
resource "terraform_data" "database" {{ triggers_replace = var.name }}
"""


def verbs(done: StepResult) -> list[tuple[str, Verb]]:
    return [(each.address.removeprefix("terraform_data."), each.verb) for each in done.changes]


def test_what_is_taken_over_and_what_is_moved_is_told(bench: Bench) -> None:
    bench.write({"modules/one/main.tf": IMPORT})
    assert verbs(bench.create(name="a")) == [("old", Verb.IMPORT)]

    bench.write({"modules/one/main.tf": MOVED})
    assert verbs(bench.update(name="a")) == [("fresh", Verb.MOVE)]
    moved = [e for e in bench.events if isinstance(e, ResourceMoved) and e.verb is Verb.MOVE]
    assert [(each.address, each.stage) for each in moved] == [("terraform_data.fresh", "ended")]


def test_what_is_let_go_of_is_told_and_refused_where_it_is_protected(bench: Bench) -> None:
    bench.write({"modules/one/main.tf": PAIR})
    bench.create(name="a")
    bench.write({"modules/one/main.tf": REMOVED})

    with pytest.raises(GuardError) as caught:
        bench.update(protect=("terraform_data.kept",), name="a")
    assert "would be no longer managed" in caught.value.details[0]
    done = bench.update(protect=("terraform_data.other",), name="a")
    assert verbs(done) == [("kept", Verb.FORGET)]


def test_a_leftover_is_deleted_though_its_resource_is_protected(bench: Bench) -> None:
    bench.write({"modules/one/main.tf": REPLACED})
    bench.create(name="a")
    leave_something_over(bench)

    done = bench.update(protect=("terraform_data",), name="a")

    assert [(each.verb, each.deposed) for each in done.changes] == [(Verb.DELETE, True)]
    leave_something_over(bench)
    with pytest.raises(GuardError) as caught:
        bench.update(protect=("terraform_data",), name="b")
    assert caught.value.details == (
        "terraform_data.database would be replaced, forced by triggers_replace",
    )
    deleted = bench.delete(name="a")
    assert Counter(each.deposed for each in deleted.changes) == {True: 1, False: 1}


def leave_something_over(bench: Bench) -> None:
    """Put a deposed object beside the database, as a replacement does whose deletion fails."""
    text = bench.state.path.read_text()
    start = text.index('"instances": [') + len('"instances": [')
    end = text.index("]\n    }\n  ],", start)
    leftover = text[start:end].replace(
        '"schema_version"', '"deposed": "abcd1234", "schema_version"'
    )
    serial = bench.state.document()["serial"]
    text = f"{text[:end]}, {leftover}{text[end:]}"
    bench.state.path.write_text(
        text.replace(f'"serial": {serial}', f'"serial": {int(str(serial)) + 1}')
    )


def test_a_replacement_may_let_go_of_what_it_replaces(tofu_bench: Bench) -> None:
    bench = tofu_bench
    kept = REPLACED.replace("{ triggers", "{\n  lifecycle { destroy = false }\n  triggers")
    bench.write({"modules/one/main.tf": kept.replace("var.name }", "var.name\n}")})
    bench.create(name="a")

    with pytest.raises(GuardError):
        bench.update(protect=("terraform_data",), name="b")
    done = bench.update(name="b")

    assert verbs(done) == [("database", Verb.FORGET), ("database", Verb.CREATE)]
    assert verbs(bench.delete(name="b")) == [("database", Verb.FORGET)]


def test_what_a_failed_update_has_let_go_of_is_told(bench: Bench) -> None:
    bench.write({"modules/one/main.tf": PAIR})
    bench.create(name="a")
    bench.write(
        {
            "modules/one/main.tf": REMOVED,
            "modules/one/fails.tf": 'resource "terraform_data" "fails" {\n'
            '  provisioner "local-exec" { command = "exit 3" }\n}\n',
        }
    )
    bench.events.clear()

    with pytest.raises(EngineError):
        bench.update(name="a")

    told = [each for each in bench.events if isinstance(each, ResourceMoved)]
    let_go = [each.address for each in told if each.verb is Verb.FORGET]
    assert let_go == ["terraform_data.kept"]


def test_a_failing_check_is_for_the_user(bench: Bench) -> None:
    check = """
check "health" {
  assert {
    condition     = terraform_data.other.output == "b"
    error_message = "It answers ${terraform_data.other.output}, wanted b."
  }
}
"""
    bench.write({"modules/one/main.tf": PAIR + check})

    for done in (bench.create(name="a"), bench.update(name="a"), bench.update(name="c")):
        (note,) = done.notes
        assert note.startswith("A check of the module fails: It answers ")
    assert bench.update(name="b").notes == ()


PASSWORD = """
variable "password" {
  type      = string
  sensitive = true
  %s
}
locals { loud = upper(var.password) }
resource "terraform_data" "database" { input = sha256(local.loud) }
"""
VALIDATED = """validation {
    condition     = length(var.password) > 3
    error_message = "Too short."
  }
"""


@pytest.mark.parametrize(
    ("block", "filled"),
    [("", None), (VALIDATED, None), (f"nullable = false\n{VALIDATED}", "")],
    ids=["function", "validation", "not nullable"],
)
def test_a_delete_does_without_values_that_nobody_can_give_again(
    bench: Bench, block: str, filled: JsonValue
) -> None:
    bench.write({"modules/one/main.tf": PASSWORD % block})
    bench.create(password="correct horse")
    step = bench.step(Operation.DELETE, {"password": filled})
    before = bench.state.path.read_bytes()
    with pytest.raises(PurveyorError):
        bench.run(step)
    assert bench.state.path.read_bytes() == before

    step = bench.step(Operation.DELETE, {"password": filled})
    done = bench.run(dataclasses.replace(step, filled=("password",)))

    assert verbs(done) == [("database", Verb.DELETE)]
