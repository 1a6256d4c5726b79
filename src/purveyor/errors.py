"""Every failure a user can meet: its exit code, its reason code and the next step."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Sequence


class ReasonCode(StrEnum):
    """Why an action ended as it did; stable names that platforms and dashboards may rely on."""

    DONE = "DONE"
    NOTHING_TO_DO = "NOTHING_TO_DO"
    CONTEXT_INVALID = "CONTEXT_INVALID"
    CONTEXT_UNSUPPORTED = "CONTEXT_UNSUPPORTED"
    CATALOG_INVALID = "CATALOG_INVALID"
    MODULE_NOT_FOUND = "MODULE_NOT_FOUND"
    MODULE_INVALID = "MODULE_INVALID"
    ACTION_UNKNOWN = "ACTION_UNKNOWN"
    PARAMETER_INVALID = "PARAMETER_INVALID"
    GUARD_DENIED = "GUARD_DENIED"
    STATE_LOCKED = "STATE_LOCKED"
    STATE_MISSING = "STATE_MISSING"
    STATE_AMBIGUOUS = "STATE_AMBIGUOUS"
    STATE_FOREIGN = "STATE_FOREIGN"
    STATE_UNREADABLE = "STATE_UNREADABLE"
    STATE_NOT_EMPTY = "STATE_NOT_EMPTY"
    ENGINE_NOT_FOUND = "ENGINE_NOT_FOUND"
    ENGINE_FAILED = "ENGINE_FAILED"
    ACTION_FAILED = "ACTION_FAILED"
    QUOTA_EXCEEDED = "QUOTA_EXCEEDED"
    NAME_TAKEN = "NAME_TAKEN"
    PROVIDER_UNAVAILABLE = "PROVIDER_UNAVAILABLE"
    PERMISSION_DENIED = "PERMISSION_DENIED"
    CREDENTIALS_INVALID = "CREDENTIALS_INVALID"
    CREDENTIALS_EXPIRED = "CREDENTIALS_EXPIRED"
    PLATFORM_UNREACHABLE = "PLATFORM_UNREACHABLE"
    PLATFORM_REFUSED = "PLATFORM_REFUSED"
    CANCELLED = "CANCELLED"
    NEEDS_RECOVERY = "NEEDS_RECOVERY"
    INTERNAL = "INTERNAL"


class PurveyorError(Exception):
    """An expected failure.

    `message` is one sentence that a developer may read on the platform's page: it never holds a
    secret value. `hint` is the next step. `details` are further lines, one fault each. `reason`
    narrows the class's own reason code where one class covers several.
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
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.details = tuple(details)
        self.reason = reason or self.default_reason


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
