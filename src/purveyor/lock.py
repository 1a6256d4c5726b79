"""A held lock: who has it, since when, for what; and the only reader of the engine's lock prose."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from purveyor.dataclass import dataclass

_INFO = re.compile(r"^[│|\s]*Lock Info:", re.MULTILINE)
_FIELD = re.compile(
    r"^[│|\s]*(ID|Path|Operation|Who|Version|Created):[ \t]+(\S.*?)\s*$", re.MULTILINE
)
_HTTP_HOLDER = re.compile(r"HTTP remote state already locked: ID=(\S+)")
_GO_TIME = re.compile(r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(?:\.(\d+))?\s*(?:\+0000 UTC|Z)")

# These backends print the lock that the waiter wanted to take, not the holder's (measured).
_PRINTS_OWN = (
    "Workspace is already locked",
    "locked for workspace creation",
    "HTTP remote state already locked",
)

# A refused lock whose holder has not written its name yet, or has just let go (measured): Azure's
# codes, and Google's.
_NAMELESS = (
    "state blob is already locked",
    "LeaseAlreadyPresent",
    "LeaseIdMissing",
    "conditionNotMet",
)


@dataclass(frozen=True, slots=True)
class Lock:
    """What a backend tells of the holder of a state's lock; empty strings where it tells nothing.

    `created` is an ISO 8601 time in UTC. `run` is where a person can look at the holder's run,
    where the journal knows it.
    """

    id: str
    who: str = ""
    operation: str = ""
    created: str = ""
    path: str = ""
    version: str = ""
    run: str = ""

    @property
    def host(self) -> str:
        """The holder's machine; empty where the lock does not tell."""
        return self.who.rpartition("@")[2]

    @property
    def since(self) -> float | None:
        """When it was taken, in seconds since 1970; None where the lock does not tell."""
        try:
            return datetime.fromisoformat(self.created).timestamp()
        except ValueError:
            return None

    def was_taken(self, host: str, *, after: float, before: float) -> bool:
        """Tell whether a machine took it between two moments of that machine's clock."""
        return bool(host) and self.host == host and after <= (self.since or 0.0) <= before


def parse_lock(prose: str) -> Lock | None:
    """Read a lock from the text of "Error acquiring the state lock".

    None when the text tells of no held lock: then the lock failed for another reason (rights, a
    missing table). A holder that the backend does not tell is a Lock of empty strings.
    """
    if any(words in prose for words in _PRINTS_OWN):
        told = _HTTP_HOLDER.search(prose)
        return Lock(id=told[1] if told else "")
    info = _INFO.search(prose)
    if info is None:
        return Lock(id="") if any(words in prose for words in _NAMELESS) else None
    fields = dict(_FIELD.findall(prose, info.end()))
    if not fields.get("ID"):
        return None
    return Lock(
        id=fields["ID"],
        who=fields.get("Who", ""),
        operation=fields.get("Operation", "").removeprefix("OperationType").lower(),
        created=parse_time(fields.get("Created", "")),
        path=fields.get("Path", ""),
        version=fields.get("Version", ""),
    )


def parse_time(text: str) -> str:
    """Turn Go's way to print a time, or RFC 3339, into ISO 8601 in UTC; empty when neither."""
    found = _GO_TIME.match(text)
    if found is None:
        return ""
    day, clock, fraction = found.groups()
    moment = datetime.fromisoformat(f"{day}T{clock}.{(fraction or '0')[:6]:0<6}").replace(
        tzinfo=UTC
    )
    return moment.isoformat().replace("+00:00", "Z")


def describe_lock(lock: Lock) -> str:
    """Say in words who holds it, since when and for what; as much as is known."""
    who = lock.who or "another run"
    words = [
        f"{who} ({lock.operation})" if lock.operation else who,
        f"since {lock.created}" if lock.created else "",
        f"lock {lock.id}" if lock.id else "",
        f"run {lock.run}" if lock.run and lock.run != lock.who else "",
    ]
    return ", ".join(word for word in words if word)


def tell_start(lock: Lock) -> str:
    """Return ` since 03:06 UTC`, with the day unless it is today's; empty where nobody knows."""
    if lock.since is None:
        return ""
    began = datetime.fromtimestamp(lock.since, UTC)
    today = began.date() == datetime.now(UTC).date()
    return f" since {began:%H:%M} UTC" + ("" if today else f" on {began:%-d %B %Y}")
