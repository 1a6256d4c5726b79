"""What a reporter offers, and the values it speaks in."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol, Self

from purveyor.client import RetryPolicy

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
class Standing:
    """What the platform knows of an action now.

    `asked` is False when it did not answer: go on with the notification and show `note`, which is
    a warning where it should have been, and else for information. With a `refusal` it said no, or
    would: nothing may be done that it will not hear of. The attributes are None when they are not
    known. A secret reads as null; where the notification has a value for it, that value stands
    here. `specification` has the JSON Schema of each attribute of the entity, `parameters` that of
    each parameter of a custom action; None where it is not known. `service_name` is the service's
    present one, empty when it is not known.
    """

    action_status: str | None
    service_attributes: Mapping[str, JsonValue] | None
    link_attributes: Mapping[str, JsonValue] | None
    asked: bool
    note: str = ""
    level: str = "warning"
    refusal: PurveyorError | None = None
    specification: Properties | None = None
    parameters: Properties | None = None
    service_name: str = ""


@dataclass(frozen=True, slots=True)
class LinkShown:
    """A link as the platform shows it; `status` in the platform's words."""

    id: str
    slug: str
    status: str


@dataclass(frozen=True, slots=True)
class Heard:
    """Whether the platform knows how the action ended; `notes` are for the run's log."""

    heard: bool
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Pace:
    """How long the platform is tried for each part of a report. `batch` is in seconds.

    `beginning` and `telling` have short limits for one request, since the end has to wait for the
    one under way, and a cancelled run has ten seconds. `looking` is for how the action stands after
    a refusal or an outage. Messages are collected for `batch` before
    they are sent; warnings and errors go at once.
    """

    asking: RetryPolicy = field(default_factory=lambda: RetryPolicy(total=15.0, read=10.0))
    beginning: RetryPolicy = field(
        default_factory=lambda: RetryPolicy(total=30.0, connect=3.0, read=5.0)
    )
    telling: RetryPolicy = field(
        default_factory=lambda: RetryPolicy(total=10.0, connect=3.0, read=5.0)
    )
    attributes: RetryPolicy = field(default_factory=lambda: RetryPolicy(total=20.0, read=10.0))
    ending: RetryPolicy = field(default_factory=RetryPolicy)
    looking: RetryPolicy = field(default_factory=lambda: RetryPolicy(total=3.0, read=3.0))
    batch: float = 5.0

    def within(self, seconds: float) -> Self:
        """Return a pace that tries nothing for longer than `seconds`."""

        def limit(policy: RetryPolicy) -> RetryPolicy:
            return replace(policy, total=min(policy.total, seconds))

        return replace(
            self,
            asking=limit(self.asking),
            beginning=limit(self.beginning),
            telling=limit(self.telling),
            attributes=limit(self.attributes),
            ending=replace(self.ending, total=seconds),
            looking=limit(self.looking),
        )


class EndReporter(Protocol):
    """Tells the platform of an action's end. Nothing here raises because of the platform."""

    def read_standing(self, context: ActionContext) -> Standing:
        """Ask for the action's status and the current attributes."""

    def end(self, context: ActionContext, outcome: Outcome) -> Heard:
        """Tell how it ended."""


class Reporter(EndReporter, Protocol):
    """Asks and tells the platform, from the beginning on."""

    def prepare(self, context: ActionContext) -> None:
        """Start asking for the standing, where that can be done beside other work."""

    def read_links(self, context: ActionContext) -> Sequence[LinkShown] | None:
        """Ask for the service's links that are not deleted; None when the platform cannot tell."""

    def begin(self, context: ActionContext, *, run_url: str) -> None:
        """Tell that the action is in progress, and where its run can be watched."""

    def say(self, context: ActionContext, level: str, text: str) -> None:
        """Send a message, soon; `level` is debug, info, warn or error."""
