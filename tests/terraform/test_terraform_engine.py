"""Create, update and delete with the real engines."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest
from state_slot_fixtures import with_slot

from purveyor.action import Operation
from purveyor.engines.terraform.files import STAMP
from purveyor.errors import CatalogError, ReasonCode, RecoveryError
from purveyor.plan import Verb
from purveyor.state_key import OutputValue
from purveyor.step import PhaseStarted, ResourceMoved

if TYPE_CHECKING:
    from terraform_fixtures import Bench

pytest_plugins = ["terraform_fixtures"]

ONE = """
variable "name" { type = string }
resource "terraform_data" "a" {
  input = var.name
}
output "name" { value = terraform_data.a.output }
"""
HOSTILE = (
    "plain \"double\" and 'single' quotes",
    "line\nbreak\r\nand\ttab",
    '${file("/etc/passwd")} %{ if true }x%{ endif } $${y} %%{z}',
    "$(id) `id` ; rm -rf / # ##vso[task.setvariable] ::set-output name=x::y",
    "\u2028\u2029\u0000end\u007f\u00e9\U0001f600",
    "\\u0041 \\n \\",
    "x" * 60_000,
)


def test_a_create_gives_changes_and_outputs(bench: Bench) -> None:
    bench.write({"modules/one/main.tf": ONE})

    done = bench.create(name="db")

    assert [(c.address, c.verb) for c in done.changes] == [("terraform_data.a", Verb.CREATE)]
    assert done.outputs == {"name": OutputValue("db")}
    assert [e.name for e in bench.events if isinstance(e, PhaseStarted)] == ["init", "apply"]
    assert [e.stage for e in bench.events if isinstance(e, ResourceMoved)] == ["started", "ended"]


def test_an_update_changes_and_a_second_one_has_nothing_to_do(bench: Bench) -> None:
    bench.write({"modules/one/main.tf": ONE})
    bench.create(name="db")

    assert [c.verb for c in bench.update(name="db2").changes] == [Verb.UPDATE]
    bench.events.clear()
    done = bench.update(name="db2")

    assert done.changes == ()
    assert done.outputs == {"name": OutputValue("db2")}
    assert [e.name for e in bench.events if isinstance(e, PhaseStarted)] == ["init", "plan"]


def test_a_delete_leaves_an_empty_state(bench: Bench) -> None:
    bench.write({"modules/one/main.tf": ONE})
    bench.create(name="db")

    done = bench.delete(name="db")

    assert [c.verb for c in done.changes] == [Verb.DELETE]
    state = bench.state.read()
    assert state is not None
    assert state.resources == 0


def test_a_delete_that_leaves_something_in_the_state_is_no_success(bench: Bench) -> None:
    bench.write({"modules/one/main.tf": ONE})
    bench.create(name="db")
    step = bench.step(Operation.DELETE, {"name": "db"})
    kept = type(bench.state)(bench.state.path.with_name("kept.tfstate"))
    kept.path.write_bytes(bench.state.path.read_bytes())
    step = with_slot(step, access=kept)

    with pytest.raises(RecoveryError) as caught:
        bench.run(step)

    assert caught.value.reason is ReasonCode.STATE_NOT_EMPTY


def test_secrets_come_from_the_state_and_are_learnt(bench: Bench) -> None:
    bench.write(
        {
            "modules/one/main.tf": """
            variable "name" { type = string }
            resource "terraform_data" "a" { input = "pass-${var.name}" }
            output "password" {
              value     = terraform_data.a.output
              sensitive = true
            }
            """
        }
    )

    done = bench.create(name="w0rd")

    assert done.outputs == {"password": OutputValue("pass-w0rd", sensitive=True)}
    assert bench.redactor.redact("it is pass-w0rd") == "it is ***"


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_stays_data_to_the_byte(bench: Bench, text: str) -> None:
    bench.write({"modules/one/main.tf": ONE})

    assert bench.create(name=text).outputs["name"].value == text


def test_variables_are_readable_by_us_only_and_gone_afterwards(bench: Bench) -> None:
    bench.write({"modules/one/main.tf": ONE})
    step = bench.step(Operation.CREATE, {"name": "db"})
    modes: list[int] = []

    def look(_event: object) -> None:
        modes.extend(stat.S_IMODE(p.stat().st_mode) for p in step.module.glob("*.auto.tfvars.json"))

    bench.on_event = look
    bench.run(step)

    assert set(modes) == {0o600}
    assert sorted(p.name for p in step.module.glob("*.json")) == []


def test_the_state_carries_its_entity_but_nobody_sees_the_stamp(bench: Bench) -> None:
    bench.write({"modules/one/main.tf": ONE})

    done = bench.create(name="db")

    state = bench.state.read()
    assert state is not None
    assert state.outputs[STAMP].value == bench.identity
    assert STAMP not in done.outputs


def test_the_state_of_another_entity_is_refused_before_anything(bench: Bench) -> None:
    bench.write({"modules/one/main.tf": ONE})
    bench.create(name="db")
    before = bench.state.path.read_bytes()
    bench.events.clear()
    bench.identity = "services/another"

    for operation in (Operation.CREATE, Operation.UPDATE, Operation.DELETE):
        with pytest.raises(RecoveryError) as caught:
            bench.run(bench.step(operation, {"name": "db2"}))
        assert caught.value.reason is ReasonCode.STATE_FOREIGN

    assert bench.state.path.read_bytes() == before
    assert bench.events == []


def test_the_environment_cannot_change_what_a_run_means(bench: Bench) -> None:
    bench.write(
        {
            "modules/one/main.tf": ONE + 'variable "size" {\n default = "small"\n}\n'
            'output "size" { value = "${var.size} ${terraform.workspace}" }\n'
        }
    )
    outer = bench.with_environment(
        TF_VAR_size="huge",
        TF_CLI_ARGS="-target=terraform_data.none",
        TF_CLI_ARGS_apply="-destroy",
        TF_WORKSPACE="other",
        TF_DATA_DIR="elsewhere",
        TF_LOG="TRACE",
        TF_CLI_CONFIG_FILE="missing.tfrc",
    )

    done = outer.create(name="db")

    assert done.outputs["size"].value == "small default"
    assert done.outputs["name"].value == "db"


def test_the_modules_own_backend_and_values_do_not_win(bench: Bench) -> None:
    bench.write(
        {
            "modules/one/main.tf": ONE
            + 'terraform {\n  backend "s3" {\n    bucket = "x"\n    key = "y"\n  }\n}\n',
            "modules/one/terraform.tfvars": 'name = "theirs"\n',
            "modules/one/zz.auto.tfvars": 'name = "theirs"\n',
        }
    )

    assert bench.create(name="ours").outputs["name"].value == "ours"
    assert bench.state.path.exists()


CLOUD = 'terraform {\n  cloud {\n    organization = "x"\n  }\n}\n'


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("cloud.tf", CLOUD),
        ("cloud.tf.json", '{"terraform": [{"cloud": {"organization": "x"}}]}'),
        ("zz_override.tf", CLOUD),
        ("zz_override.tf", 'terraform {\n  backend "s3" {}\n}\n'),
    ],
)
def test_our_backend_takes_the_place_of_every_cloud_and_backend_block(
    bench: Bench, name: str, text: str
) -> None:
    bench.write({"modules/one/main.tf": ONE, f"modules/one/{name}": text})
    bench.create(name="ours")
    assert bench.state.path.exists()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("zzzz_override.tf", 'terraform {\n  backend "s3" {}\n}\n'),
        ("purveyor_identity.tf", ""),
        ("zzzz.auto.tfvars", 'name = "theirs"\n'),
    ],
)
def test_a_module_that_would_stand_in_our_place_is_refused(
    bench: Bench, name: str, text: str
) -> None:
    bench.write({"modules/one/main.tf": ONE, f"modules/one/{name}": text})

    with pytest.raises(CatalogError) as caught:
        bench.create(name="db")

    assert name in str([caught.value.message, *caught.value.details])
    assert caught.value.reason is ReasonCode.MODULE_INVALID


def test_a_template_in_a_backend_argument_is_a_plain_text(bench: Bench) -> None:
    bench.write({"modules/one/main.tf": ONE})
    bench.state_name = "${1 + 1} %{x}.tfstate"

    bench.create(name="db")

    assert bench.state.path.name == "${1 + 1} %{x}.tfstate"
    assert bench.state.path.exists()
