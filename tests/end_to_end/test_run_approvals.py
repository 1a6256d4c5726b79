"""A step that a person has to allow: the action waits before it, and ends whatever comes."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pipeline import Pipeline, action_id
from purveyor import json_text
from purveyor_emulator import Emulator
from service_fixtures import OwnService, attribute, hold_gate
from warm_commands import run_command

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline import Finished
    from purveyor.json_text import JsonObject

EXAMPLE = Path(__file__).parents[2] / "examples/steps"
PROPERTIES: JsonObject = {
    "folder": attribute("string", "create"),
    "first_customer": attribute("string", "create", "update"),
    **{name: attribute("string") for name in ("endpoint", "report")},
    "customers": attribute("integer"),
}


class ParkedService(OwnService):
    """The service of several steps, whose second one has to be allowed when it is created."""

    wanted: JsonObject

    def demand(self, within: str = "1h") -> None:
        """Have the step allowed within some time."""
        catalog = self.pipeline.catalog / "purveyor.yaml"
        rule = f"approve: {{within: {within}, operations: [create]}}"
        text = catalog.read_text().replace("- name: seed\n", f"- name: seed\n        {rule}\n")
        catalog.write_text(text)

    def create_parked(self) -> Finished:
        """Ask for it, and come to the step."""
        folder = str(self.pipeline.catalog.parent)
        asked = {"folder": folder, "first_customer": "Ada"}
        self.wanted = self.emulator.request_action(self.id, "create", asked)
        return self.deliver()

    def deliver(self, *arguments: str, **environ: str) -> Finished:
        """Hand the same CONTEXT over, once more."""
        return self.pipeline.run(self.wanted, *arguments, **environ)

    def command(self, *words: str) -> tuple[int, str]:
        """Run another command; it gets the CONTEXT, too."""
        done = run_command(
            *words,
            cwd=self.pipeline.catalog,
            env={**self.pipeline.environment, **self.emulator.environment()},
            stdin=json_text.write(self.wanted),
        )
        return done.returncode, done.stdout + done.stderr

    @property
    def shown(self) -> JsonObject:
        """The action as the platform shows it."""
        return self.emulator.action(action_id(self.wanted))

    @property
    def records(self) -> Path:
        """What the journal keeps of the action."""
        action = action_id(self.wanted)
        return self.pipeline.catalog / ".purveyor/state/journal/actions" / action

    def markers(self) -> list[Path]:
        """What keeps other actions from the service."""
        return [each for each in self.pipeline.catalog.rglob("changing/*/*") if each.is_file()]


@pytest.fixture
def service(
    tmp_path: Path, tofu: Path, clean_environment: dict[str, str]
) -> Iterator[ParkedService]:
    catalog = Path(shutil.copytree(EXAMPLE, tmp_path / "catalog"))
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "tofu").symlink_to(tofu)
    environment = {
        **clean_environment,
        "PATH": f"{programs}:/usr/bin:/bin",
        "PURVEYOR_CACHE": str(tmp_path / "cache"),
    }
    schema: JsonObject = {"type": "object", "properties": PROPERTIES}
    seed: JsonObject = {"specifications": [{"slug": "seeded-database", "attributes": schema}]}
    with Emulator.running(seed=seed) as emulator:
        entity = str(emulator.create_service("seeded-database", name="news")["id"])
        yield ParkedService(Pipeline(catalog, environment, emulator), emulator, entity)


def assert_parked(done: Finished) -> None:
    told = (done.code, done.outcome["status"], done.reason)
    assert told == (0, "parked", "APPROVAL_AWAITED"), done.stderr


def texts(service: ParkedService) -> str:
    messages: Any = service.shown["messages"]
    return "\n".join(str(each["message"]) for each in messages)


def test_an_action_waits_before_the_step_and_goes_on_once_it_is_allowed(
    service: ParkedService,
) -> None:
    service.demand()
    parked = service.create_parked()
    assert_parked(parked)
    assert service.shown["status"] == "in_progress"
    assert "Step seed (create service news) waits for an approval, until 20" in texts(service)
    states = service.pipeline.catalog / ".purveyor/state/services" / service.id
    assert [each.name for each in states.glob("*.tfstate")] == ["news.tfstate"]
    gate = {"GITLAB_CI": "true", "GITLAB_USER_LOGIN": "ada", "CI_JOB_ID": "9"}
    done = service.deliver("--approved", **gate)
    assert (done.code, done.outcome["status"]) == (0, "success"), done.stderr
    assert service.shown["status"] == "success"
    assert "database/plan" in done.stderr, "earlier steps run again"
    shown = json_text.parse(service.command("journal", "show", "--json", records_id(service))[1])
    assert isinstance(shown, dict)
    assert isinstance(shown["attempts"], list)
    first, second = shown["attempts"]
    assert isinstance(first, dict)
    assert isinstance(second, dict)
    waits: Any = first["waits"]
    assert (waits["step"], waits["answer"], waits["by"]) == ("seed", "approved", "ada")
    assert (second["status"], service.markers()) == ("success", [])
    hold_gate(service.pipeline, service.id)


def test_one_that_waits_is_shown_and_delivered_again_it_waits_still(
    service: ParkedService, tmp_path: Path
) -> None:
    service.demand()
    service.create_parked()
    code, listed = service.command("journal", "list", "--open")
    assert (code, "parked" in listed, "APPROVAL_AWAITED" in listed) == (0, True, True), listed

    assert_parked(service.deliver())
    assert [each.name for each in service.records.iterdir()] == ["1"]
    output = tmp_path / "output"
    github = {"GITHUB_ACTIONS": "true", "GITHUB_OUTPUT": str(output), "GITHUB_RUN_ID": "7"}
    assert_parked(service.deliver(**github))
    assert "parked<<" in output.read_text()


def records_id(service: ParkedService) -> str:
    return service.records.name


def test_what_is_allowed_at_a_terminal_goes_on_with_the_next_delivery(
    service: ParkedService,
) -> None:
    service.demand()
    service.create_parked()
    code, told = service.command("approve", records_id(service)[:12])
    assert (code, told.startswith("approved")) == (0, True), told
    done = service.deliver()
    assert (done.code, done.outcome["status"]) == (0, "success"), done.stderr
    code, told = service.command("approve", records_id(service))
    assert (code, "waits for an approval" in told) == (19, True)


def test_a_rejected_action_has_failed_and_stays_so(service: ParkedService) -> None:
    service.demand()
    service.create_parked()
    code, told = service.command("approve", records_id(service), "--reject", "--reason", "not now")
    assert code == 0, told
    assert service.shown["status"] == "failed"
    assert "APPROVAL_REJECTED" in texts(service)
    done = service.deliver("--approved")
    assert (done.code, done.reason) == (0, "NOTHING_TO_DO"), done.stderr
    assert service.markers() == []


def test_a_pipeline_whose_gate_stays_shut_ends_the_action(service: ParkedService) -> None:
    service.demand()
    service.create_parked()
    code, told = service.command("finish", "--context", "-")
    assert (code, "waits for an approval" in told) == (0, True), told
    assert service.shown["status"] == "in_progress"
    code, told = service.command("finish", "--context", "-", "--rejected")
    assert (code, "APPROVAL_REJECTED" in told) == (0, True), told
    assert service.shown["status"] == "failed"


@pytest.mark.parametrize("by", ["sweep", "run"])
def test_an_action_that_nobody_allows_in_time_has_failed(service: ParkedService, by: str) -> None:
    service.demand("1s")
    assert_parked(service.create_parked())
    time.sleep(1.1)
    if by == "sweep":
        code, told = service.command("sweep")
        assert code == 0, told
    else:
        service.deliver("--approved")
    assert service.shown["status"] == "failed"
    assert "APPROVAL_EXPIRED" in texts(service)
    opened = service.command("journal", "list", "--open", "--json")[1]
    assert (service.markers(), opened) == ([], "")


def test_a_sweep_leaves_what_waits_and_closes_what_the_platform_has_ended(
    service: ParkedService,
) -> None:
    service.demand()
    service.create_parked()
    code, told = service.command("sweep")
    assert (code, "waits for an approval" in told) == (0, True), told
    assert service.shown["status"] == "in_progress"
    service.emulator.cancel_action(records_id(service))
    code, told = service.command("sweep")
    assert (code, "cancelled" in told, service.markers()) == (0, True, []), told
    done = service.deliver("--approved")
    assert (done.code, done.reason) == (0, "NOTHING_TO_DO"), done.stderr


def test_another_action_on_the_same_service_is_refused_while_one_waits(
    service: ParkedService,
) -> None:
    service.demand()
    service.create_parked()
    refused = service.run("update", first_customer="Grace")
    assert (refused.code, refused.reason) == (14, "STATE_LOCKED"), refused.stderr
    assert "waits for an approval" in str(refused.outcome["message"])
    assert records_id(service) in str(refused.outcome["next_step"])
    done = service.deliver("--approved")
    assert (done.code, done.outcome["status"]) == (0, "success"), done.stderr


def test_a_run_that_is_killed_once_its_action_waits_leaves_it_waiting(
    service: ParkedService,
) -> None:
    service.demand()
    service.emulator.fault("latency", seconds=20.0, method="PATCH", count=-1)
    folder = str(service.pipeline.catalog.parent)
    asked = {"folder": folder, "first_customer": "Ada"}
    service.wanted = service.emulator.request_action(service.id, "create", asked)
    child = service.pipeline.start(service.wanted)
    while not (service.records / "1/approval.json").exists():
        assert child.poll() is None, child.communicate()
        time.sleep(0.02)
    child.kill()
    child.communicate()
    service.emulator.clear_faults()
    code, told = service.command("finish", "--context", "-")
    assert (code, "waits for an approval" in told) == (0, True), told
    assert "waits for an approval" in texts(service)
    assert service.command("sweep")[0] == 0
    done = service.deliver("--approved")
    assert (done.code, done.outcome["status"]) == (0, "success"), done.stderr
