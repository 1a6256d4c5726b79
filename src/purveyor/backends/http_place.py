"""A server that keeps states over HTTP: its addresses and methods, and its answers in our words."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from purveyor.dataclass import dataclass
from purveyor.errors import (
    CredentialsError,
    PurveyorError,
    ReasonCode,
    RecoveryError,
    StateLockedError,
)
from purveyor.state_key import KEYS_BY_ID, SUFFIX
from purveyor.transport.connection import Request
from purveyor.transport.errors import FailureKind, NoResponseError

if TYPE_CHECKING:
    from purveyor.transport.connection import Connection, Response

NAME = "{name}"
LOCKED = frozenset({409, 423})
MISSING = frozenset({204, 404})
_DONE = range(200, 300)
_JSON = {"content-type": "application/json"}


@dataclass(frozen=True, slots=True)
class HttpPlace:
    """Where states are and how they are locked; `{name}` in an address stands for the state's.

    Without lock addresses nothing locks. `lock_stops_removal` is true where the server itself
    refuses to delete a locked state, and would refuse it to the lock's holder too.
    """

    title: str
    address: str
    lock_address: str = ""
    unlock_address: str = ""
    update_method: str = "POST"
    lock_method: str = "LOCK"
    unlock_method: str = "UNLOCK"
    lock_stops_removal: bool = False

    def at(self, path: str) -> HttpPlace:
        """Return the same with the addresses of one state."""
        name = name_of(path)
        return replace(
            self,
            address=self.address.replace(NAME, name),
            lock_address=self.lock_address.replace(NAME, name),
            unlock_address=self.unlock_address.replace(NAME, name),
        )


class HttpExchange:
    """Requests for one place, whose refusals become errors."""

    def __init__(self, http: Connection, place: HttpPlace) -> None:
        self.place = place
        self._http = http

    def state(self, path: str, *, below: str = "", body: bool = True) -> Response | None:
        """Return the answer with a state, or with what lies below its address.

        None when the server says that there is none.
        """
        url = f"{self.place.at(path).address}{below}"
        try:
            answer = self._http.ask(lambda: Request("GET", url, body=body))
        except NoResponseError as error:
            raise self._silence(path, error) from None
        return None if answer.status in MISSING else self._accept(answer, path)

    def lock(self, path: str, info: str) -> Response:
        """Take the lock; the answer's status is one of LOCKED when it is held."""
        return self._send(self.place.lock_method, self.place.at(path).lock_address, path, info)

    def unlock(self, path: str, info: str) -> None:
        """Free the lock that `info` describes. Raise StateLockedError when the server refuses."""
        url = self.place.at(path).unlock_address
        answer = self._send(self.place.unlock_method, url, path, info)
        if answer.status in LOCKED:
            raise StateLockedError(
                f"{self.place.title} does not free the lock of the state {path}.",
                hint="Look who holds it now, and free it on the server.",
            )
        self._accept(answer, path)

    def save(self, path: str, text: str, *, lock: str) -> None:
        """Save a state; `lock` is the id of the lock in our hand, empty without one.

        Raise StateLockedError when the server takes it for somebody else's.
        """
        url = self.place.at(path).address
        if lock:
            url += f"{'&' if '?' in url else '?'}{urlencode({'ID': lock})}"
        answer = self._send(self.place.update_method, url, path, text)
        if answer.status in LOCKED:
            raise StateLockedError(
                f"{self.place.title} does not save the state {path}: it is locked.",
                hint="Wait for that run to end, or free the lock if it is known to be dead.",
            )
        if answer.status in MISSING and answer.status not in _DONE:
            raise self._refusal(answer, path)

    def delete(self, path: str) -> Response:
        answer = self._send("DELETE", self.place.at(path).address, path)
        return answer if answer.status in MISSING else self._accept(answer, path)

    def _send(self, method: str, url: str, where: str, content: str = "") -> Response:
        try:
            answer = self._http.send(Request(method, url, _JSON, content.encode()))
        except NoResponseError as error:
            raise self._silence(where, error) from None
        return answer if answer.status in LOCKED | MISSING else self._accept(answer, where)

    def _accept(self, answer: Response, where: str) -> Response:
        if answer.status in _DONE or answer.status in LOCKED:
            return answer
        raise self._refusal(answer, where)

    def _refusal(self, answer: Response, where: str) -> PurveyorError:
        title = self.place.title
        kind = FailureKind.of_status(answer.status)
        if kind is FailureKind.INVALID:
            return CredentialsError(
                f"{title} does not accept our login for the state {where}.",
                hint="Check the user name, and the environment variable that holds the password"
                " or token.",
            )
        if kind is FailureKind.DENIED:
            return CredentialsError(
                f"{title} does not allow us to use the state {where}.",
                reason=ReasonCode.PERMISSION_DENIED,
                hint="Grant the user reading, writing, locking and deleting of states.",
            )
        return RecoveryError(
            f"{title} answers a request for the state {where} with status {answer.status}.",
            reason=ReasonCode.STATE_UNREADABLE,
            hint="Check the addresses and methods of `backend` in the catalog, and the server.",
        )

    def _silence(self, where: str, error: NoResponseError) -> RecoveryError:
        return RecoveryError(
            f"{self.place.title} with the state {where} does not answer.",
            reason=ReasonCode.STATE_UNREADABLE,
            hint="Check the runner's way to it, and the addresses of `backend` in the catalog.",
            details=[str(error)],
        )


def name_of(path: str) -> str:
    """Return a state's name on the server: `service-<id>` or `link-<id>`, without a slash.

    For a company's own key it is that, without its ending.
    """
    found = KEYS_BY_ID.read(path)
    return path.removesuffix(SUFFIX) if found is None else f"{found[0]}-{found[1]}"
