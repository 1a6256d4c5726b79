"""Brings a stack to what its project asks for: configured, locked, looked at before and after."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from purveyor import json_text, process
from purveyor.action import Operation
from purveyor.engines.error_patterns import CLOUDS, find_cause
from purveyor.engines.pulumi.configuration import build_configuration
from purveyor.engines.pulumi.events import STACK, StackEvents, child
from purveyor.engines.pulumi.session import StackSession
from purveyor.engines.pulumi.state_place import find_place
from purveyor.engines.stateless import StatelessEngine
from purveyor.errors import (
    CancelledError,
    CatalogError,
    CredentialsError,
    EngineError,
    PurveyorError,
    ReasonCode,
    RecoveryError,
)
from purveyor.plan import judge
from purveyor.state_key import OutputValue
from purveyor.step import StepResult

if TYPE_CHECKING:
    from purveyor.json_text import JsonObject, JsonValue
    from purveyor.plan import Change
    from purveyor.process import Completed
    from purveyor.program import PulumiProject
    from purveyor.redaction import Redactor
    from purveyor.step import Listen, Step

PULUMI = "pulumi"
_NOTHING = StepResult((), {}, engine=PULUMI)
_PASSPHRASE = "PULUMI_CONFIG_PASSPHRASE"  # noqa: S105 - a variable's name
_ALWAYS = {
    "PULUMI_SKIP_UPDATE_CHECK": "true",
    # The configuration is new in each run: what encrypts stands in the state.
    "PULUMI_FALLBACK_TO_STATE_SECRETS_MANAGER": "true",
    "PULUMI_ENABLE_STREAMING_JSON_PREVIEW": "true",
}
# How Pulumi marks a secret in a state: sdk/go/common/resource/sig/sig.go.
_MARK, _SECRET = "4dabf18193072939515e22adb298388d", "1b47061264138c4ac30d75fd1eb44270"
_DEPTH = 256
_LAST_LINES = 20


class PulumiEngine(StatelessEngine):
    """Carries out one Pulumi project, whose state is Pulumi's own business."""

    def __init__(
        self, project: PulumiProject, redactor: Redactor, *, passphrase: str | None
    ) -> None:
        self._project = project
        self._redactor = redactor
        self._passphrase = passphrase

    def run(self, step: Step, listen: Listen) -> StepResult:
        """Bring the stack up; for a delete, destroy and remove it.

        Raise RecoveryError for operations of which nobody knows whether they happened.
        """
        stack, deletes = self._open(step, listen), step.operation is Operation.DELETE
        before = None if stack.missing else self._read(stack)
        if deletes and before is None:
            return _NOTHING
        if before is None or _find_pending(before):
            self._begin(stack)  # it takes the lock, also of a stack that is there: nobody works
            _refuse_pending(stack, self._read(stack))
        if not deletes:
            self._configure(stack)
            if (step.guard.protect or step.guard.limits) and before is not None:
                judge(step.guard, self._foresee(stack, "preview").changes, _covers)
        changes = self._change(stack, "destroy" if deletes else "up")
        if deletes:
            self._call(stack, "stack", "rm", "--yes", "--remove-backups")
            return dataclasses.replace(_NOTHING, changes=changes)
        after = self._read(stack) or {}
        version = str(child(after, "manifest").get("version", "")).removeprefix("v")
        return StepResult(changes, self._read_outputs(after), (), PULUMI, version)

    def preview(self, step: Step, listen: Listen) -> StepResult:
        """Tell it by Pulumi's preview; without a stack, over an empty one that goes away again."""
        stack = self._open(step, listen)
        before = None if stack.missing else self._read(stack)
        if step.operation is Operation.DELETE:
            return self._foresee(stack, "destroy", "--preview-only") if before else _NOTHING
        if before is None:
            away = {"PULUMI_BACKEND_URL": f"file://{stack.folder}"}
            stack = dataclasses.replace(stack, environment={**stack.environment, **away})
            self._begin(stack)
        _refuse_pending(stack, before)
        self._configure(stack)
        return self._foresee(stack, "preview")

    def _open(self, step: Step, listen: Listen) -> StackSession:
        own = step.own_state
        assert own is not None  # noqa: S101 - a step with a project has one
        program = process.find(PULUMI, step.environment)
        if program is None:
            raise CatalogError(
                "The program pulumi is not on PATH.",
                hint="Install Pulumi's CLI on the runner.",
                reason=ReasonCode.ENGINE_NOT_FOUND,
            )
        folder = step.workspace.absolute() / "stack"
        folder.mkdir(mode=0o700)
        place = find_place(own.block, step.environment, folder)
        name, asked = self._project.stack or own.name, step.variables.get("variables")
        configuration = build_configuration(
            self._project.folder,
            name,
            {**self._project.config, **(asked if isinstance(asked, dict) else {})},
            is_secret=lambda text: self._redactor.redact(text) != text,
        )
        configuration.write(folder, name)
        return StackSession(
            step=step,
            project=self._project,
            name=name,
            folder=folder,
            program=program,
            environment={
                **step.environment,
                **place.environment,
                **self._lend_passphrase(),
                **_ALWAYS,
                "PULUMI_BACKEND_URL": place.url,
            },
            secrets=configuration.secrets,
            missing=place.missing,
            listen=listen,
        )

    def _lend_passphrase(self) -> dict[str, str]:
        if self._project.secrets_provider:
            return {}
        if self._passphrase is None:
            raise CredentialsError(
                f"{self._project.passphrase_from} is not set: with it Pulumi encrypts the secrets"
                " in its state.",
                hint="Set it in the CI, or let the step's `secrets_provider` name a cloud's key.",
            )
        return {_PASSPHRASE: self._passphrase}

    def _begin(self, stack: StackSession) -> None:
        """Make the stack unless it is there."""
        provider = self._project.secrets_provider
        words = ("--secrets-provider", provider) if provider else ()
        self._call(stack, "stack", "init", "--no-select", *words, fine="already exists")

    def _configure(self, stack: StackSession) -> None:
        for key, value in stack.secrets.items():
            self._call(stack, "config", "set", "--secret", "--raw", key, stdin=value)

    def _read(self, stack: StackSession) -> JsonObject | None:
        """Return the stack's state with secrets in clear; None when there is no such stack."""
        done = self._call(stack, "stack", "export", "--show-secrets", fine="no stack named")
        if done.code:
            return None
        found = json_text.parse(done.stdout, max_depth=_DEPTH)
        return child(found, "deployment") if isinstance(found, dict) else {}

    def _call(
        self, stack: StackSession, *command: str, stdin: str = "", fine: str = "\0"
    ) -> Completed:
        """Call Pulumi; raise for a failure whose words do not hold what is `fine`."""
        done = stack.call(*command, stdin=stdin)
        if done.code and fine not in done.stderr:
            raise self._explain(stack, StackEvents(stack.listen), done)
        return done

    def _foresee(self, stack: StackSession, *command: str) -> StepResult:
        events = StackEvents(stack.listen, previews=True)
        done, expired = stack.change(*command, on_line=events.read)
        if done.code:
            raise self._explain(stack, events, done, expired=expired)
        return dataclasses.replace(_NOTHING, changes=tuple(events.changed.values()))

    def _change(self, stack: StackSession, command: str) -> tuple[Change, ...]:
        events = StackEvents(stack.listen)
        done, expired = stack.change(command, "--yes", "--skip-preview", on_line=events.read)
        if done.code == 0:
            return tuple(events.changed.values())
        error = self._explain(stack, events, done, expired=expired)
        if not stack.step.interruption.requested:
            if done.code < 0:
                stack.call("cancel", "--yes")  # the lock of the program that was killed
            _refuse_pending(stack, self._read(stack), error.details)
        raise error

    def _read_outputs(self, deployment: JsonObject) -> dict[str, OutputValue]:
        resources, found = deployment.get("resources"), {}
        for each in resources if isinstance(resources, list) else ():
            if isinstance(each, dict) and each.get("type") == STACK:
                for name, value in child(each, "outputs").items():
                    secrets: list[JsonValue] = []
                    found[name] = OutputValue(_open_secrets(value, secrets), bool(secrets))
                    self._redactor.add_value(secrets)
        return found

    def _explain(
        self, stack: StackSession, events: StackEvents, done: Completed, *, expired: bool = False
    ) -> PurveyorError:
        failed = events.tell_failures() or done.stderr.strip().split("\n")[-_LAST_LINES:]
        over = [f"done before: {each.verb} {each.address}" for each in events.changed.values()]
        details = [self._redactor.redact(line) for line in (*failed, *over) if line]
        if stack.step.interruption.requested:
            return CancelledError(
                f"The run was cancelled: the stack {stack.name} was stopped.",
                details=details,
                hint="Start the action again: Pulumi goes on with what is not yet done.",
            )
        if expired:
            return EngineError(
                f"The stack {stack.name} was not done within {self._project.timeout:g} seconds and"
                " was stopped.",
                details=details,
                hint="Start the action again, or give the step a longer `timeout` in the catalog.",
            )
        said = "\n".join(failed)
        if (cause := find_cause(said, CLOUDS)) is not None:
            words, kind = cause.tell(said, what=f"the stack {stack.name}"), cause.error
            return kind(words, reason=cause.reason, details=details, hint=cause.hint)
        if "incorrect passphrase" in said:
            return CredentialsError(
                f"{self._project.passphrase_from} is not the passphrase of the stack {stack.name}.",
                hint="Let the CI set the one that the stack was made with.",
            )
        first = details[0].removeprefix("error: ") if details else f"exit code {done.code}"
        return EngineError(
            f"Pulumi failed: {first.rstrip('.')}.",
            details=details,
            hint="Read its lines in the run's log; the platform team owns the project.",
        )


def _find_pending(deployment: JsonObject | None) -> list[str]:
    pending = (deployment or {}).get("pending_operations")
    return [
        f"{each.get('type')} {child(each, 'resource').get('urn')}"
        for each in (pending if isinstance(pending, list) else ())
        if isinstance(each, dict)
    ]


def _refuse_pending(
    stack: StackSession, deployment: JsonObject | None, details: tuple[str, ...] = ()
) -> None:
    if pending := _find_pending(deployment):
        raise RecoveryError(
            f"A run was lost while it changed the stack {stack.name}: whether {len(pending)} of"
            " its operations happened is not known.",
            details=[*(f"interrupted while {each}" for each in pending), *details],
            hint=f"Look at what exists, then run {stack.tell_command('refresh')} in the project's"
            " folder: with --clear-pending-creates for what was not created, with"
            " --import-pending-creates URN ID for what was. Then start the action again.",
        )


def _open_secrets(value: JsonValue, secrets: list[JsonValue]) -> JsonValue:
    """Return an output as it is; what in it is a secret is added to `secrets`."""
    if isinstance(value, list):
        return [_open_secrets(each, secrets) for each in value]
    if not isinstance(value, dict):
        return value
    if value.get(_MARK) == _SECRET:
        secrets.append(found := json_text.parse(str(value.get("plaintext"))))
        return found
    return {name: _open_secrets(each, secrets) for name, each in value.items()}


def _covers(pattern: str, change: Change) -> bool:
    """Tell whether a pattern is the resource's type, or type and name with `::` between."""
    return pattern in {change.resource_type, change.address.rpartition("$")[2]}
