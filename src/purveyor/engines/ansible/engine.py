"""Runs a playbook: variables in a private file, progress by a callback plugin, one interrupt."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from purveyor import json_text, process
from purveyor.action import Operation
from purveyor.engines.ansible.events import PlaybookEvents
from purveyor.engines.error_patterns import CLOUD, CREDENTIALS, find_cause
from purveyor.engines.stateless import StatelessEngine, run_limited
from purveyor.errors import (
    CancelledError,
    CatalogError,
    EngineError,
    PurveyorError,
    ReasonCode,
)
from purveyor.program import HOSTS
from purveyor.state_key import OutputValue
from purveyor.step import StepResult

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from purveyor.json_text import JsonObject, JsonValue
    from purveyor.process import Completed
    from purveyor.program import Playbook
    from purveyor.redaction import Redactor
    from purveyor.step import Listen, Step

ANSIBLE = "ansible"
_PROGRAM = "ansible-playbook"
_PLUGINS = Path(__file__).with_name("callback")
_MOST_LINES = 20
# `ansible-playbook` ends with 4 for what it cannot read as for hosts that it cannot reach, and with
# 250 for a fault of its own (ansible-core 2.19, `lib/ansible/executor/task_queue_manager.py`).
_USAGE = 5


class AnsibleEngine(StatelessEngine):
    """Runs one playbook; it keeps no state of ours."""

    def __init__(self, playbook: Playbook, redactor: Redactor) -> None:
        self._playbook = playbook
        self._redactor = redactor

    def run(self, step: Step, listen: Listen) -> StepResult:
        """Run the playbook; its outputs are secrets but for those that the catalog makes public.

        Raise CancelledError when it was stopped with the run, CatalogError when it cannot be
        started, EngineError when a host failed or could not be reached, or time ran out.
        """
        events = PlaybookEvents(listen)
        outputs = self._play(step, events)
        return StepResult(events.changes(), outputs, engine=ANSIBLE)

    def preview(self, step: Step, listen: Listen) -> StepResult:
        """Play it in check mode; a task may fail there only since an earlier one did nothing."""
        events, outputs, unknown = PlaybookEvents(listen), {}, ""
        try:
            outputs = self._play(step, events, "--check", "--diff")
        except EngineError:
            if not events.failures or any(each.unreachable for each in events.failures):
                raise
            unknown = self._redactor.redact(f"the check fails: {events.failures[0]}")
        if not unknown and events.unchecked:
            unknown = f"Ansible cannot check {', '.join(events.unchecked)}"
        changes = events.changes()
        known = not (changes or unknown)
        return StepResult(changes, outputs if known else {}, engine=ANSIBLE, unknown=unknown)

    def _play(self, step: Step, events: PlaybookEvents, *options: str) -> dict[str, OutputValue]:
        """Play what the step asks for; return its outputs, which the redactor learns."""
        wanted = self._playbook.undo if step.operation is Operation.DELETE else self._playbook.run
        if wanted is None:
            return {}
        if step.interruption.requested:
            raise CancelledError(
                f"The run was cancelled: {wanted.name} was not started.",
                hint="Start the action again when it is wanted.",
            )
        done, expired = run_limited(
            self._write_command(wanted, step, options),
            step.interruption,
            self._playbook.timeout,
            on_line=events.read,
        )
        outputs = {
            name: OutputValue(value, sensitive=name not in self._playbook.public)
            for name, value in events.outputs.items()
        }
        for each in outputs.values():
            if each.sensitive:
                self._redactor.add_value(each.value)
        if done.code or events.fault:
            raise self._explain(wanted, step, events, done, expired=expired)
        return outputs

    def _write_command(self, wanted: Path, step: Step, options: Sequence[str]) -> process.Command:
        variables = _build_variables(step.variables)
        hosts = variables.pop(HOSTS, None)
        files = [("variables.json", variables)]
        inventory = str(self._playbook.inventory or "")
        if hosts is not None:
            files.append(("inventory.json", _build_inventory(hosts)))
            inventory = str(step.workspace.absolute() / "inventory.json")
        for name, value in files:
            path = step.workspace / name
            path.touch(mode=0o600)
            path.write_text(json_text.write(value), encoding="utf-8")
        given = step.workspace.absolute() / "variables.json"
        return process.Command(
            argv=(
                str(_find_program(step.environment)),
                *options,
                *(("--inventory", inventory) if inventory else ()),
                *("--extra-vars", f"@{given}", str(wanted)),
            ),
            cwd=self._playbook.cwd,
            environment=_build_environment(step),
        )

    def _explain(
        self, wanted: Path, step: Step, events: PlaybookEvents, done: Completed, *, expired: bool
    ) -> PurveyorError:
        over = [f"changed before: {host}" for host in events.changed]
        cancelled = step.interruption.requested and not events.failures
        said = [str(each) for each in events.failures]
        if not said and not cancelled:
            said = _last_lines(done)
        lines = [self._redactor.redact(line) for line in (*said, *over)]
        details = tuple(lines[:_MOST_LINES])
        where = f" at task `{events.task}`" if events.task else ""
        if cancelled:
            return CancelledError(
                f"The run was cancelled: {wanted.name} was stopped{where}.",
                details=details,
                hint="Start the action again: the playbook goes on with what is not yet done.",
            )
        if expired:
            seconds = f"{self._playbook.timeout:g} seconds"
            return EngineError(
                f"{wanted.name} did not end within {seconds} and was stopped{where}.",
                details=details,
                hint="Start the action again, or give the step a longer `timeout` in the catalog.",
            )
        if done.code == _USAGE:
            return CatalogError(
                f"Ansible does not take {wanted.name} as it is.",
                details=details,
                hint="Correct what the details name.",
            )
        return self._blame(wanted, events, done.code, details)

    def _blame(
        self, wanted: Path, events: PlaybookEvents, code: int, details: tuple[str, ...]
    ) -> PurveyorError:
        if events.failures and all(each.unreachable for each in events.failures):
            hosts = ", ".join(dict.fromkeys(each.host for each in events.failures))
            return EngineError(
                f"{wanted.name} could not reach {hosts}.",
                reason=ReasonCode.PROVIDER_UNAVAILABLE,
                details=details,
                hint="See whether the machine is up and takes the login; then start the action"
                " again.",
            )
        said = "\n".join(map(str, events.failures))
        if (cause := find_cause(said, (*CREDENTIALS, *CLOUD))) is not None:
            return cause.error(
                cause.tell(said, what=wanted.name),
                reason=cause.reason,
                details=details,
                hint=cause.hint,
            )
        what = events.fault or (
            self._redactor.redact(f"failed: {events.failures[0]}")
            if events.failures
            else f"ended with exit code {code}"
        )
        return EngineError(
            f"{wanted.name} {what}.",
            details=details,
            hint="Read the task's lines in the run's log; the platform team owns the playbook.",
        )


def _build_variables(document: Mapping[str, JsonValue]) -> JsonObject:
    """Return the step's variables; beside them `steps`, and as `purveyor` what the action is."""
    own = document.get("variables")
    rest = {name: value for name, value in document.items() if name not in {"variables", "steps"}}
    found: JsonObject = {"purveyor": rest, "steps": document.get("steps", {})}
    return {**found, **(own if isinstance(own, dict) else {})}


def _find_program(environment: Mapping[str, str]) -> Path:
    beside = Path(sys.executable).with_name(_PROGRAM)  # where `purveyor[ansible]` brings it
    found = process.find(_PROGRAM, environment) or (beside if beside.is_file() else None)
    if found is None:
        raise CatalogError(
            f"The program {_PROGRAM} is not on PATH.",
            hint="Install ansible-core on the runner, or `purveyor[ansible]`.",
            reason=ReasonCode.ENGINE_NOT_FOUND,
        )
    return found


def _build_environment(step: Step) -> dict[str, str]:
    given = dict(step.environment)
    plugins = [str(_PLUGINS), *filter(None, [given.get("ANSIBLE_CALLBACK_PLUGINS")])]
    return {
        **given,
        "ANSIBLE_CALLBACK_PLUGINS": ":".join(plugins),
        "ANSIBLE_STDOUT_CALLBACK": "purveyor_events",
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_RETRY_FILES_ENABLED": "0",
        # What it keeps on disk meanwhile may hold values: in the step's private folder.
        "ANSIBLE_LOCAL_TEMP": str(step.workspace.absolute() / "temporary"),
    }


def _build_inventory(hosts: JsonValue) -> JsonObject:
    """Return an inventory of hosts: names, a comma list, or a mapping of names to variables."""
    if not isinstance(hosts, dict):
        names = hosts if isinstance(hosts, list) else str(hosts).split(",")
        hosts = {str(name).strip(): {} for name in names if str(name).strip()}
    return {"all": {"hosts": hosts}}


def _last_lines(done: Completed) -> list[str]:
    return [line.strip() for line in done.stderr.split("\n") if line.strip()][-_MOST_LINES:]
