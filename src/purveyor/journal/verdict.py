"""What a claim finds: the action is ours, ended before, is another's, or nobody knows."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from purveyor.dataclass import dataclass

if TYPE_CHECKING:
    from purveyor.errors import PurveyorError
    from purveyor.journal.records import ApprovalRequest, Begin, End


@dataclass(frozen=True, slots=True)
class Claimed:
    """The action is ours, with this begin; `before` is the dead or failed attempt it follows."""

    begin: Begin
    before: Begin | None = None


@dataclass(frozen=True, slots=True)
class Ended:
    begin: Begin
    end: End
    reported: bool


@dataclass(frozen=True, slots=True)
class Parked:
    """The action waits for an approval."""

    begin: Begin
    request: ApprovalRequest


@dataclass(frozen=True, slots=True)
class Running:
    """Another run carries the action out; `quiet` is how long it has been silent, in seconds."""

    begin: Begin
    quiet: float


@dataclass(frozen=True, slots=True)
class Unknown:
    """Another run began and has fallen silent; whether it lives cannot be told from here."""

    begin: Begin
    quiet: float


@dataclass(frozen=True, slots=True)
class Unread:
    """Another run began, and the store does not tell more."""

    error: PurveyorError


Verdict: TypeAlias = "Claimed | Ended | Parked | Running | Unknown | Unread"
