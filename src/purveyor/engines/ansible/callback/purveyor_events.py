"""Ansible's callback plugin that tells what a playbook does, one JSON object a line.

It runs inside `ansible-playbook`, so it imports nothing of Purveyor's.
"""

from __future__ import annotations

import json  # noqa: TID251 - Purveyor's own reader is not there
import sys
from typing import Any

from ansible.context import CLIARGS
from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: purveyor_events
type: stdout
short_description: tells what a playbook does, one JSON object a line
description:
  - Plays, tasks, what each host made of them, and what set_stats kept.
  - What no_log hides stays hidden.
"""
_HIDDEN = "the task hides its result (no_log)"


class CallbackModule(CallbackBase):  # type: ignore[misc]  # it has no types
    """Called by Ansible for each event."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "purveyor_events"

    def v2_playbook_on_play_start(self, play: Any) -> None:
        _tell("play", name=play.get_name())

    def v2_playbook_on_task_start(self, task: Any, is_conditional: bool) -> None:  # noqa: ARG002, FBT001 - Ansible's
        _tell("task", name=task.get_name())

    def v2_playbook_on_handler_task_start(self, task: Any) -> None:
        _tell("task", name=task.get_name())

    def v2_runner_on_ok(self, result: Any) -> None:
        _tell_result("changed" if result.result.get("changed") else "ok", result)

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:  # noqa: FBT001, FBT002 - Ansible's
        _tell_result("ignored" if ignore_errors else "failed", result)

    def v2_runner_on_unreachable(self, result: Any) -> None:
        _tell_result("unreachable", result)

    def v2_runner_item_on_failed(self, result: Any) -> None:
        _tell_result("item_failed", result)

    def v2_runner_on_skipped(self, result: Any) -> None:
        if "results" not in result.result:
            self.v2_runner_item_on_skipped(result)

    def v2_runner_item_on_skipped(self, result: Any) -> None:
        # What a check cannot do has no reason for being passed over (measured); no_log hides it.
        if CLIARGS["check"] and "skip_reason" not in result.result:
            _tell_result("unchecked", result)

    def v2_on_file_diff(self, result: Any) -> None:
        if shown := result.result.get("diff"):
            host, task = result.host.get_name(), result.task.get_name()
            _tell("diff", host=host, task=task, message=self._get_diff(shown).strip())

    def v2_playbook_on_stats(self, stats: Any) -> None:
        hosts = {host: stats.summarize(host) for host in sorted(stats.processed)}
        _tell("stats", hosts=hosts, kept=stats.custom.get("_run", {}))


def _tell_result(event: str, result: Any) -> None:
    outcome = result.result
    message = outcome.get("msg") or ""
    if result.task.no_log or "censored" in outcome:
        message, errors = _HIDDEN, ""
    else:
        errors = outcome.get("stderr") or outcome.get("module_stderr") or ""
    _tell(
        event,
        host=result.host.get_name(),
        task=result.task.get_name(),
        message=str(message),
        errors=str(errors)[-2000:],
    )


def _tell(event: str, **what: Any) -> None:
    sys.stdout.write(json.dumps({"event": event, **what}, default=str) + "\n")
    sys.stdout.flush()
