"""The thing in two parts, made by a playbook on this machine."""

from __future__ import annotations

import importlib.util
import sys
from typing import TYPE_CHECKING

import pytest
from contract_fixtures import EngineCase

from purveyor.engines.ansible import AnsibleEngine
from purveyor.program import HOSTS, Playbook
from purveyor.step import Step
from real_programs import LEFT_OUT

if TYPE_CHECKING:
    from pathlib import Path

    from purveyor.action import Operation
    from purveyor.json_text import JsonObject
    from purveyor.step import Engine

HOST: JsonObject = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
RUN = """
- hosts: all
  gather_facts: false
  tasks:
    - name: first
      ansible.builtin.copy: {content: "{{ text }}", dest: "{{ place }}/first", mode: "0600"}
    - name: halfway
      ansible.builtin.copy: {content: "", dest: "{{ place }}/halfway", mode: "0600"}
      when: mode == 'slow'
    - name: second waits
      ansible.builtin.command: {argv: [sleep, "60"]}
      when: mode == 'slow'
    - name: second
      ansible.builtin.fail: {msg: "it is refused ({{ password }})"}
      when: mode == 'fail'
    - name: second
      ansible.builtin.copy: {content: "{{ text }}", dest: "{{ place }}/second", mode: "0600"}
    - name: hand on
      ansible.builtin.set_stats:
        data:
          purveyor_outputs:
            text: "{{ text }}"
            token: "c4nary-m4de-{{ password | reverse }}"
"""
UNDO = """
- hosts: all
  gather_facts: false
  tasks:
    - name: away
      ansible.builtin.file: {path: "{{ place }}/{{ item }}", state: absent}
      loop: [second, first]
"""


class AnsibleCase(EngineCase):
    def prepare(self) -> None:
        if importlib.util.find_spec("ansible") is None:
            pytest.skip(f"{LEFT_OUT}no ansible-core")
        (self.folder / "run.yml").write_text(RUN)
        (self.folder / "undo.yml").write_text(UNDO)

    def open(self) -> Engine:
        playbook = Playbook(
            self.folder / "run.yml",
            self.folder,
            undo=self.folder / "undo.yml",
            public=frozenset({"text"}),
        )
        return AnsibleEngine(playbook, self.redactor)

    def step(self, operation: Operation, variables: JsonObject, workspace: Path) -> Step:
        return Step(
            operation=operation,
            workspace=workspace,
            module=self.folder,
            variables={"variables": {HOSTS: {"here": HOST}, **variables}, "steps": {}},
            environment=self.environment,
            interruption=self.interruption,
        )

    def made(self) -> dict[str, str]:
        parts = (self.place / name for name in ("first", "second"))
        return {each.name: each.read_text() for each in parts if each.exists()}
