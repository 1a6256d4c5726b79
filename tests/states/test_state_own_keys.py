"""Every `purveyor state` command finds states that lie under a company's own keys."""

from __future__ import annotations

import pytest
from state_fixtures import HOLDER, LINEAGE, Stage, made_state

from purveyor import json_text
from purveyor.state_key import StateKey

pytestmark = pytest.mark.engine
KEY = "team/5a1f/orders/terraform.tfstate"
LINK = "team-links/77.tfstate"
KEYS = {
    "services": "team/{service_id}/{service_slug}/terraform.tfstate",
    "links": "team-links/{link_id}.tfstate",
}


@pytest.fixture(params=["folder", "bucket"])
def stage(request: pytest.FixtureRequest) -> Stage:
    """A catalog with keys of its own, in a folder and in a versioned bucket."""
    stage: Stage = request.getfixturevalue(request.param)
    file = stage.catalog / "purveyor.yaml"
    catalog = json_text.parse(file.read_text())
    assert isinstance(catalog, dict)
    assert isinstance(catalog["backend"], dict)
    catalog["backend"]["keys"] = dict(KEYS)
    file.write_text(json_text.write(catalog))
    stage.put(KEY, made_state("a", serial=3))
    stage.put(KEY, made_state("a", "b", serial=4))
    stage.put(LINK, made_state(stamp="links/77"))
    return stage


def test_states_are_listed_shown_and_pulled(stage: Stage) -> None:
    listed = {(each["key"], each["kind"], each["id"]) for each in stage.run("list", "--json").lines}
    assert listed == {(KEY, "service", "5a1f"), (LINK, "link", "77")}
    shown = stage.run("show", "5a1f", "--json").document
    assert (shown["key"], shown["kind"], shown["id"]) == (KEY, "service", "5a1f")
    assert stage.run("show", KEY, "--json").document == shown
    assert stage.run("show", LINK, "--json").document["kind"] == "link"
    assert LINEAGE in stage.run("pull", "77").stdout
    assert stage.run("history", "5a1f").code == 0
    assert stage.run("doctor").code == 0


def test_an_earlier_version_is_brought_back(stage: Stage) -> None:
    # In a folder only what the engine has replaced is kept.
    stage.put(f"{KEY}.backup", made_state("a", serial=3))
    versions = stage.backend.versions(StateKey(KEY, exists=True))
    assert [each.latest for each in versions].count(True) == 1
    earlier = next(each.id for each in versions if not each.latest)
    done = stage.run("restore", "5a1f", "--version", earlier, "--yes")
    assert done.code == 0, done.stderr
    resources = stage.document(KEY)["resources"]
    assert isinstance(resources, list)
    assert len(resources) == 1


def test_a_state_under_another_key_is_told_and_taken_over(stage: Stage) -> None:
    stage.put("services/9/old.tfstate", made_state(stamp="services/9"))
    told = stage.run("doctor").stdout
    assert "services/9/old.tfstate: a state under a key that no run looks at" in told
    done = stage.run("adopt", "9", "--key", "services/9/old.tfstate", "--slug", "new", "--yes")
    assert done.code == 0, done.stderr
    assert "team/9/new/terraform.tfstate" in stage.paths()
    told = stage.run("doctor").stdout
    assert "no run looks at" not in told
    assert "services/9/old.tfstate: it was moved to another place" in told


@pytest.mark.parametrize("stage", ["bucket"], indirect=True)
def test_a_dead_runs_lock_is_freed(stage: Stage) -> None:
    stage.put(f"{KEY}.tflock", json_text.write(HOLDER))
    listed = {each["key"]: each["locked"] for each in stage.run("list", "--json").lines}
    assert listed == {KEY: True, LINK: False}
    reason = ("--force", "--reason", "its runner is gone")
    done = stage.run("unlock", "5a1f", "--lock-id", str(HOLDER["ID"]), *reason)
    assert done.code == 0, done.stderr
    assert f"{KEY}.tflock" not in stage.paths()
