"""Playbooks, played by the real Ansible on this machine."""

from __future__ import annotations

import os
import signal
import stat
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest

from purveyor.action import Operation
from purveyor.engines import stateless
from purveyor.engines.ansible import AnsibleEngine
from purveyor.errors import CancelledError, CatalogError, EngineError, ReasonCode
from purveyor.process import Interruption
from purveyor.program import HOSTS, Playbook
from purveyor.redaction import Redactor
from purveyor.step import ModuleSource, Noticed, Step

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from purveyor.json_text import JsonValue
    from purveyor.step import StepEvent, StepResult

TASKS = """
- hosts: all
  gather_facts: false
  tasks:
"""
HERE: JsonValue = {
    "here": {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
}


class Stage:
    """A catalog's folder with a playbook, and all that playing it needs."""

    def __init__(self, root: Path, environment: dict[str, str]) -> None:
        self.root = root / "catalog"
        self.workspace = root / "workspace"
        self.root.mkdir()
        self.workspace.mkdir(mode=0o700)
        self.environment = environment
        self.interruption = Interruption()
        self.redactor = Redactor()
        self.heard: list[StepEvent] = []
        self.timeout = 60.0
        self.undo: Path | None = None

    def play(
        self,
        tasks: str,
        operation: Operation = Operation.CREATE,
        hosts: JsonValue = HERE,
        **variables: JsonValue,
    ) -> StepResult:
        engine, step = self._prepare(tasks, operation, hosts, variables)
        return engine.run(step, self.heard.append)

    def preview(self, tasks: str, hosts: JsonValue = HERE) -> StepResult:
        engine, step = self._prepare(tasks, Operation.CREATE, hosts, {})
        return engine.preview(step, self.heard.append)

    def _prepare(
        self,
        tasks: str,
        operation: Operation,
        hosts: JsonValue,
        variables: Mapping[str, JsonValue],
    ) -> tuple[AnsibleEngine, Step]:
        playbook = self.root / "site.yml"
        playbook.write_text(TASKS + tasks)
        engine = AnsibleEngine(
            Playbook(
                playbook,
                self.root,
                undo=self.undo,
                timeout=self.timeout,
                public=frozenset({"address"}),
            ),
            self.redactor,
        )
        step = Step(
            operation=operation,
            workspace=self.workspace,
            module=engine.fetch(ModuleSource(self.root), self.workspace),
            variables={"variables": {HOSTS: hosts, **variables}, "steps": {}},
            environment=self.environment,
            interruption=self.interruption,
        )
        return engine, step

    def said(self) -> list[str]:
        return [each.text for each in self.heard if isinstance(each, Noticed)]


@pytest.fixture
def stage(tmp_path: Path, clean_environment: dict[str, str]) -> Stage:
    return Stage(tmp_path, clean_environment)


def test_a_playbook_changes_hosts_and_hands_outputs_on(stage: Stage) -> None:
    place = stage.root / "motd"
    tasks = f"""
    - name: write
      ansible.builtin.copy: {{content: "{{{{ text }}}}", dest: {place}, mode: "0600"}}
    - name: hide
      ansible.builtin.command: {{argv: ["true", "{{{{ password }}}}"]}}
      no_log: true
      changed_when: false
    - name: hand on
      ansible.builtin.set_stats:
        data: {{purveyor_outputs: {{address: 10.0.0.7, token: "{{{{ password }}}}"}}}}
    """
    first = stage.play(tasks, text="welcome", password="c4nary-pass")
    assert place.read_text() == "welcome"
    assert [change.address for change in first.changes] == ["here"]
    assert {n: (o.value, o.sensitive) for n, o in first.outputs.items()} == {
        "address": ("10.0.0.7", False),
        "token": ("c4nary-pass", True),
    }
    assert "task: write" in stage.said()
    assert "c4nary-pass" not in repr(stage.said())
    assert stage.redactor.redact("c4nary-pass at 10.0.0.7") == "*** at 10.0.0.7"
    for path in stage.workspace.glob("*.json"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600

    again = stage.play(tasks, text="welcome", password="c4nary-pass")
    assert again.changes == ()


def test_a_failure_says_host_task_message_and_what_was_changed_before(stage: Stage) -> None:
    tasks = """
    - name: change
      ansible.builtin.command: {argv: ["true"]}
    - name: break
      ansible.builtin.command: {argv: [sh, -c, "echo disk is full >&2; exit 3"]}
    """
    with pytest.raises(EngineError) as caught:
        stage.play(tasks)
    assert caught.value.reason is ReasonCode.ENGINE_FAILED
    assert "here: break: non-zero return code | disk is full" in caught.value.message
    assert "changed before: here" in caught.value.details


@pytest.mark.slow
def test_a_clouds_word_for_a_failure_gives_its_reason(stage: Stage) -> None:
    tasks = """
    - name: ask
      ansible.builtin.fail: {msg: "AccessDenied: not authorized to perform ec2:RunInstances"}
    """
    with pytest.raises(Exception, match=r"may not do what site\.yml needs") as caught:
        stage.play(tasks)
    assert getattr(caught.value, "reason", None) is ReasonCode.PERMISSION_DENIED


def test_what_no_log_hides_stays_hidden_in_a_failure(stage: Stage) -> None:
    tasks = """
    - name: hide
      ansible.builtin.fail: {msg: "the password is c4nary-{{ 40 + 2 }}"}
      no_log: true
    """
    with pytest.raises(EngineError) as caught:
        stage.play(tasks)
    told = [caught.value.message, *caught.value.details, *stage.said()]
    assert "c4nary" not in repr(told)
    assert "no_log" in caught.value.message


@pytest.mark.slow
def test_a_host_that_cannot_be_reached_is_told_apart(stage: Stage) -> None:
    closed: JsonValue = {"web1": {"ansible_host": "127.0.0.1", "ansible_port": 1}}
    with pytest.raises(EngineError, match="could not reach web1") as caught:
        stage.play("    - ansible.builtin.ping:\n", hosts=closed)
    assert caught.value.reason is ReasonCode.PROVIDER_UNAVAILABLE


@pytest.mark.slow
def test_one_interrupt_stops_a_playbook_and_says_at_which_task(stage: Stage) -> None:
    tasks = """
    - name: change
      ansible.builtin.command: {argv: ["true"]}
    - name: wait
      ansible.builtin.command: {argv: [sleep, "60"]}
    """

    def interrupt() -> None:
        while "task: wait" not in stage.said():
            time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGTERM)

    with stage.interruption.caught():
        threading.Thread(target=interrupt, daemon=True).start()
        with pytest.raises(CancelledError, match="was stopped at task `wait`") as caught:
            stage.play(tasks)
    assert caught.value.details == ("changed before: here",)


@pytest.mark.slow
def test_a_playbook_whose_time_is_over_is_asked_to_stop(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stateless, "GRACE", 20.0)
    stage.timeout = 6.0
    with pytest.raises(EngineError, match="did not end within 6 seconds"):
        stage.play("    - ansible.builtin.command: {argv: [sleep, '60']}\n")


@pytest.mark.slow
def test_a_playbook_that_ansible_cannot_read_is_told_with_its_words(stage: Stage) -> None:
    with pytest.raises(EngineError) as caught:
        stage.play("    - no.such.module: {}\n")
    assert "no.such.module" in repr(caught.value.details)


def test_a_delete_without_undo_does_nothing(stage: Stage) -> None:
    assert stage.play("", operation=Operation.DELETE).changes == ()
    assert stage.heard == []


def test_a_missing_program_is_told(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("purveyor.engines.ansible.engine.sys.executable", "/nowhere/python")
    stage.environment["PATH"] = "/nowhere"
    with pytest.raises(CatalogError, match="ansible-playbook is not on PATH") as caught:
        stage.play("")
    assert caught.value.reason is ReasonCode.ENGINE_NOT_FOUND


def test_check_mode_tells_what_would_change_and_what_it_cannot_tell(stage: Stage) -> None:
    place = stage.root / "motd"
    tasks = f"""
    - name: write
      ansible.builtin.copy: {{content: "welcome\\n", dest: {place}, mode: "0600"}}
    - name: hide
      ansible.builtin.copy: {{content: "c4nary\\n", dest: {place}-2, mode: "0600"}}
      no_log: true
    - name: do
      ansible.builtin.command: {{argv: [touch, {place}]}}
    - name: pass over
      ansible.builtin.command: {{argv: [touch, {place}]}}
      when: false
    - name: hand on
      ansible.builtin.set_stats: {{data: {{purveyor_outputs: {{address: 10.0.0.7}}}}}}
    """
    told = stage.preview(tasks)
    assert [change.address for change in told.changes] == ["here"]
    assert told.unknown == "Ansible cannot check `do` on here"
    assert told.outputs == {}
    assert "here: +welcome" in stage.said()
    assert "c4nary" not in repr(stage.said())
    assert not place.exists()


@pytest.mark.slow
def test_a_check_that_fails_or_finds_nothing_to_do_says_so(stage: Stage) -> None:
    told = stage.preview("    - {name: break, ansible.builtin.fail: {msg: no nginx yet}}\n")
    assert told.unknown == "the check fails: here: break: no nginx yet"
    hand_on = "    - ansible.builtin.set_stats: {data: {purveyor_outputs: {address: 10.0.0.7}}}\n"
    told = stage.preview(hand_on)
    assert (told.changes, told.unknown) == ((), "")
    assert told.outputs["address"].value == "10.0.0.7"
    closed: JsonValue = {"web1": {"ansible_host": "127.0.0.1", "ansible_port": 1}}
    with pytest.raises(EngineError, match="could not reach web1"):
        stage.preview("    - ansible.builtin.ping:\n", hosts=closed)
