"""What the platform shows as unfinished in one place, page by page of its lists."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from purveyor.action import Kind, Operation
from purveyor.client import RetryPolicy
from purveyor.client.lists import Pager
from purveyor.dataclass import dataclass
from purveyor.entity import ID

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from purveyor.client import PlatformClient
    from purveyor.json_text import JsonObject, JsonValue


UNFINISHED = ("pending", "creating", "updating", "deleting")
SETTLED = ("active", "failed")
OPEN = ("pending", "in_progress")
# An id becomes a part of paths in the journal.
_SAFE = re.compile(ID)
_MILLISECONDS = 1e11  # a number above is in milliseconds: seconds reach it in the year 5138


def text_of(row: JsonObject, name: str) -> str:
    value = row.get(name)
    return value if isinstance(value, str) else ""


@dataclass(frozen=True, slots=True)
class EntityShown:
    """A service or link as a list shows it; `specification` and `service` are ids."""

    kind: Kind
    id: str
    slug: str
    status: str
    specification: str
    service: str


@dataclass(frozen=True, slots=True)
class ActionShown:
    """An action as a list shows it; `specification` is the id of the action's.

    `since` is when it was created or changed last, whichever is later, in seconds since 1970; None
    when the platform does not tell.
    """

    id: str
    status: str
    specification: str
    since: float | None


class PendingActions:
    """Asks one platform; `requests` counts how often.

    Every method raises what the client raises. What lists take is from nullplatform's ai-plugins
    (docs of `GET /service`, `np service list`, `np link list`, `np service action list`): `nrn`,
    `status`, `show_descendants`, `limit`, `offset`; `type` for services. An unknown filter gets
    403 there; then fewer are used, and what comes is chosen from here.
    """

    def __init__(self, client: PlatformClient, *, policy: RetryPolicy | None = None) -> None:
        self._client = client
        self._policy = policy or RetryPolicy(total=15.0, read=10.0)
        self._pager = Pager()
        self._slugs: dict[tuple[Kind, str], JsonObject] = {}
        self._asked = 0

    @property
    def requests(self) -> int:
        return self._pager.requests + self._asked

    def now(self) -> float | None:
        """Return the platform's own time, in seconds since 1970; None where it tells none."""
        return self._client.platform_time()

    def entities(self, kind: Kind, nrn: str, statuses: Sequence[str]) -> Iterator[EntityShown]:
        narrow = {"nrn": nrn, "status": ",".join(statuses)}
        wide = {**narrow, "show_descendants": "true"}
        if kind is Kind.SERVICE:
            wide["type"] = "dependency"

        def ask(query: Mapping[str, str]) -> JsonObject:
            return self._client.list_entities(kind, query, policy=self._policy)

        for row in self._pager.rows(str(kind), ask, (wide, narrow, {"nrn": nrn})):
            found = _read_entity(kind, row)
            if (
                found
                and found.status in statuses
                and row.get("type") != "scope"
                and _is_at(row, nrn)
            ):
                yield found

    def sees_below(self, kind: Kind) -> bool:
        """Tell whether the last list of a kind took in what is below its place."""
        return not self._pager.has_narrowed(str(kind))

    def actions(self, entity: EntityShown) -> Sequence[ActionShown]:

        def ask(query: Mapping[str, str]) -> JsonObject:
            return self._client.list_actions(entity.kind, entity.id, query, policy=self._policy)

        rows = self._pager.rows("action", ask, ({"status": ",".join(OPEN)}, {}))
        read = [_read_action(row) for row in rows]
        return [each for each in read if each is not None and each.status in OPEN]

    def slugs(self, entity: EntityShown) -> tuple[str, str]:
        """Return the slug of the service's specification, and of the link's, empty for none."""
        if entity.kind is Kind.SERVICE:
            return text_of(self._specification(Kind.SERVICE, entity.specification), "slug"), ""
        link = self._specification(Kind.LINK, entity.specification)
        # A link's specification names the service's that it belongs to.
        service = self._specification(Kind.SERVICE, text_of(link, "specification_id"))
        return text_of(service, "slug"), text_of(link, "slug")

    def operation(self, action: ActionShown) -> Operation:
        """Return what an action is to do; custom where the platform has another word."""
        self._asked += 1
        found = self._client.read_action_specification(action.specification, policy=self._policy)
        word = text_of(found, "type")
        return Operation(word) if word in set(Operation) else Operation.CUSTOM

    def close(self) -> None:
        self._client.close()

    def _specification(self, kind: Kind, identity: str) -> JsonObject:
        if (kind, identity) not in self._slugs:
            self._asked += 1
            self._slugs[kind, identity] = self._client.read_specification(
                kind, identity, policy=self._policy
            )
        return self._slugs[kind, identity]


def _read_entity(kind: Kind, row: JsonObject) -> EntityShown | None:
    identity = text_of(row, "id")
    service = identity if kind is Kind.SERVICE else text_of(row, "service_id")
    specification = text_of(row, "specification_id")
    if not (_SAFE.fullmatch(identity) and _SAFE.fullmatch(service) and specification):
        return None
    return EntityShown(
        kind, identity, text_of(row, "slug"), text_of(row, "status"), specification, service
    )


def _read_action(row: JsonObject) -> ActionShown | None:
    identity = text_of(row, "id")
    if not _SAFE.fullmatch(identity):
        return None
    times = [read_time(row.get(name)) for name in ("created_at", "updated_at")]
    known = [each for each in times if each is not None]
    return ActionShown(
        identity,
        text_of(row, "status"),
        text_of(row, "specification_id"),
        max(known, default=None),
    )


def read_time(value: JsonValue) -> float | None:
    """Return seconds since 1970; None for what is no time."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value / 1000 if value > _MILLISECONDS else float(value)
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _is_at(row: JsonObject, nrn: str) -> bool:
    """Tell whether a row is of the place or below: a list also shows services of places above."""
    own = text_of(row, "entity_nrn")
    if not own:
        return True
    has, asked = own.split(":"), nrn.split(":")
    return len(has) >= len(asked) and all(
        mine == wanted or (wanted.endswith("=*") and mine.startswith(wanted[:-1]))
        for mine, wanted in zip(has, asked, strict=False)
    )
