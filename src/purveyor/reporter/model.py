"""What a reporter offers, and the values it speaks in."""

from __future__ import annotations

from dataclasses import field, replace
from typing import TYPE_CHECKING, Protocol, Self

from purveyor.client import RetryPolicy
from purveyor.dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from purveyor.action import ActionContext
    from purveyor.errors import PurveyorError
    from purveyor.json_text import JsonValue
    from purveyor.outcome import Outcome
    from purveyor.reporter.specification import Properties

# Our word for an action that the platform no longer has: it was denied or taken back.
WITHDRAWN = "withdrawn"
OPEN = frozenset({"pending", "in_progress"})
FINISHED = frozenset({"success", "failed", "cancelled"})
UNAPPROVED = {
    WITHDRAWN: "The platform no longer has this action: it was denied or withdrawn.",
    "denied": "This action was denied.",
    "pending_create": "This action waits for its approval.",
}


@dataclass(frozen=True, slots=True)
class ActionSnapshot:
    action_status: str | None
    # None when not known. A secret reads as null: the notification's value stands here instead.
    service_attributes: Mapping[str, JsonValue] | None
    link_attributes: Mapping[str, JsonValue] | None
    # False when it did not answer: go on with the notification, and show `note`.
    asked: bool
    note: str = ""
    # A warning where the platform should have been asked, else for information.
    level: str = "warning"
    # It said no, or would: nothing may be done that it will not take a report of.
    refusal: PurveyorError | None = None
    # The JSON Schema of each attribute of the entity, and of each parameter of a custom action.
    specification: Properties | None = None
    parameters: Properties | None = None
    # The service's present one, empty when not known.
    service_name: str = ""


@dataclass(frozen=True, slots=True)
class LinkShown:
    """A link as the platform shows it; `status` in the platform's words."""

    id: str
    slug: str
    status: str


@dataclass(frozen=True, slots=True)
class Reported:
    """Whether the platform knows how the action ended; `notes` are for the run's log."""

    delivered: bool
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ReportTimeouts:
    query: RetryPolicy = field(default_factory=lambda: RetryPolicy(total=15.0, read=10.0))
    # Short for one request: the end waits for the one under way, a cancelled run has ten seconds.
    start: RetryPolicy = field(
        default_factory=lambda: RetryPolicy(total=30.0, connect=3.0, read=5.0)
    )
    message: RetryPolicy = field(
        default_factory=lambda: RetryPolicy(total=10.0, connect=3.0, read=5.0)
    )
    attributes: RetryPolicy = field(default_factory=lambda: RetryPolicy(total=20.0, read=10.0))
    end: RetryPolicy = field(default_factory=RetryPolicy)
    # How the action stands after a refusal or an outage.
    check: RetryPolicy = field(default_factory=lambda: RetryPolicy(total=3.0, read=3.0))
    # Seconds that messages are collected for; warnings and errors go at once.
    batch: float = 5.0

    def within(self, seconds: float) -> Self:

        def limit(policy: RetryPolicy) -> RetryPolicy:
            return replace(policy, total=min(policy.total, seconds))

        return replace(
            self,
            query=limit(self.query),
            start=limit(self.start),
            message=limit(self.message),
            attributes=limit(self.attributes),
            end=replace(self.end, total=seconds),
            check=limit(self.check),
        )


class Reporter(Protocol):
    """Asks and tells the platform of one action. Nothing here raises because of the platform."""

    def prepare(self, context: ActionContext) -> None:
        """Start asking for the snapshot, where that can be done beside other work."""

    def read_snapshot(self, context: ActionContext) -> ActionSnapshot:
        """Ask for the action's status and the current attributes."""

    def read_links(self, context: ActionContext) -> Sequence[LinkShown] | None:
        """Ask for the service's links that are not deleted; None when the platform cannot tell."""

    def begin(self, context: ActionContext, *, run_url: str) -> None:
        """Tell that the action is in progress, and where its run can be watched."""

    def say(self, context: ActionContext, level: str, text: str) -> None:
        """Send a message, soon; `level` is debug, info, warn or error."""

    def end(self, context: ActionContext, outcome: Outcome) -> Reported:
        """Tell how it ended."""
