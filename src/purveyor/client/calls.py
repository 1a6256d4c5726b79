"""The few calls that Purveyor makes, each logged in and tried again as its policy says."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from purveyor.client.authenticated import AuthenticatedConnection
from purveyor.client.errors import stranger
from purveyor.client.login import read_address, read_credentials
from purveyor.clock import Clock
from purveyor.errors import CredentialsError
from purveyor.transport.retry import RetryPolicy

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from purveyor.action import Kind
    from purveyor.client.login import Credentials
    from purveyor.json_text import JsonObject, JsonValue
    from purveyor.redaction import Redactor
    from purveyor.settings import Settings

LINKS_PAGE = 100


class PlatformClient(AuthenticatedConnection):
    """Speaks to the platform at `address`. May be used by several threads.

    Every call raises PlatformRefusedError when the platform says no, CredentialsError when it does
    not know us, and PlatformError when it cannot be reached within the call's policy. Nothing
    that is raised holds the key, a token or another secret that `redactor` knows.
    """

    def __init__(
        self,
        address: str,
        credentials: Credentials,
        *,
        redactor: Redactor,
        policy: RetryPolicy | None = None,
        pause: Callable[[float], object] | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._hurry = threading.Event()
        super().__init__(
            address,
            credentials,
            redactor=redactor,
            policy=policy or RetryPolicy(),
            clock=Clock(now=now, pause=pause or self._hurry.wait),
        )

    def read_action(
        self, kind: Kind, entity_id: str, action_id: str, *, policy: RetryPolicy | None = None
    ) -> JsonObject:
        """Return an action of a service or link: `status`, `specification_id`, `results`, …."""
        path = f"{_path(kind, entity_id)}/action/{_part(action_id)}"
        what = "read the action"
        found = self.call("GET", path, what=what, policy=policy)
        if str(found.get("id")) != action_id:
            raise stranger(what)
        return found

    def patch_action(
        self,
        kind: Kind,
        entity_id: str,
        action_id: str,
        body: Mapping[str, JsonValue],
        *,
        policy: RetryPolicy | None = None,
    ) -> JsonObject:
        """Change an action: `status`, `results`, `messages`, each optional; messages append."""
        path = f"{_path(kind, entity_id)}/action/{_part(action_id)}"
        return self.call("PATCH", path, body, what="update the action", policy=policy)

    def read_entity(
        self, kind: Kind, entity_id: str, *, policy: RetryPolicy | None = None
    ) -> JsonObject:
        """Return a service or link; secret attributes read as null."""
        path = _path(kind, entity_id)
        return self.call("GET", path, what=f"read the {kind}", policy=policy)

    def list_links(
        self, service_id: str, *, offset: int = 0, policy: RetryPolicy | None = None
    ) -> JsonObject:
        """Return a page of a service's links: `{paging: {total, …}, results: [{id, …}]}`."""
        path = f"/link?service_id={_part(service_id)}&limit={LINKS_PAGE}&offset={offset}"
        return self.call("GET", path, what="list the links", policy=policy)

    def list_entities(
        self, kind: Kind, query: Mapping[str, str], *, policy: RetryPolicy | None = None
    ) -> JsonObject:
        """Return a page of services or links: `{paging: {…}, results: [{id, status, …}]}`.

        `query` may hold `nrn`, `status`, `type`, `show_descendants`, `limit`, `offset`.
        """
        path = f"/{kind}?{urlencode(query)}"
        return self.call("GET", path, what=f"list the {kind}s", policy=policy)

    def list_actions(
        self,
        kind: Kind,
        entity_id: str,
        query: Mapping[str, str],
        *,
        policy: RetryPolicy | None = None,
    ) -> JsonObject:
        """Return a page of an entity's actions: `{paging: {…}, results: [{id, status, …}]}`.

        `query` may hold `status`, `limit`, `offset`.
        """
        path = f"{_path(kind, entity_id)}/action?{urlencode(query)}"
        what = f"list the actions of the {kind}"
        return self.call("GET", path, what=what, policy=policy)

    def patch_attributes(
        self,
        kind: Kind,
        entity_id: str,
        attributes: Mapping[str, JsonValue],
        *,
        policy: RetryPolicy | None = None,
    ) -> JsonObject:
        """Set these attributes of a service or link; others keep their values."""
        body: JsonObject = {"attributes": dict(attributes)}
        what = f"set attributes of the {kind}"
        return self.call("PATCH", _path(kind, entity_id), body, what=what, policy=policy)

    def read_action_specification(
        self, specification_id: str, *, policy: RetryPolicy | None = None
    ) -> JsonObject:
        """Return an action specification: `parameters.schema`, `results.schema`, …."""
        path = f"/action_specification/{_part(specification_id)}"
        return self.call("GET", path, what="read the action specification", policy=policy)

    def read_specification(
        self, kind: Kind, specification_id: str, *, policy: RetryPolicy | None = None
    ) -> JsonObject:
        """Return a service or link specification: `attributes.schema`, …."""
        path = f"/{kind}_specification/{_part(specification_id)}"
        return self.call("GET", path, what=f"read the {kind} specification", policy=policy)

    def list_notifications(
        self, query: Mapping[str, str], *, policy: RetryPolicy | None = None
    ) -> JsonObject:
        """Return a page of sent notifications: `{paging: {…}, results: [{id, status, …}]}`.

        `query` may hold `nrn`, `source`, `status`, `sort`, `limit`, `offset`.
        """
        path = f"/notification?{urlencode(query)}"
        return self.call("GET", path, what="list the notifications", policy=policy)

    def read_notification(
        self, notification_id: str, *, policy: RetryPolicy | None = None
    ) -> JsonObject:
        """Return a sent notification: its envelope, and `status`, which is its delivery's."""
        path = f"/notification/{_part(notification_id)}"
        return self.call("GET", path, what="read the notification", policy=policy)

    def list_deliveries(
        self, notification_id: str, *, policy: RetryPolicy | None = None
    ) -> JsonObject:
        """Return how each channel took a notification: `{results: [{channel_id, status, …}]}`."""
        path = f"/notification/{_part(notification_id)}/result?limit=200"
        return self.call("GET", path, what="read the notification's deliveries", policy=policy)

    def give_up(self) -> None:
        """Let calls under way fail instead of waiting for another try, until `carry_on`."""
        self._hurry.set()

    def carry_on(self) -> None:
        self._hurry.clear()


def open_client(
    settings: Settings, redactor: Redactor, policy: RetryPolicy | None = None
) -> PlatformClient:
    """Return a client for what cannot be done without the platform.

    Raises CredentialsError without credentials, or for some that cannot be used.
    """
    credentials = read_credentials(settings)
    if credentials is None:
        raise CredentialsError(
            "There are no credentials for the platform: it cannot be asked.",
            hint="Give an API key in NULLPLATFORM_API_KEY, or a token in NP_TOKEN.",
        )
    address = read_address(settings)
    return PlatformClient(address, credentials, redactor=redactor, policy=policy)


def _path(kind: Kind, entity_id: str) -> str:
    return f"/{kind}/{_part(entity_id)}"


def _part(text: str) -> str:
    return quote(text, safe="")
