"""Measure a playbook as a step beside a bare `ansible-playbook`, on this machine.

The two take turns, and the line shows medians. What the engine does beside it: a private file of
variables, a callback plugin, and the reading of what that tells.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from purveyor.action import Operation
from purveyor.engines.ansible import AnsibleEngine
from purveyor.process import Command, Interruption, run
from purveyor.program import HOSTS, Playbook
from purveyor.redaction import Redactor
from purveyor.step import Step

if TYPE_CHECKING:
    from purveyor.json_text import JsonObject

_PLAYBOOK = """
- hosts: all
  gather_facts: false
  connection: local
  tasks:
    - ansible.builtin.copy: {content: "{{ greeting }}", dest: "{{ folder }}/greeting"}
    - ansible.builtin.command: {cmd: "true"}
    - ansible.builtin.set_stats: {data: {purveyor_outputs: {greeting: "{{ greeting }}"}}}
"""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "play.yml").write_text(_PLAYBOOK)
        ways = (_play_bare, _play_as_step)
        found: tuple[list[float], list[float]] = ([], [])
        for _ in range(rounds + 1):
            for times, play in zip(found, ways, strict=True):
                begun = time.perf_counter()
                play(folder)
                times.append(time.perf_counter() - begun)
    bare, step = (statistics.median(each[1:]) for each in found)  # the first fills caches
    print(f"as a step {step:.3f} s, bare {bare:.3f} s: {step - bare:+.3f} s")  # noqa: T201 - its job


def _environment(folder: Path) -> dict[str, str]:
    bin_folder = Path(sys.executable).parent
    more = {"ANSIBLE_PYTHON_INTERPRETER": sys.executable}
    return {"PATH": f"{bin_folder}:/usr/bin:/bin", "HOME": str(folder), "LANG": "C.UTF-8", **more}


def _play_bare(folder: Path) -> None:
    program = Path(sys.executable).with_name("ansible-playbook")
    values = f"folder={folder} greeting=hello"
    argv = (str(program), "-i", "one,", "-e", values, str(folder / "play.yml"))
    if (done := run(Command(argv, folder, _environment(folder)))).code:
        sys.exit(done.stdout + done.stderr)


def _play_as_step(folder: Path) -> None:
    with tempfile.TemporaryDirectory() as workspace:
        values: JsonObject = {"folder": str(folder), "greeting": "hello", HOSTS: "one"}
        step = Step(
            operation=Operation.UPDATE,
            workspace=Path(workspace),
            module=folder,
            variables={"variables": values},
            environment=_environment(folder),
            interruption=Interruption(),
        )
        AnsibleEngine(Playbook(folder / "play.yml", folder), Redactor()).run(step, lambda _: None)


if __name__ == "__main__":
    main()
