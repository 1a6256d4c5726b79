"""Runs a program of the platform team's: a document on its standard input, an object back."""

from __future__ import annotations

import dataclasses
import errno
import os
import re
import shlex
from typing import TYPE_CHECKING

from purveyor import json_text, process
from purveyor.action import Operation
from purveyor.engines.stateless import StatelessEngine, run_limited
from purveyor.errors import (
    CancelledError,
    CatalogError,
    EngineError,
    PurveyorError,
    ReasonCode,
)
from purveyor.plan import Change, Verb
from purveyor.state_key import OutputValue
from purveyor.step import COMMAND, Noticed, StepResult

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from purveyor.json_text import JsonObject, JsonValue
    from purveyor.process import Completed, Interruption
    from purveyor.program import CommandLine
    from purveyor.redaction import Redactor
    from purveyor.step import Listen, Step, StepEvent

RESULT_VARIABLE = "PURVEYOR_RESULT"
RESULT_LIMIT = 1024 * 1024
CHANGES = "changes"
"""The name in a result under which a step's program may tell what it changes."""
MESSAGE = "message"
"""The name in a result under which a program that fails may tell the developer why."""
PROGRESS = "progress: "
"""How a line begins that the developer reads, too."""

_COLOUR = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")
_VERBS = frozenset({Verb.CREATE, Verb.UPDATE, Verb.REPLACE, Verb.DELETE})
_NOT_STARTED = 127
_LAST_LINES = 20
_LINE = 500
_NAME = 100


class CommandEngine(StatelessEngine):
    """Runs one program; it keeps no state of ours."""

    def __init__(self, command: CommandLine, redactor: Redactor) -> None:
        self._command = command
        self._redactor = redactor

    def run(self, step: Step, listen: Listen) -> StepResult:
        """Run the program; its results are secrets but for those that the catalog makes public."""
        command = self._command
        if step.operation is Operation.DELETE:
            command = dataclasses.replace(command, run=command.undo)
        return self._sort(run_program(command, step, listen, self._redactor), step)

    def preview(self, step: Step, listen: Listen) -> StepResult:
        """Run the entry's `plan`, which gives a list of changes, or tells them in plain lines."""
        if not self._command.plan:
            return super().preview(step, listen)
        said: list[str] = []

        def hear(event: StepEvent) -> None:
            listen(event)
            said.extend([event.text] if isinstance(event, Noticed) else [])

        command = dataclasses.replace(self._command, run=self._command.plan)
        given = run_program(command, step, hear, self._redactor)
        found = self._sort(given, step)
        if _read_changes(given, step) is not None:
            return found
        why = "its `plan` tells it in words" if said else f"its `plan` gave no list of `{CHANGES}`"
        return dataclasses.replace(found, notes=tuple(said), unknown=why)

    def _sort(self, given: JsonObject, step: Step) -> StepResult:
        changes = _read_changes(given, step)
        outputs = {
            name: OutputValue(value, sensitive=name in _choose_secrets(self._command, given))
            for name, value in given.items()
            if name != CHANGES or changes is None
        }
        return StepResult(changes or (), outputs, engine=COMMAND)


def _read_changes(given: JsonObject, step: Step) -> tuple[Change, ...] | None:
    """Return what a step's program says it changes; None where it does not say."""
    told = given.get(CHANGES)
    if not isinstance(told, list) or step.operation.by_program:
        return None
    read = [each for each in told if isinstance(each, dict) and each.get("verb") in _VERBS]
    changes = [
        Change(str(each.get("address")), str(each.get("type", COMMAND)), Verb(str(each["verb"])))
        for each in read
    ]
    return tuple(changes) if len(read) == len(told) else None


def run_program(program: CommandLine, step: Step, listen: Listen, redactor: Redactor) -> JsonObject:
    """Run the program in its folder and return the object it wrote to PURVEYOR_RESULT.

    A program that ends well with a result has done its work, even if it was asked to stop
    meanwhile. Nothing of the document, the step's variables, is in argv or the environment. Raise
    CatalogError when it cannot be started, CancelledError when it was stopped with the run; when
    it fails, takes longer than its `timeout` (seconds) or gives no JSON object of up to 1 MiB,
    EngineError ACTION_FAILED, or what a cloud's words in its last lines mean.
    """
    if step.interruption.requested:
        raise _cancelled(program, "was not started", ())
    result = step.workspace.absolute() / "result.json"
    result.touch(mode=0o600, exist_ok=False)
    command = process.Command(
        argv=(str(_locate(program, step.environment)), *program.run[1:]),
        cwd=program.cwd,
        environment={**step.environment, RESULT_VARIABLE: str(result)},
        stdin=json_text.write(dict(step.variables)),
    )
    done, expired = _attend(program, command, step.interruption, listen)
    given = _read_result(result, needed=program.needs_result)
    message = given.pop(MESSAGE, "") if done.code and isinstance(given, dict) else ""
    # A credential may have been made before a fault: it must not show in the last lines.
    if isinstance(given, dict):
        shown = {CHANGES} if _read_changes(given, step) is not None else set()
        secrets = _choose_secrets(program, given) - shown
        redactor.add(*_find_words({name: given[name] for name in secrets}, step.variables))
        if done.code == 0:
            return given
    problem = given if isinstance(given, str) else ""
    told = message if isinstance(message, str) else ""
    last = _last_lines(done.stderr or told, redactor)
    if step.interruption.requested:
        error: PurveyorError = _cancelled(program, "was stopped", last)
    else:
        error = _failed(program, _tell_failure(program, done.code, problem, expired=expired), last)
        if done.code > 0 and not expired:
            error = _explain(program, error) or error
    error.told = told or error.told
    raise error


def _choose_secrets(program: CommandLine, given: JsonObject) -> set[str]:
    return {*given} - program.public if program.secrets is None else {*given} & program.secrets


def _find_words(secret: JsonObject, document: Mapping[str, JsonValue]) -> set[str]:
    # A name that everybody can see, such as a user's, is no secret: masking it would tear apart
    # every line that holds the entity's slug.
    shown = [document.get(name) for name in ("service", "link")]
    seen = [[each["slug"], each["attributes"]] for each in shown if isinstance(each, dict)]
    return _words(secret) - _words([*seen])


def _words(value: JsonValue) -> set[str]:
    if isinstance(value, dict):
        return {word for item in value.values() for word in _words(item)}
    if isinstance(value, list):
        return {word for item in value for word in _words(item)}
    return set() if value is None or isinstance(value, bool) else {str(value)}


def _attend(
    program: CommandLine,
    command: process.Command,
    interruption: Interruption,
    listen: Listen,
) -> tuple[Completed, bool]:
    try:
        done, expired = run_limited(
            command,
            interruption,
            program.timeout,
            on_line=lambda line: listen(_hear(line)),
        )
    except OSError as error:
        if error.errno != errno.ENOEXEC:
            raise
        raise _unusable(program, "is neither a program nor a script with a #! line") from None
    if done.code == _NOT_STARTED and done.stderr in _refusals(command.argv[0]):
        raise _unusable(program, "cannot be started: what its #! line names is not there")
    return done, expired


def _hear(line: str) -> Noticed:
    said = line.removeprefix(PROGRESS)
    return Noticed("info" if said == line else "progress", said)


def _refusals(program: str) -> set[str]:
    codes = (errno.ENOENT, errno.ENOTDIR, errno.EACCES)
    return {f"{program}: {os.strerror(code)}" for code in codes}


def _locate(program: CommandLine, environment: Mapping[str, str]) -> Path:
    name = program.run[0]
    if not program.cwd.is_dir():
        raise _unusable(program, f"has no folder to start in ({program.cwd})")
    beside = program.cwd.absolute() / name
    if "/" not in name and not beside.is_file():
        found = process.find(name, environment)
        if found is None:
            raise _unusable(program, "is neither in its folder nor on PATH")
        return found
    if not beside.is_file():
        raise _unusable(program, f"does not exist ({beside})")
    if not os.access(beside, os.X_OK):
        raise _unusable(
            program,
            f"may not be executed ({beside})",
            hint=f"Run `git update-index --chmod=+x {_name(program, words=1)}` and commit, or name"
            " its interpreter first in `run`.",
        )
    return beside


def _read_result(path: Path, *, needed: bool) -> JsonObject | str:
    """Return the object, or what is wrong with the file; never its content."""
    if not path.is_file():
        return "it removed the file that PURVEYOR_RESULT names"
    with path.open("rb") as file:
        data = file.read(RESULT_LIMIT + 1)
    if len(data) > RESULT_LIMIT:
        return "its result is longer than 1 MiB"
    if not data.strip():
        nothing = "it wrote no result to the file that PURVEYOR_RESULT names"
        return nothing if needed else {}
    try:
        value = json_text.parse(data.decode())
    except UnicodeDecodeError:
        return "its result is not UTF-8"
    except json_text.JsonTextError as error:
        return f"its result is not JSON (line {error.line}, column {error.column})"
    return value if isinstance(value, dict) else "its result is JSON but not an object"


def _tell_failure(program: CommandLine, code: int, problem: str, *, expired: bool) -> str:
    if expired:
        return f"did not end within {program.timeout:g} seconds and was stopped"
    if code < 0:
        return f"was killed by signal {-code}"
    if code:
        return f"ended with exit code {code}"
    return f"ended well, but {problem}"


def _last_lines(stderr: str, redactor: Redactor) -> tuple[str, ...]:
    clean = redactor.redact(_COLOUR.sub("", stderr))
    lines = [line.rstrip() for line in clean.split("\n") if line.strip()]
    return tuple(line[:_LINE] for line in lines[-_LAST_LINES:])


def _explain(program: CommandLine, error: EngineError) -> PurveyorError | None:
    """Return what a cloud's words in the last lines mean; its last words are the likeliest."""
    from purveyor.engines.error_patterns import CLOUDS, find_cause

    for line in reversed(error.details):
        if cause := find_cause(line, CLOUDS):
            message = cause.tell(line, what=f"a part of `{_name(program)}`")
            details = (error.message, *error.details)
            return cause.error(message, reason=cause.reason, details=details, hint=cause.hint)
    return None


def _failed(program: CommandLine, what: str, details: tuple[str, ...]) -> EngineError:
    return EngineError(
        f"The action's program `{_name(program)}` {what}.",
        reason=ReasonCode.ACTION_FAILED,
        details=details,
        hint="Read the program's last lines in the run's log; the platform team owns the program.",
    )


def _cancelled(program: CommandLine, what: str, details: tuple[str, ...]) -> CancelledError:
    return CancelledError(
        f"The run was cancelled: the action's program `{_name(program)}` {what}.",
        details=details,
        hint="Check whether it had an effect already, then start the action again.",
    )


def _unusable(program: CommandLine, what: str, *, hint: str = "") -> CatalogError:
    return CatalogError(
        f"The action's program `{_name(program)}` {what}.",
        hint=hint or "Correct the action's `run` in the catalog, or add the program.",
    )


def _name(program: CommandLine, *, words: int | None = None) -> str:
    shown = [word.removeprefix(f"{program.cwd}/") for word in program.run[:words]]
    return shlex.join(shown)[:_NAME]
