"""A custom action's program: one document on its standard input, one object back in a file."""

from __future__ import annotations

import errno
import os
import re
import shlex
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from purveyor import json_text, process
from purveyor.errors import CancelledError, CatalogError, EngineError, ReasonCode
from purveyor.step import Noticed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from purveyor.action import ActionContext, Entity, Specification
    from purveyor.catalog.recipe import ActionProgram
    from purveyor.json_text import JsonObject, JsonValue
    from purveyor.process import Completed, Interruption
    from purveyor.redaction import Redactor
    from purveyor.step import Listen

RESULT_VARIABLE = "PURVEYOR_RESULT"
RESULT_LIMIT = 1024 * 1024

# From the SIGINT at the end of the program's time until it is killed, in seconds.
GRACE = 10.0

_COLOUR = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")
_NOT_STARTED = 127
_LAST_LINES = 20
_LINE = 500
_NAME = 100


def build_document(
    context: ActionContext,
    *,
    outputs: Mapping[str, JsonValue],
    service_outputs: Mapping[str, JsonValue] | None = None,
    state_key: str = "",
) -> JsonObject:
    """Return what the program is told.

    `outputs` are those of the entity's own state, sensitive ones included: credentials are what
    custom actions are for. `service_outputs` are those of a link's service; for a service they
    are the same as `outputs`.
    """
    return {
        "version": 1,
        "action": {
            "id": context.id,
            "slug": context.slug,
            "name": context.name,
            "operation": context.operation.value,
            "specification": _tell_specification(context.specification),
        },
        "service": _tell_entity(context.service),
        "link": _tell_entity(context.link) if context.link else None,
        "dimensions": dict(context.dimensions),
        "tags": dict(context.tags),
        "parameters": dict(context.parameters),
        "outputs": dict(outputs),
        "service_outputs": dict(outputs if service_outputs is None else service_outputs),
        "state_key": state_key or None,
        "requested_by": context.requested_by,
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramEnvironment:
    """What a program runs in: a fresh private directory, an environment, and who listens.

    `listen` gets each line of its standard output; `learn` gets its result before anything of its
    standard error is shown.
    """

    workspace: Path
    environment: Mapping[str, str]
    interruption: Interruption
    listen: Listen
    redactor: Redactor
    learn: Callable[[JsonValue], None]


def run_program(
    program: ActionProgram, document: JsonObject, around: ProgramEnvironment
) -> JsonObject:
    """Run the program in its folder and return the object it wrote to PURVEYOR_RESULT.

    A program that ends well with a result has done its work, even if it was asked to stop
    meanwhile. Nothing of the document is in argv or the environment. Raise CatalogError when it
    cannot be started, CancelledError when it was stopped with the run, EngineError ACTION_FAILED
    when it fails, takes longer than its `timeout` (seconds) or gives no JSON object of up to 1 MiB.
    """
    if around.interruption.requested:
        raise _cancelled(program, "was not started", ())
    result = around.workspace.absolute() / "result.json"
    result.touch(mode=0o600, exist_ok=False)
    command = process.Command(
        argv=(str(_locate(program, around.environment)), *program.run[1:]),
        cwd=program.cwd,
        environment={**around.environment, RESULT_VARIABLE: str(result)},
        stdin=json_text.write(document),
    )
    done, expired = _attend(program, command, around.interruption, around.listen)
    given = _read_result(result)
    # A credential may have been made before a fault: it must not show in the last lines.
    if isinstance(given, dict):
        around.learn(given)
        if done.code == 0:
            return given
    problem = given if isinstance(given, str) else ""
    last = _last_lines(done.stderr, around.redactor)
    if around.interruption.requested:
        raise _cancelled(program, "was stopped", last)
    raise _failed(program, _tell_failure(program, done.code, problem, expired=expired), last)


def _attend(
    program: ActionProgram,
    command: process.Command,
    interruption: Interruption,
    listen: Listen,
) -> tuple[Completed, bool]:
    expired = threading.Event()

    def expire() -> None:
        expired.set()
        interruption.pass_on()

    timer = threading.Timer(program.timeout, expire)
    timer.daemon = True
    timer.start()
    try:
        done = process.run(
            command,
            on_line=lambda line: listen(Noticed("info", line)),
            interruption=interruption,
            timeout=program.timeout + GRACE,
        )
    except OSError as error:
        if error.errno != errno.ENOEXEC:
            raise
        raise _unusable(program, "is neither a program nor a script with a #! line") from None
    finally:
        timer.cancel()
    if done.code == _NOT_STARTED and done.stderr in _refusals(command.argv[0]):
        raise _unusable(program, "cannot be started: what its #! line names is not there")
    return done, expired.is_set()


def _refusals(program: str) -> set[str]:
    codes = (errno.ENOENT, errno.ENOTDIR, errno.EACCES)
    return {f"{program}: {os.strerror(code)}" for code in codes}


def _locate(program: ActionProgram, environment: Mapping[str, str]) -> Path:
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


def _read_result(path: Path) -> JsonObject | str:
    """Return the object, or what is wrong with the file; never its content."""
    if not path.is_file():
        return "it removed the file that PURVEYOR_RESULT names"
    with path.open("rb") as file:
        data = file.read(RESULT_LIMIT + 1)
    if len(data) > RESULT_LIMIT:
        return "its result is longer than 1 MiB"
    if not data.strip():
        return "it wrote no result to the file that PURVEYOR_RESULT names"
    try:
        value = json_text.parse(data.decode())
    except UnicodeDecodeError:
        return "its result is not UTF-8"
    except json_text.JsonTextError as error:
        return f"its result is not JSON (line {error.line}, column {error.column})"
    return value if isinstance(value, dict) else "its result is JSON but not an object"


def _tell_failure(program: ActionProgram, code: int, problem: str, *, expired: bool) -> str:
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


def _failed(program: ActionProgram, what: str, details: tuple[str, ...]) -> EngineError:
    return EngineError(
        f"The action's program `{_name(program)}` {what}.",
        reason=ReasonCode.ACTION_FAILED,
        details=details,
        hint="Read the program's last lines in the run's log; the platform team owns the program.",
    )


def _cancelled(program: ActionProgram, what: str, details: tuple[str, ...]) -> CancelledError:
    return CancelledError(
        f"The run was cancelled: the action's program `{_name(program)}` {what}.",
        details=details,
        hint="Check whether it had an effect already, then start the action again.",
    )


def _unusable(program: ActionProgram, what: str, *, hint: str = "") -> CatalogError:
    return CatalogError(
        f"The action's program `{_name(program)}` {what}.",
        hint=hint or "Correct the action's `run` in the catalog, or add the program.",
    )


def _name(program: ActionProgram, *, words: int | None = None) -> str:
    shown = [word.removeprefix(f"{program.cwd}/") for word in program.run[:words]]
    return shlex.join(shown)[:_NAME]


def _tell_specification(specification: Specification) -> JsonObject:
    return {"id": specification.id, "slug": specification.slug}


def _tell_entity(entity: Entity) -> JsonObject:
    return {
        "id": entity.id,
        "slug": entity.slug,
        "specification": _tell_specification(entity.specification),
        "attributes": dict(entity.attributes),
        "dimensions": dict(entity.dimensions),
    }
