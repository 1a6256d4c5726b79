"""Create, update and delete with the real engines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from purveyor.plan import Verb
from purveyor.state_key import OutputValue

if TYPE_CHECKING:
    from terraform_bench import Bench

pytest_plugins = ["terraform_bench"]

ONE = """
variable "name" { type = string }
resource "terraform_data" "a" {
  input = var.name
}
output "name" { value = terraform_data.a.output }
"""


def test_a_create_gives_changes_and_outputs(bench: Bench) -> None:
    bench.write({"modules/one/main.tf": ONE})

    done = bench.create(name="db")

    assert [(c.address, c.verb) for c in done.changes] == [("terraform_data.a", Verb.CREATE)]
    assert done.outputs == {"name": OutputValue("db")}


def test_an_update_changes_and_a_second_one_has_nothing_to_do(bench: Bench) -> None:
    bench.write({"modules/one/main.tf": ONE})
    bench.create(name="db")

    assert [c.verb for c in bench.update(name="db2").changes] == [Verb.UPDATE]
    done = bench.update(name="db2")

    assert done.changes == ()
    assert done.outputs == {"name": OutputValue("db2")}


def test_a_delete_leaves_an_empty_state(bench: Bench) -> None:
    bench.write({"modules/one/main.tf": ONE})
    bench.create(name="db")

    done = bench.delete(name="db")

    assert [c.verb for c in done.changes] == [Verb.DELETE]
    state = bench.state.read()
    assert state is not None
    assert state.resources == 0
