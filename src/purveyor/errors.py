"""Every failure a user can meet: its exit code, its reason code and the next step."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar, Self

if TYPE_CHECKING:
    from collections.abc import Sequence


class ReasonCode(StrEnum):
    """Why an action ended as it did; stable names that platforms and dashboards may rely on.

    `meaning` is one sentence for the reference page.
    """

    meaning: str

    def __new__(cls, value: str, meaning: str) -> Self:
        code = str.__new__(cls, value)
        code._value_ = value
        code.meaning = meaning
        return code

    DONE = "DONE", "The action did what was asked."
    NOTHING_TO_DO = "NOTHING_TO_DO", "All was already as asked, or the action had already ended."
    NOT_APPROVED = (
        "NOT_APPROVED",
        "The action was denied or withdrawn, or waits for an approval: nothing was done.",
    )
    APPROVAL_AWAITED = (
        "APPROVAL_AWAITED",
        "A step waits until a person allows it; what comes before it is done.",
    )
    APPROVAL_REJECTED = (
        "APPROVAL_REJECTED",
        "A step was not allowed, or its action was taken back while it waited.",
    )
    APPROVAL_EXPIRED = "APPROVAL_EXPIRED", "Nobody allowed a step in time."
    RUNNING_ELSEWHERE = "RUNNING_ELSEWHERE", "Another run carries the action out at this moment."
    CONTEXT_INVALID = (
        "CONTEXT_INVALID",
        "The CONTEXT is missing, is not JSON, or lacks a field that is needed.",
    )
    CONTEXT_UNSUPPORTED = (
        "CONTEXT_UNSUPPORTED",
        "The notification is of a kind that Purveyor does not serve, such as a scope's.",
    )
    CATALOG_INVALID = (
        "CATALOG_INVALID",
        "The catalog file has faults; `purveyor validate` lists them all.",
    )
    LIBRARY_MISSING = (
        "LIBRARY_MISSING",
        "A library that the catalog's backend or login needs is not installed.",
    )
    MODULE_NOT_FOUND = "MODULE_NOT_FOUND", "No module belongs to the specification's slug."
    MODULE_INVALID = (
        "MODULE_INVALID",
        "The module's files cannot be read or contradict what Purveyor adds to them.",
    )
    ACTION_UNKNOWN = "ACTION_UNKNOWN", "No program belongs to the custom action's slug."
    PARAMETER_INVALID = "PARAMETER_INVALID", "What was asked does not fit the module's variables."
    NOT_CREATED = "NOT_CREATED", "What was to be updated was never created, or is deleted by now."
    GUARD_DENIED = (
        "GUARD_DENIED",
        "The plan would delete or replace something that the catalog protects.",
    )
    LINKS_REMAIN = (
        "LINKS_REMAIN",
        "The service still has links: they are deleted first, then the service.",
    )
    STATE_LOCKED = "STATE_LOCKED", "Another run holds the state's lock and did not let go in time."
    STATE_MISSING = (
        "STATE_MISSING",
        "An update or delete found no state, so what exists is unknown.",
    )
    STATE_AMBIGUOUS = "STATE_AMBIGUOUS", "Two states lie under one entity's id."
    STATE_FOREIGN = "STATE_FOREIGN", "The state belongs to another entity."
    STATE_UNREADABLE = "STATE_UNREADABLE", "The state exists but cannot be read."
    RETAINED = "RETAINED", "What the module lets go of without destroying it may still exist."
    STATE_NOT_EMPTY = "STATE_NOT_EMPTY", "After the destroy something is left in the state."
    ENGINE_NOT_FOUND = "ENGINE_NOT_FOUND", "No engine fits the catalog's version constraint."
    ENGINE_FAILED = "ENGINE_FAILED", "The engine ended with an error that no other code describes."
    ACTION_FAILED = "ACTION_FAILED", "A custom action's program failed or gave no usable result."
    QUOTA_EXCEEDED = "QUOTA_EXCEEDED", "The cloud account has reached a limit."
    NAME_TAKEN = "NAME_TAKEN", "Something with that name exists already outside this state."
    PROVIDER_UNAVAILABLE = (
        "PROVIDER_UNAVAILABLE",
        "The cloud's API or a provider registry did not answer properly.",
    )
    PERMISSION_DENIED = "PERMISSION_DENIED", "The credentials may not do what the module needs."
    CREDENTIALS_INVALID = "CREDENTIALS_INVALID", "Credentials are missing or wrong."
    CREDENTIALS_EXPIRED = "CREDENTIALS_EXPIRED", "Credentials ended before the work did."
    PLATFORM_UNREACHABLE = (
        "PLATFORM_UNREACHABLE",
        "The work is done but the platform has not heard it.",
    )
    PLATFORM_REFUSED = "PLATFORM_REFUSED", "The platform refused what it was asked or told."
    STATUS_UNKNOWN = (
        "STATUS_UNKNOWN",
        "The platform shows the action in a status that Purveyor does not know: nothing was done.",
    )
    CANCELLED = "CANCELLED", "The run was asked to stop."
    TIMED_OUT = "TIMED_OUT", "The run reached its time limit and was stopped in order."
    RUNNER_LOST = (
        "RUNNER_LOST",
        "The machine or process that carried the action out is gone, in the middle of it.",
    )
    RUN_NOT_STARTED = (
        "RUN_NOT_STARTED",
        "No run began the action, whose pipeline ended before or never started: nothing changed.",
    )
    NEEDS_RECOVERY = (
        "NEEDS_RECOVERY",
        "A state could not be saved; a person has to look before the next run.",
    )
    INTERNAL = "INTERNAL", "A fault of Purveyor's own; the log has a traceback."


class PurveyorError(Exception):
    """An expected failure.

    `message` is one sentence for whoever reads the run's log: it never holds a secret value. `hint`
    is the next step. `details` are further lines, one fault each. `reason` narrows the class's own
    reason code where one class covers several. `told` is what the developer on the platform reads
    instead; without it, what his page says for the reason.
    """

    exit_code: ClassVar[int] = 20
    default_reason: ClassVar[ReasonCode] = ReasonCode.INTERNAL

    def __init__(
        self,
        message: str,
        *,
        hint: str,
        details: Sequence[str] = (),
        reason: ReasonCode | None = None,
        told: str = "",
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.details = tuple(details)
        self.reason = reason or self.default_reason
        self.told = told


class ContextError(PurveyorError):
    """The CONTEXT cannot be read, or is of a kind Purveyor does not serve."""

    exit_code = 10
    default_reason = ReasonCode.CONTEXT_INVALID


class CatalogError(PurveyorError):
    """The catalog, or a module that it names, is at fault."""

    exit_code = 11
    default_reason = ReasonCode.CATALOG_INVALID


class ParameterError(PurveyorError):
    """What was asked does not fit what the module declares."""

    exit_code = 12
    default_reason = ReasonCode.PARAMETER_INVALID


class GuardError(PurveyorError):
    """A guard or policy refused the change before anything was applied."""

    exit_code = 13
    default_reason = ReasonCode.GUARD_DENIED


class StateLockedError(PurveyorError):
    """Another run holds the state's lock and did not let go in time."""

    exit_code = 14
    default_reason = ReasonCode.STATE_LOCKED


class EngineError(PurveyorError):
    """An engine, or a custom action's program, is missing or failed."""

    exit_code = 15
    default_reason = ReasonCode.ENGINE_FAILED


class CredentialsError(PurveyorError):
    """Credentials are missing, wrong or expired."""

    exit_code = 16
    default_reason = ReasonCode.CREDENTIALS_INVALID


class PlatformError(PurveyorError):
    """The platform could not be told, or refused what it was told."""

    exit_code = 17
    default_reason = ReasonCode.PLATFORM_UNREACHABLE


class CancelledError(PurveyorError):
    """The run was asked to stop."""

    exit_code = 18
    default_reason = ReasonCode.CANCELLED


class RecoveryError(PurveyorError):
    """A state is missing, doubled, foreign or unsaved: a person has to look first."""

    exit_code = 19
    default_reason = ReasonCode.NEEDS_RECOVERY
