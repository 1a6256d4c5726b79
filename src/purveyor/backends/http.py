"""States on a server of the engines' `http` protocol, which can neither list nor show a lock."""

from __future__ import annotations

import contextlib
import socket
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NoReturn

from purveyor import json_text
from purveyor.backends.http_place import LOCKED, MISSING, NAME, HttpExchange, HttpPlace
from purveyor.backends.model import (
    LATEST,
    Backend,
    StateVersion,
    UnsupportedError,
    confirm_holder,
    held,
    parse_lock,
)
from purveyor.state_key import (
    KEYS_BY_ID,
    KeyScheme,
    StateKey,
    combine,
)
from purveyor.step import BackendBlock
from purveyor.transport.connection import Connection
from purveyor.transport.pools import Identity
from purveyor.transport.retry import STATE_SERVER

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from purveyor.backends.model import ListedState
    from purveyor.catalog.backend import HttpBackendConfig
    from purveyor.json_text import JsonObject
    from purveyor.lock import Lock
    from purveyor.settings import Settings
    from purveyor.state_key import Owner

_PASSWORD = "TF_HTTP_PASSWORD"  # noqa: S105 - a variable's name
_LOOK = "purveyor looks who holds the lock"


def open_http(config: HttpBackendConfig, settings: Settings) -> HttpStates:
    locks = config.lock_address or config.address if config.lock else ""
    place = HttpPlace(
        title=f"The server {config.address.replace(NAME, '…')}",
        address=config.address,
        lock_address=locks,
        unlock_address=config.unlock_address or locks,
        update_method=config.update_method,
        lock_method=config.lock_method,
        unlock_method=config.unlock_method,
    )
    who = Identity(
        username=settings.text(config.username_from) or "",
        password=settings.text(config.password_from) or "",
        # The engines' own variables, so that both reach the same server in the same way.
        authority=settings.text("TF_HTTP_CLIENT_CA_CERTIFICATE_PEM") or "",
        certificate=settings.text("TF_HTTP_CLIENT_CERTIFICATE_PEM") or "",
        private_key=settings.text("TF_HTTP_CLIENT_PRIVATE_KEY_PEM") or "",
    )
    return HttpStates(place, who, combine(config.keys, KEYS_BY_ID))


class HttpStates(Backend):
    """States on one server, each under its entity's kind and id; nothing else is kept there."""

    takes_raw_states = True

    def __init__(self, place: HttpPlace, who: Identity, keys: KeyScheme = KEYS_BY_ID) -> None:
        self.keys = keys
        self._who = who
        self._http = HttpExchange(Connection(STATE_SERVER, identity=who, direct=False), place)

    def locate(self, entity: Owner) -> StateKey:
        """Ask whether there is a state under the entity's id: one request, without its body."""
        path = self.keys.path(entity)
        return StateKey(path, exists=self._http.state(path, body=False) is not None)

    def block(self, key: StateKey) -> BackendBlock:
        place = self._http.place.at(key.path)
        arguments: JsonObject = {"address": place.address, "update_method": place.update_method}
        if place.lock_address:
            arguments |= {
                "lock_address": place.lock_address,
                "lock_method": place.lock_method,
                "unlock_address": place.unlock_address,
                "unlock_method": place.unlock_method,
            }
        if self._who.username:
            arguments["username"] = self._who.username
        return BackendBlock("http", arguments, {_PASSWORD: self._who.password})

    def text(self, key: StateKey) -> str | None:
        answer = self._http.state(key.path)
        return None if answer is None else answer.text

    def holder(self, key: StateKey) -> Lock | None:
        """Try the lock and give it back at once: the protocol has no other way to ask."""
        ours, holder = self._take(key.path)
        if ours:
            self._http.unlock(key.path, ours)
        return holder

    def remove(self, key: StateKey) -> None:
        """Delete the state with its lock in hand, or let the server look at the lock."""
        server_looks = self._http.place.lock_stops_removal
        with contextlib.nullcontext() if server_looks else self._locked(key.path):
            answer = self._http.delete(key.path)
        if answer.status in LOCKED:
            raise held(key.path, self.holder(key) or parse_lock(answer.text))

    def create(self, key: StateKey, text: str) -> bool:
        """Save the state with its lock in hand, if there is none."""
        with self._locked(key.path) as ours:
            if self._http.state(key.path, body=False) is not None:
                return False
            self._http.save(key.path, text, lock=ours and parse_lock(ours).id)
        return True

    def list(self) -> Iterator[ListedState]:
        self._refuse_listing()

    def versions(self, key: StateKey) -> Sequence[StateVersion]:
        answer = self._http.state(key.path, body=False)
        if answer is None:
            return ()
        return (StateVersion(LATEST, None, answer.length, latest=True),)

    def unversioned(self) -> str:
        return "The http protocol has no word for earlier versions; the server may keep some."

    def unlock(self, key: StateKey, lock_id: str) -> bool:
        """Free the lock that has this id.

        The engine's `force-unlock` tells the server no lock at all (Terraform sends no body), so
        that any id would do; here the holder's own is compared first.
        """
        holder = confirm_holder(self, key, lock_id)
        if holder is None:
            return False
        self._http.unlock(key.path, _lock_info(holder.id, path=key.path))
        return True

    @contextlib.contextmanager
    def _locked(self, path: str) -> Iterator[str]:
        """Hold the lock, if there is one, for the length of the block, which gets its text."""
        ours, holder = self._take(path)
        if holder is not None:
            raise held(path, holder)
        try:
            yield ours
        finally:
            if ours:
                self._http.unlock(path, ours)

    def _take(self, path: str) -> tuple[str, Lock | None]:
        """Take the lock: return its text, or an empty one and the lock of who holds it."""
        if not self._http.place.lock_address:
            return "", None
        info = _lock_info(str(uuid.uuid4()), path=path)
        answer = self._http.lock(path, info)
        if answer.status in LOCKED:
            return "", parse_lock(answer.text)
        # A server may not know of locks on states that it does not have.
        return ("" if answer.status in MISSING else info), None

    def _refuse_listing(self) -> NoReturn:
        raise UnsupportedError(
            f"{self._http.place.title} cannot list its states.",
            hint="Name the entity: its state is found by its id alone.",
        )


def _lock_info(lock_id: str, *, path: str) -> str:
    return json_text.write(
        {
            "ID": lock_id,
            "Operation": _LOOK,
            "Info": "",
            "Who": f"purveyor@{socket.gethostname()}",
            "Version": "",
            "Created": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
            "Path": path,
        }
    )
