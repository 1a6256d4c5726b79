"""`purveyor state doctor` finds what would stop a run, and says when both locks can become one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from state_fixtures import HOLDER, KEY, Stage, made_state, s3_stage

from purveyor import json_text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from moto_server import MotoServer

INFO = json_text.write(HOLDER)


def findings(stage: Stage, *, code: int) -> dict[str, str]:
    """Return where each kind of finding was made; a kind found twice is named by its last."""
    done = stage.run("doctor", "--json")
    assert done.code == code, done.stdout + done.stderr
    listed = done.document["findings"]
    assert isinstance(listed, list)
    told = [each for each in listed if isinstance(each, dict)]
    assert all(each["fix"] for each in told)
    return {str(each["code"]): str(each["where"]) for each in told}


def test_sound_states_give_no_problem(stage: Stage) -> None:
    stage.put(KEY, made_state())
    stage.put("links/77/reader.tfstate", made_state(stamp=""))
    stage.put("journal/entities/service/5a1f/recovery/1.tfstate", made_state())
    assert findings(stage, code=0) == {}


def test_every_problem_is_found_at_once_with_its_fix(stage: Stage) -> None:
    stage.put(KEY, made_state())
    stage.put("services/1/a.tfstate", made_state(stamp="services/1"))
    stage.put("services/1/b.tfstate", made_state(stamp="services/1"))
    stage.put("services/2/x.tfstate", "{")
    stage.put("services/3/x.tfstate", made_state(stamp="links/9"))
    stage.put("prod/terraform.tfstate", made_state())
    stage.put(f"{KEY}.moved", "{}")
    assert findings(stage, code=19) == {
        "doubled": "services/1",
        "unreadable": "services/2/x.tfstate",
        "foreign": "services/3/x.tfstate",
        "stray": "prod/terraform.tfstate",
        "moved": KEY,
    }
    plain = stage.run("doctor")
    assert plain.code == 19
    assert "3 problems, 2 notes" in plain.stdout
    assert plain.stdout.count("  fix: ") == 5


class Locks:
    """Both kinds of lock on one state, as the engines write them."""

    def __init__(self, stage: Stage, moto: MotoServer) -> None:
        config = json_text.parse((stage.catalog / "purveyor.yaml").read_text())
        assert isinstance(config, dict)
        assert isinstance(config["backend"], dict)
        self._stage = stage
        self._name = str(config["backend"]["bucket"])
        self._table = moto.dynamodb()

    def put_item(self, path: str, fields: Mapping[str, str]) -> None:
        item = {"LockID": {"S": f"{self._name}/team/a/{path}"}}
        item |= {name: {"S": value} for name, value in fields.items()}
        self._table.put_item(TableName=self._name, Item=item)

    def put_object(self, path: str) -> None:
        self._stage.put(f"{path}.tflock", INFO)


@pytest.fixture
def both(environment: dict[str, str], moto: MotoServer, tmp_path: Path) -> Stage:
    """A catalog in the window of both locks."""
    stage = s3_stage(tmp_path / "both", environment, moto, lock="both")
    stage.put(KEY, made_state())
    return stage


def test_the_window_can_be_closed_when_nothing_is_locked(both: Stage, moto: MotoServer) -> None:
    Locks(both, moto).put_item(f"{KEY}-md5", {"Digest": "0" * 32})
    assert findings(both, code=0) == {"window-closable": "the backend"}


def test_a_run_with_both_locks_keeps_the_window_open(both: Stage, moto: MotoServer) -> None:
    locks = Locks(both, moto)
    locks.put_item(KEY, {"Info": INFO})
    locks.put_object(KEY)
    assert findings(both, code=0) == {"lock-held": KEY, "window-open": "the backend"}


@pytest.mark.parametrize("kind", ["object", "item"])
def test_a_run_with_one_of_both_locks_is_a_problem(
    both: Stage, moto: MotoServer, kind: str
) -> None:
    locks = Locks(both, moto)
    if kind == "item":
        locks.put_item(KEY, {"Info": INFO})
    else:
        locks.put_object(KEY)
    assert findings(both, code=19) == {"lock-other-kind": KEY, "window-open": "the backend"}
    assert "ci@runner-7" in both.run("doctor").stdout


def test_dynamodb_alone_is_named_with_the_way_out(
    environment: dict[str, str], moto: MotoServer, tmp_path: Path
) -> None:
    stage = s3_stage(tmp_path / "table", environment, moto, lock="dynamodb")
    stage.put(KEY, made_state())
    assert findings(stage, code=0) == {"lock-old": "the backend"}
