"""One service in several steps: a database, its first rows, a second module, and a proof."""

from __future__ import annotations

import shutil
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pipeline import finish
from purveyor import json_text
from purveyor.journal.capsule import read_capsule
from service_fixtures import OwnService, hold_gate
from warm_commands import run_command

if TYPE_CHECKING:
    from purveyor.json_text import JsonObject

pytest_plugins = ["steps_fixtures"]
EXAMPLE = Path(__file__).parents[2] / "examples/steps"
WAIT = "#!/bin/sh\ntouch {begun}\nexec sleep 60\n"


def asked(service: OwnService) -> dict[str, str]:
    return {"folder": str(service.pipeline.catalog.parent), "first_customer": "Ada"}


def states(service: OwnService) -> list[str]:
    root = service.pipeline.catalog / ".purveyor/state/services" / service.id
    return sorted(path.name for path in root.glob("*.tfstate"))


def change_script(service: OwnService, name: str, text: str) -> None:
    script = service.pipeline.catalog / "scripts" / name
    script.write_text(text)
    script.chmod(0o755)


def mend_script(service: OwnService, name: str) -> None:
    change_script(service, name, (EXAMPLE / "scripts" / name).read_text())


def break_off(service: OwnService, begun: Path, number: signal.Signals) -> JsonObject:
    """Signal a create once its waiting part has begun; return the notification."""
    wanted = service.emulator.request_action(service.id, "create", asked(service))
    child = service.pipeline.start(wanted)
    while not begun.exists():
        assert child.poll() is None, child.communicate()
        time.sleep(0.05)
    child.send_signal(number)
    if number is signal.SIGKILL:
        child.communicate()
    else:
        done = finish(child)
        assert (done.code, done.reason) == (18, "CANCELLED"), done.stderr
    return wanted


def delete_failed(service: OwnService, create: JsonObject) -> None:
    """Delete what the platform calls failed, for which it sends no delete of its own."""
    inner = create["notification"]
    assert isinstance(inner, dict)
    delete: JsonObject = {**inner, "id": "by-hand", "type": "delete", "parameters": {}}
    done = service.pipeline.run({**create, "notification": delete}, "--no-report")
    assert done.code == 0, done.stderr
    assert states(service) == []


def test_steps_are_made_in_order_with_what_earlier_ones_gave_and_deleted_backwards(
    service: OwnService,
) -> None:
    service.create(**asked(service))
    endpoint = f"{service.pipeline.catalog.parent}/{service.id}.sqlite"
    assert service.attributes()["endpoint"] == endpoint
    assert service.attributes()["report"] == f"customers of {endpoint}"
    assert service.attributes()["customers"] == 1
    assert states(service) == ["news.report.tfstate", "news.tfstate"]

    service.update(first_customer="Grace")
    assert service.attributes()["customers"] == 2

    done = service.run("delete")
    assert done.code == 0, done.stderr
    assert "1 tables go" in done.stderr
    order = [done.stderr.index(word) for word in ("report/destroy", "1 tables", "database/destroy")]
    assert order == sorted(order)
    assert (states(service), Path(endpoint).exists()) == ([], False)


def test_a_step_that_fails_is_named_and_a_retry_goes_on(service: OwnService) -> None:
    change_script(service, "seed.py", "#!/bin/sh\necho 'no seed today' >&2\nexit 3\n")
    failed = service.run("create", **asked(service))
    assert (failed.code, failed.reason) == (15, "ACTION_FAILED")
    assert str(failed.outcome["message"]).startswith("Step seed: ")
    assert failed.outcome["details"] == ["no seed today", "step database is done"]
    assert states(service) == ["news.tfstate"]

    mend_script(service, "seed.py")
    service.create(**asked(service))


def test_success_is_claimed_only_where_the_proof_succeeds(service: OwnService) -> None:
    change_script(service, "check.py", "#!/bin/sh\nexit 1\n")
    failed = service.run("create", **asked(service))
    assert failed.code == 15
    assert str(failed.outcome["message"]).startswith("Step answers: ")
    assert states(service) == ["news.report.tfstate", "news.tfstate"]

    mend_script(service, "check.py")
    service.create(**asked(service))


@pytest.mark.parametrize("script", ["seed.py", "check.py"])
def test_a_run_that_is_cancelled_in_a_program_can_be_started_again(
    service: OwnService, tmp_path: Path, script: str
) -> None:
    change_script(service, script, WAIT.format(begun=tmp_path / "begun"))
    break_off(service, tmp_path / "begun", signal.SIGTERM)
    mend_script(service, script)
    service.create(**asked(service))


def test_a_run_that_is_cancelled_in_the_first_step_begins_no_other(
    service: OwnService, tmp_path: Path
) -> None:
    main = service.pipeline.catalog / "stacks/database/main.tf"
    text = main.read_text()
    main.write_text(text.replace("touch '", f"touch {tmp_path}/begun; sleep 5; touch '"))
    wanted = break_off(service, tmp_path / "begun", signal.SIGTERM)
    assert states(service) == ["news.tfstate"]
    main.write_text(text)
    delete_failed(service, wanted)


def test_what_was_half_created_is_deleted(service: OwnService) -> None:
    change_script(service, "seed.py", "#!/bin/sh\nexit 3\n")
    wanted = service.emulator.request_action(service.id, "create", asked(service))
    assert service.pipeline.run(wanted).code == 15
    delete_failed(service, wanted)


def test_a_run_that_is_killed_in_its_second_step_is_finished_without_a_doubt(
    service: OwnService, tmp_path: Path
) -> None:
    change_script(service, "seed.py", WAIT.format(begun=tmp_path / "begun"))
    wanted = break_off(service, tmp_path / "begun", signal.SIGKILL)
    done = run_command(
        *("finish", "--context", "-", "--wait", "8"),
        cwd=service.pipeline.catalog,
        env={**service.pipeline.environment, **service.emulator.environment()},
        stdin=json_text.write(wanted),
        timeout=80,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "RUNNER_LOST" in done.stdout
    mend_script(service, "seed.py")
    service.create(**asked(service))


def test_what_is_done_once_is_not_done_again(service: OwnService) -> None:
    catalog = service.pipeline.catalog / "purveyor.yaml"
    catalog.write_text(
        catalog.read_text().replace("- name: seed\n", "- name: seed\n        once: true\n")
    )
    service.create(**asked(service))
    change_script(service, "seed.py", "#!/bin/sh\nexit 3\n")
    done = service.run("update", first_customer="Grace")
    assert done.code == 0, done.stderr
    assert service.attributes()["customers"] == 1


def test_a_step_that_the_catalog_has_no_more_is_not_left_behind(service: OwnService) -> None:
    service.create(**asked(service))
    catalog = service.pipeline.catalog / "purveyor.yaml"
    step = "      - name: report\n        module: stacks/report\n"
    catalog.write_text(catalog.read_text().replace(step, ""))
    refused = service.run("delete")
    assert refused.code == 11
    assert "report" in str(refused.outcome["message"])
    assert states(service) == ["news.report.tfstate", "news.tfstate"]


def test_a_later_steps_state_that_is_gone_is_no_deleted_step(service: OwnService) -> None:
    service.create(**asked(service))
    root = service.pipeline.catalog / ".purveyor/state/services" / service.id
    (root / "news.report.tfstate").unlink()
    refused = service.run("delete")
    assert (refused.code, refused.reason) == (19, "STATE_MISSING")


def test_an_entity_that_the_catalog_forgot_is_deleted_by_what_all_steps_left(
    service: OwnService,
) -> None:
    service.create(**asked(service))
    (record,) = service.pipeline.catalog.rglob("capsule.json")
    capsule = read_capsule(record.read_text())
    assert (capsule.step, [each.step for each in capsule.steps]) == (
        "database",
        ["seed", "report", "answers"],
    )
    (service.pipeline.catalog / "purveyor.yaml").write_text(
        "version: 1\nbackend: {type: local}\nservices: {}\n"
    )
    shutil.rmtree(service.pipeline.catalog / "stacks")
    done = service.run("delete")
    assert done.code == 0, done.stderr
    assert states(service) == []


def test_what_looks_at_states_knows_a_further_steps_own(service: OwnService) -> None:
    service.create(**asked(service))
    hold_gate(service.pipeline, service.id)

    def state(*words: str) -> tuple[int, str]:
        done = run_command(
            "state",
            *words,
            cwd=service.pipeline.catalog,
            env=service.pipeline.environment,
            stdin="",
        )
        return done.returncode, done.stdout + done.stderr

    assert state("doctor")[0] == 0, state("doctor")
    code, shown = state("show", service.id[:8])
    assert code == 0, shown
    assert "news.tfstate" in shown

    kept = (
        service.pipeline.catalog / ".purveyor/state/services" / service.id / "news.report.tfstate"
    )
    later = json_text.parse(kept.read_text())
    assert isinstance(later, dict)
    assert isinstance(later["serial"], int)
    (service.pipeline.catalog / "left").write_text(
        json_text.write({**later, "serial": later["serial"] + 1})
    )
    code, shown = state("rescue", service.id, "--kind", "service", "--file", "left")
    assert code == 0, shown
    saved = json_text.parse(kept.read_text())
    assert isinstance(saved, dict)
    assert saved["serial"] == later["serial"] + 1


def test_a_secret_that_a_module_and_a_program_take_is_asked_for_once(service: OwnService) -> None:
    database = service.pipeline.catalog / "stacks/database/main.tf"
    secret = 'variable "password" {\n  type = string\n  sensitive = true\n}\n'
    kept = 'resource "terraform_data" "login" {\n  input = var.password\n}\n'
    database.write_text(f"{database.read_text()}\n{secret}{kept}")
    service.create(**asked(service), password="s3cret-of-it")
    service.update(first_customer="Grace")
    assert service.attributes()["customers"] == 2
