"""Plans are judged before they are applied, and made again when they are stale."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from moto_server import run_moto
from purveyor.action import Operation
from purveyor.errors import GuardError, PurveyorError
from purveyor.plan import Guard, Verb
from purveyor.step import PhaseStarted

if TYPE_CHECKING:
    from pathlib import Path

    from terraform_fixtures import Bench

    from purveyor.step import StepEvent

pytest_plugins = ["terraform_fixtures"]

MODULE = """
variable "name" { type = string }
variable "count_of" {
  type    = number
  default = 1
}
resource "terraform_data" "database" {
  count            = var.count_of
  triggers_replace = { engine = var.name }
}
"""


def test_a_replacement_of_something_protected_is_refused_with_its_cause(bench: Bench) -> None:
    bench.write({"modules/one/main.tf": MODULE})
    bench.create(name="mysql5")
    before = bench.state.path.read_bytes()

    with pytest.raises(GuardError) as caught:
        bench.update(protect=("terraform_data.database",), name="mysql8")

    assert caught.value.details == (
        "terraform_data.database[0] would be replaced, forced by triggers_replace",
    )
    assert bench.state.path.read_bytes() == before


def test_a_deletion_of_a_protected_type_is_refused_even_when_a_create_is_repeated(
    bench: Bench,
) -> None:
    bench.write({"modules/one/main.tf": MODULE})
    bench.create(name="mysql5")
    step = bench.step(
        Operation.CREATE, {"name": "mysql5", "count_of": 0}, protect=("terraform_data",)
    )

    with pytest.raises(GuardError) as caught:
        bench.run(step)

    assert caught.value.details == ("terraform_data.database[0] would be deleted",)


def test_a_delete_is_no_matter_of_the_guard(bench: Bench) -> None:
    bench.write({"modules/one/main.tf": MODULE})
    bench.create(name="mysql5")
    step = bench.step(Operation.DELETE, {"name": "mysql5"}, protect=("terraform_data",))

    assert [c.address for c in bench.run(step).changes] == ["terraform_data.database[0]"]


def test_a_plan_that_became_stale_is_made_again(bench: Bench) -> None:
    bench.write({"modules/one/main.tf": MODULE})
    bench.create(name="mysql5")
    meddler = bench.apart()
    meddled: list[StepEvent] = []

    def meddle_once(event: StepEvent) -> None:
        if event == PhaseStarted("apply") and not meddled:
            meddled.append(event)
            meddler.update(name="mysql6")

    bench.events.clear()
    bench.on_event = meddle_once
    done = bench.update(name="mysql8")

    phases = [e.name for e in bench.events if isinstance(e, PhaseStarted)]
    assert phases == ["init", "plan", "apply", "plan", "apply"]
    assert [c.address for c in done.changes] == ["terraform_data.database[0]"]


def test_a_plan_that_is_stale_every_time_is_given_up(bench: Bench) -> None:
    bench.write({"modules/one/main.tf": MODULE})
    bench.create(name="mysql5")
    meddler = bench.apart()
    names = iter(["mysql6", "mysql7", "mysql9", "mysql10"])

    def meddle(event: StepEvent) -> None:
        if event == PhaseStarted("apply"):
            meddler.update(name=next(names))

    bench.on_event = meddle
    with pytest.raises(PurveyorError, match="stale") as caught:
        bench.update(name="mysql8")

    assert caught.value.exit_code == 15
    assert next(names) == "mysql10"


def test_more_replacements_at_once_than_the_limit_are_refused(bench: Bench) -> None:
    bench.write({"modules/one/main.tf": MODULE})
    bench.create(name="mysql5", count_of="2")

    with pytest.raises(GuardError) as caught:
        bench.guarded(Guard(limits={Verb.REPLACE: 1}), name="mysql8", count_of="2")
    assert "where the catalog lets 1 be replaced at once" in caught.value.message
    assert len(caught.value.details) == 2
    done = bench.guarded(Guard(limits={Verb.REPLACE: 2}), name="mysql8", count_of="2")
    assert len(done.changes) == 2


def test_an_import_is_refused_where_the_catalog_says_so(bench: Bench) -> None:
    bench.write({"modules/one/main.tf": MODULE})
    bench.create(name="a", count_of="0")
    taken = 'import {\n  to = terraform_data.database[0]\n  id = "foreign"\n}\n'
    bench.write({"modules/one/import.tf": taken})

    with pytest.raises(GuardError) as caught:
        bench.guarded(Guard(refuse=frozenset({"import"}), ask="the data team"), name="a")
    assert caught.value.details == ("terraform_data.database[0] would be imported",)
    assert "the data team" in caught.value.hint


BUCKET = """
terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}
provider "aws" { region = "us-east-1" }
variable "name" { type = string }
variable "shut" { default = "true" }
resource "aws_s3_bucket" "data" { bucket = var.name }
resource "aws_s3_bucket_public_access_block" "data" {
  bucket              = aws_s3_bucket.data.id
  block_public_policy = var.shut == "true"
}
"""


@pytest.mark.slow
@pytest.mark.aws_provider
@pytest.mark.one_engine
def test_a_bucket_is_neither_replaced_nor_opened_to_everybody(
    bench: Bench, plugin_mirror: Path, tmp_path: Path
) -> None:
    with run_moto(tmp_path) as moto:
        bench.environment = {**bench.environment, **moto.environment()}
        bench.mirror = plugin_mirror
        bench.write({"modules/one/main.tf": BUCKET})
        bench.create(name="orders-data")

        with pytest.raises(GuardError) as caught:
            bench.guarded(Guard(stateful=True), name="other-data")
        assert "aws_s3_bucket.data, which holds data" in caught.value.message
        assert caught.value.details == ("aws_s3_bucket.data would be replaced, forced by bucket",)

        public = Guard(stateful=True, refuse=frozenset({"public"}))
        with pytest.raises(GuardError) as caught:
            bench.guarded(public, name="orders-data", shut="false")
        assert caught.value.details == (
            (
                "aws_s3_bucket_public_access_block.data would be updated, open to everybody by"
                " block_public_policy"
            ),
        )
        assert bench.guarded(public, name="orders-data").changes == ()
