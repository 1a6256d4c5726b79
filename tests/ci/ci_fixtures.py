"""A show on a CI with a clock that is moved by hand, and endings to show."""

from __future__ import annotations

from datetime import UTC, datetime

from ci_oracle import Page

from purveyor.action import ActionContext, Entity, Kind, Operation, Specification
from purveyor.ci import Show
from purveyor.errors import ReasonCode
from purveyor.outcome import Outcome, Status
from purveyor.plan import Change, Verb
from purveyor.redaction import Redactor
from purveyor.step import ResourceMoved

SECRET = "hunter2-hunter2"
MORNING = datetime(2026, 11, 30, 3, 6, 12, tzinfo=UTC)
CLOCK = f"{MORNING.astimezone():%H:%M:%S %Z}"
CONTEXT = ActionContext(
    id="a-1",
    slug="create-mysql",
    name="Create MySQL",
    operation=Operation.CREATE,
    status="pending",
    specification=Specification("as-1", "create"),
    service=Entity(Kind.SERVICE, "s-1", "orders|db", Specification("sp-1", "mysql")),
    link=None,
    parameters={},
    tags={},
    entity_nrn=None,
    requested_by=None,
    digest="0" * 64,
)
DONE = Outcome(
    status=Status.SUCCESS,
    reason=ReasonCode.DONE,
    exit_code=0,
    message="Created service orders (mysql): 1 created.",
    results={"endpoint": "db.example.com", "port": 3306},
    secrets={"password": SECRET},
    changes=(Change("aws_db_instance.main", "aws_db_instance", Verb.CREATE),),
    state_key="services/s-1/orders.tfstate",
    seconds=125,
)
FAILED = Outcome(
    status=Status.FAILED,
    reason=ReasonCode.STATE_LOCKED,
    exit_code=14,
    message="The state is locked.",
    next_step="Wait for the other run.",
    details=("held by ci", "since noon"),
    seconds=0.25,
)


class Stage:
    """A show with a clock that stands still until it is moved."""

    def __init__(self, vendor: str = "github") -> None:
        self.page = Page(vendor)
        self.now = 1000.0
        self.show = Show(
            self.page.ci, Redactor([SECRET]), clock=lambda: self.now, wall_clock=MORNING.timestamp
        )

    def move(self, address: str, stage: str, seconds: float = 0.0) -> None:
        self.show(ResourceMoved(address, Verb.CREATE, stage, seconds))
