"""Services made by programs alone, broken in the middle: what they leave, and how it goes on."""

from __future__ import annotations

import importlib.util
import os
import signal
import sys
from typing import TYPE_CHECKING

import pytest

from purveyor_faultkit import (
    ALL_KILLED,
    AZURE,
    GITHUB,
    GITLAB_DOCKER,
    GITLAB_SHELL,
    MACHINE_LOST,
    PROCESS_KILLED,
    FolderPlace,
    Harness,
    ResourceLog,
    Schedule,
)
from purveyor_faultkit.observation import FINISHED
from purveyor_faultkit.processes import find_marked
from real_programs import LEFT_OUT
from service_fixtures import attribute

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from purveyor.json_text import JsonObject
    from purveyor_faultkit import StartedCommand
    from purveyor_faultkit.harness import RequestedAction

PASSWORD = "c4nary-f4ult-pass"
BACKEND = "version: 1\nbackend: {type: local, path: states}\n"
COMMAND = """
services:
  thing:
    steps:
      - name: make
        command: {run: [./make], undo: [./make]}
        parameters: [password]
"""
PROGRAM = f"""#!{sys.executable}
import json, os, pathlib, sys, time

given = json.load(sys.stdin)
place, changes = pathlib.Path("place"), []
if given["action"]["operation"] == "delete":
    for name in ("second", "first"):
        (place / name).unlink(missing_ok=True)
    sys.exit()
for name in ("first", "second"):
    while name == "second" and (place / "gate").exists():
        (place / "halfway").touch()
        time.sleep(0.02)
    if not (place / name).exists():
        with open(place / "log", "a") as log:
            log.write(name + chr(10))
        (place / name).touch()
        changes.append({{"address": name, "verb": "create"}})
    print("at", name, given["variables"].get("password"), flush=True)
pathlib.Path(os.environ["PURVEYOR_RESULT"]).write_text(json.dumps({{"changes": changes}}))
"""
PLAYBOOK = """
services:
  thing:
    steps:
      - name: make
        playbook: {run: make.yml, undo: undo.yml, inventory: here.yml}
        parameters: [password]
"""
HERE = f"""
all:
  hosts:
    here: {{ansible_connection: local, ansible_python_interpreter: {sys.executable}}}
"""
MAKE = """
- hosts: all
  gather_facts: false
  tasks:
    - name: first
      ansible.builtin.shell: {cmd: "touch first && echo first >> log", creates: first,
        chdir: "{{ playbook_dir }}/place"}
    - name: look
      ansible.builtin.stat: {path: "{{ playbook_dir }}/place/gate"}
      register: gate
    - name: halfway
      ansible.builtin.file: {path: "{{ playbook_dir }}/place/halfway", state: touch, mode: "0600"}
      when: gate.stat.exists
    - name: wait
      ansible.builtin.wait_for: {path: "{{ playbook_dir }}/place/gate", state: absent, sleep: 1}
    - name: second
      ansible.builtin.shell: {cmd: "touch second && echo second >> log", creates: second,
        chdir: "{{ playbook_dir }}/place"}
    - name: say
      ansible.builtin.debug: {msg: "at the end {{ password | default('') }}"}
"""
UNDO = """
- hosts: all
  gather_facts: false
  tasks:
    - name: away
      ansible.builtin.file: {path: "{{ playbook_dir }}/place/{{ item }}", state: absent}
      loop: [second, first]
"""
FAULTS = [PROCESS_KILLED, ALL_KILLED, MACHINE_LOST, GITHUB, AZURE, GITLAB_SHELL, GITLAB_DOCKER]
SHORT = {("command", PROCESS_KILLED.name), ("command", GITHUB.name), ("command", "its program")}


class Broken:
    """A service of a catalog that is made by one program, and a run of its create halfway."""

    def __init__(self, harness: Harness) -> None:
        self.harness = harness
        self.place = harness.catalog / "place"
        self.place.mkdir()
        (self.place / "gate").touch()
        self.requested = harness.request_action("thing", {"password": PASSWORD})
        self.started: StartedCommand = harness.start(self.requested)
        halfway = self.started.wait_until((self.place / "halfway").exists)
        assert halfway, self.started.end().stderr
        assert self.parts() == ["first"]

    def parts(self) -> list[str]:
        return sorted(each for each in ("first", "second") if (self.place / each).exists())

    def open(self) -> None:
        (self.place / "gate").unlink(missing_ok=True)

    def status(self) -> str:
        return str(self.harness.emulator.action(self.requested.id)["status"])

    def follow_up(self, *, machine: bool = True) -> None:
        """Do what comes after a run: its job's last step, the job's end, a sweep."""
        ended = self.started.end()
        self.open()  # a program that outlives its run is waited for
        assert PASSWORD not in ended.stdout + ended.stderr
        if machine and self.status() not in FINISHED:
            self.harness.finish(self.requested)
        self.started.kill_all()
        if self.status() not in FINISHED:
            self.harness.sweep()
        assert self.status() in FINISHED
        shown = self.harness.observe(self.requested).messages
        assert PASSWORD not in shown

    def go_on(self, action: str = "create") -> None:
        """Let a user press the button again: all is there then, once, and can be taken away."""
        self.open()
        harness, entity = self.harness, self.requested.entity
        wanted = {"password": PASSWORD}
        again = harness.run(self.press(action, wanted), "--lock-timeout", "5")
        assert again.code == 0, again.stderr
        assert self.parts() == ["first", "second"]
        assert sorted((self.place / "log").read_text().split()) == ["first", "second"]
        update = harness.run(harness.request_action("", {}, action="update", entity=entity))
        assert (update.code, update.outcome["changes"]) == (0, []), update.stderr
        gone = harness.run(harness.request_action("", {}, action="delete", entity=entity))
        assert gone.code == 0, gone.stderr
        assert self.parts() == []

    def press(self, action: str, wanted: dict[str, str]) -> RequestedAction:
        parameters: JsonObject = dict(wanted)
        return self.harness.request_action(
            "", parameters, action=action, entity=self.requested.entity
        )


def write_command(catalog: Path) -> str:
    (catalog / "make").write_text(PROGRAM)
    (catalog / "make").chmod(0o755)
    return COMMAND


def write_playbook(catalog: Path) -> str:
    if importlib.util.find_spec("ansible") is None:
        pytest.skip(f"{LEFT_OUT}no ansible-core")
    for name, text in (("make.yml", MAKE), ("undo.yml", UNDO), ("here.yml", HERE)):
        (catalog / name).write_text(text)
    return PLAYBOOK


PROGRAMS: dict[str, tuple[Callable[[Path], str], str]] = {
    "command": (write_command, "./make"),
    "playbook": (write_playbook, "ansible-playbook"),
}


def cells(*faults: str) -> list[object]:
    return [
        pytest.param(
            *(program, fault),
            id=f"{program}-{fault}",
            marks=() if (program, fault) in SHORT else pytest.mark.long,
        )
        for program in PROGRAMS
        for fault in faults
    ]


@pytest.fixture
def harness(
    tmp_path: Path, clean_environment: dict[str, str], request: pytest.FixtureRequest
) -> Iterator[Harness]:
    catalog = tmp_path / "catalog"
    catalog.mkdir()
    write, _ = PROGRAMS[request.getfixturevalue("program")]
    (catalog / "purveyor.yaml").write_text(BACKEND + write(catalog))
    secret: JsonObject = {"password": attribute("string", "create", "update", secret=True)}
    schema: JsonObject = {"type": "object", "properties": secret}
    with Harness.running(
        catalog,
        {**clean_environment, "PURVEYOR_CACHE": str(tmp_path / "cache")},
        place=FolderPlace(catalog / "states"),
        resource_log=ResourceLog(tmp_path / "resource_log"),
        seed={"specifications": [{"slug": "thing", "attributes": schema}]},
    ) as opened:
        yield opened


@pytest.mark.parametrize(("program", "fault"), cells(*(each.name for each in FAULTS)))
def test_a_run_that_is_broken_off_is_told_and_the_next_one_goes_on(
    harness: Harness, program: str, fault: str
) -> None:
    del program
    schedule: Schedule = next(each for each in FAULTS if each.name == fault)
    broken = Broken(harness)
    broken.started.send_signals(schedule)
    if not schedule.machine:
        broken.started.kill_all()
    broken.follow_up(machine=schedule.machine)
    assert broken.status() != "success"
    broken.go_on()


@pytest.mark.parametrize(("program", "fault"), cells("its program"))
def test_a_program_that_is_killed_fails_its_action_and_the_next_run_goes_on(
    harness: Harness, program: str, fault: str
) -> None:
    del fault
    broken = Broken(harness)
    word = PROGRAMS[program][1].rpartition("/")[2]
    for each in find_marked(broken.started.mark):
        if any(argument.rpartition("/")[2] == word for argument in each.argv[:2]):
            os.kill(each.pid, signal.SIGKILL)
    broken.follow_up()
    assert broken.status() == "failed"
    broken.go_on()


@pytest.mark.parametrize(("program", "fault"), cells("its journal"))
def test_a_journal_that_is_gone_meanwhile_keeps_no_ending_from_the_platform(
    harness: Harness, program: str, fault: str
) -> None:
    del program, fault
    broken = Broken(harness)
    journal = harness.catalog / "states/journal"
    aside = journal.rename(harness.catalog / "aside")
    journal.write_text("no folder")
    broken.open()
    broken.started.wait_until(lambda: broken.parts() == ["first", "second"])
    broken.started.end()
    told = broken.status()
    journal.unlink()
    aside.rename(journal)
    broken.follow_up()
    assert told in FINISHED
    broken.go_on("update" if told == "success" else "create")
