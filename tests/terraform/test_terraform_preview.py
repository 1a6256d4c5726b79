"""What a step would change is told by the engine's own plan, and nothing is changed."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

from purveyor.action import Operation
from purveyor.errors import GuardError, ParameterError
from purveyor.plan import Verb, tell_change
from purveyor.step import Noticed, ResourceMoved

if TYPE_CHECKING:
    from pathlib import Path

    from terraform_fixtures import Bench

    from purveyor.step import StepResult

pytest_plugins = ["terraform_fixtures"]

MODULE = """
variable "name" { type = string }
variable "password" {
  type      = string
  sensitive = true
  default   = "correct-horse"
}
resource "terraform_data" "database" {
  triggers_replace = var.name
}
resource "terraform_data" "user" {
  input = var.name
}
output "name" { value = var.name }
output "id" { value = terraform_data.database.id }
output "password" {
  value     = var.password
  sensitive = true
}
"""


def preview(bench: Bench, operation: Operation, **variables: str) -> StepResult:
    return bench.engine.preview(bench.step(operation, variables), bench.listen)


def tell(done: StepResult) -> dict[str, Verb]:
    return {each.address: each.verb for each in done.changes}


def read_all(folder: Path) -> dict[str, bytes]:
    return {str(each): each.read_bytes() for each in folder.rglob("*") if each.is_file()}


def test_what_a_create_would_make_is_told_and_no_state_is_written(bench: Bench) -> None:
    bench.write({"modules/one/main.tf": MODULE})

    done = preview(bench, Operation.CREATE, name="mysql5")

    assert tell(done) == {
        "terraform_data.database": Verb.CREATE,
        "terraform_data.user": Verb.CREATE,
    }
    assert {name: each.value for name, each in done.outputs.items()} == {
        "name": "mysql5",
        "password": "correct-horse",
    }
    assert bench.redactor.redact("correct-horse") == "***"
    assert not bench.state.path.exists()
    assert done.engine


def test_what_an_update_and_a_delete_would_change_is_told_and_the_state_stays(bench: Bench) -> None:
    bench.write({"modules/one/main.tf": MODULE})
    made = bench.create(name="mysql5")
    before = read_all(bench.state.path.parent)

    same = preview(bench, Operation.UPDATE, name="mysql5")
    other = preview(bench, Operation.UPDATE, name="mysql8")
    gone = preview(bench, Operation.DELETE, name="mysql5")

    assert (tell(same), same.outputs) == ({}, made.outputs)
    assert tell(other) == {
        "terraform_data.database": Verb.REPLACE,
        "terraform_data.user": Verb.UPDATE,
    }
    assert set(tell(gone).values()) == {Verb.DELETE}
    assert len(gone.changes) == 2
    assert read_all(bench.state.path.parent) == before


def test_what_the_guard_would_refuse_is_refused(bench: Bench) -> None:
    bench.write({"modules/one/main.tf": MODULE})
    bench.create(name="mysql5")
    protected = bench.step(
        Operation.UPDATE, {"name": "mysql8"}, protect=("terraform_data.database",)
    )

    with pytest.raises(GuardError):
        bench.engine.preview(protected, bench.listen)


def test_a_delete_whose_values_nobody_knows_is_planned_without_a_refresh(bench: Bench) -> None:
    module = MODULE + 'variable "size" {\n  validation {\n    condition = var.size == "large"\n'
    module += '    error_message = "Not that size."\n  }\n}\n'
    bench.write({"modules/one/main.tf": module})
    bench.create(name="mysql5", size="large")
    step = bench.step(Operation.DELETE, {"name": "mysql5", "size": ""})

    with pytest.raises(ParameterError):
        bench.engine.preview(step, bench.listen)
    step = bench.step(Operation.DELETE, {"name": "mysql5", "size": ""})
    done = bench.engine.preview(dataclasses.replace(step, filled=("size",)), bench.listen)

    assert set(tell(done).values()) == {Verb.DELETE}


def test_nothing_is_planned_over_a_state_that_waits_to_be_saved(bench: Bench) -> None:
    bench.write({"modules/one/main.tf": MODULE})
    step = bench.step(Operation.CREATE, {"name": "mysql5"})
    assert step.state is not None
    state = dataclasses.replace(step.state, recovery=_Waiting())

    done = bench.engine.preview(dataclasses.replace(step, state=state), bench.listen)

    assert "first saves the state" in done.unknown
    assert not bench.events


class _Waiting:
    def park(self, text: str, *, lock_id: str = "") -> list[str]:
        raise AssertionError(text + lock_id)

    def waiting(self) -> list[str]:
        return ["one"]

    def read(self, name: str) -> str | None:
        raise AssertionError(name)

    def lock_of(self, name: str) -> str:
        raise AssertionError(name)

    def remove(self, name: str) -> None:
        raise AssertionError(name)


ATTRIBUTES = """
variable "size" { type = number }
variable "password" {
  type      = string
  sensitive = true
}
resource "terraform_data" "old" { input = "x" }
resource "terraform_data" "main" {
  input            = { size = var.size, tags = ["a", "b-${var.size}"], password = var.password }
  triggers_replace = terraform_data.old.id
}
"""


def test_a_plan_tells_attribute_by_attribute_and_masks_what_is_sensitive(bench: Bench) -> None:
    bench.write({"modules/one/main.tf": ATTRIBUTES})
    bench.redactor.add("correct-horse")  # as a run does, of a sensitive variable's value
    bench.create(size="1", password="correct-horse")

    done = preview(bench, Operation.UPDATE, size="2", password="battery-staple")

    (change,) = done.changes
    assert [each.tell() for each in change.attributes] == [
        "input.password: *** -> ***",
        "input.size: 1 -> 2",
        'input.tags[1]: "b-1" -> "b-2"',
        'output: {"password": "***", "size": 1, "tags": ["a", "b-1"]} -> (known after apply)',
    ]
    assert tell_change(change)[0] == "  ~ update   terraform_data.main"


def test_an_update_tells_its_plan_before_it_changes_anything_where_that_is_asked(
    bench: Bench,
) -> None:
    bench.write({"modules/one/main.tf": ATTRIBUTES})
    bench.redactor.add("correct-horse")
    bench.create(size="1", password="correct-horse")
    bench.events.clear()

    step = bench.step(Operation.UPDATE, {"size": "2", "password": "correct-horse"})
    bench.run(dataclasses.replace(step, shows=True))

    (told,) = (e for e in bench.events if isinstance(e, Noticed) and e.level == "progress")
    assert "input.size: 1 -> 2" in told.text
    assert "correct-horse" not in told.text
    moved = next(n for n, e in enumerate(bench.events) if isinstance(e, ResourceMoved))
    assert bench.events.index(told) < moved
