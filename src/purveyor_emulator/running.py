"""The emulator as a Python object: start it, press buttons, look at what the platform shows."""

from __future__ import annotations

import contextlib
import copy
from pathlib import Path
from typing import TYPE_CHECKING

from purveyor.action import Kind
from purveyor_emulator.actions import age, cancel
from purveyor_emulator.api_kept import KEYS, RUNNER, TRACES, key_document
from purveyor_emulator.control import press_button
from purveyor_emulator.delivery import Deliveries
from purveyor_emulator.documents import action_document, entity_document
from purveyor_emulator.exchange import Platform
from purveyor_emulator.faults import Faults, read_fault
from purveyor_emulator.notifications import Notifications
from purveyor_emulator.record import Recorder
from purveyor_emulator.records import ActionStatus
from purveyor_emulator.refusal import RefusedError
from purveyor_emulator.seed import SeedError, parse_seed, read_seed
from purveyor_emulator.server import LOOPBACK, Connections, certified, listen, serving
from purveyor_emulator.store import PlatformStore
from purveyor_emulator.tokens import AccessTokens
from purveyor_emulator.vendors import VendorApi
from purveyor_emulator.view import build_view

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from purveyor.json_text import JsonObject, JsonValue
    from purveyor_emulator.seed import Seed

TOKEN_SECONDS = 3600.0


class Emulator:
    """A running emulator. Calls go straight to its memory, past tokens and faults.

    A refused call raises RefusedError, which holds the HTTP status that a request would get.
    """

    def __init__(
        self, platform: Platform, deliveries: Deliveries, url: str, certificate: Path | None
    ) -> None:
        self.platform = platform
        self.url = url
        self.certificate = certificate
        self._deliveries = deliveries

    @classmethod
    @contextlib.contextmanager
    def running(
        cls,
        *,
        seed: Path | JsonObject | None = None,
        token_seconds: float = TOKEN_SECONDS,
        port: int = 0,
        log: Path | None = None,
        tls: bool = False,
    ) -> Iterator[Emulator]:
        """Serve on loopback while the block runs; port 0 is any free one.

        `seed` is a file, a document, or None for the default seed. Access tokens live
        `token_seconds`; `tls` is https. Raises SeedError, and OSError when the port is taken.
        """
        from purveyor_emulator.app import build_app

        read = read_seed(seed) if seed is None or isinstance(seed, Path) else parse_seed(seed)
        deliveries, connections = Deliveries(), Connections()
        platform = _build_platform(read, deliveries, token_seconds, log)
        listening = listen(port)
        url = f"http{'s' if tls else ''}://{LOOPBACK}:{listening.getsockname()[1]}"
        app = build_app(platform, connections.abort)
        with (
            contextlib.closing(deliveries),
            certified() if tls else contextlib.nullcontext() as certificate,
            serving(app, listening, connections, certificate),
        ):
            yield cls(platform, deliveries, url, certificate)

    @property
    def api_key(self) -> str:
        """The one API key that logs in."""
        return self.platform.tokens.api_key

    @property
    def nrn(self) -> str:
        """Where services live that do not say otherwise."""
        return self.platform.store.nrn

    def environment(self) -> dict[str, str]:
        """Return the variables that point a program at this emulator."""
        # nullplatform's own programs put https:// before a host; Purveyor takes both.
        host = self.url.removeprefix("https://")
        trusted = {"SSL_CERT_FILE": str(self.certificate)} if self.certificate else {}
        return {"NULLPLATFORM_HOST": host, "NULLPLATFORM_API_KEY": self.api_key, **trusted}

    def create_service(self, specification: str = "sqs-queue", **fields: JsonValue) -> JsonObject:
        """Create a service of a specification (id or slug); return it with its `id`.

        `fields` are `name`, `status`, `attributes`, `dimensions`, `entity_nrn`, `id`.
        """
        body = {"name": specification, **fields, "specification_id": specification}
        with self.platform.store.lock:
            return entity_document(self.platform.store.create_entity(Kind.SERVICE, body))

    def create_link(
        self, service_id: str, specification: str = "database-user", **fields: JsonValue
    ) -> JsonObject:
        """Create a link to a service; return it with its `id`. `fields` as for a service."""
        body = {"name": specification, **fields, "specification_id": specification}
        with self.platform.store.lock:
            found = self.platform.store.create_entity(Kind.LINK, {**body, "service_id": service_id})
            return entity_document(found)

    def request_action(
        self,
        entity_id: str,
        action: str = "create",
        parameters: Mapping[str, JsonValue] | None = None,
    ) -> JsonObject:
        """Ask for an action of a service or a link; return the notification as it was sent.

        `action` is `create`, `update`, `delete`, or the slug or id of an action specification.
        """
        body: JsonObject = {
            "id": entity_id,
            "action": action,
            "parameters": dict(parameters or {}),
        }
        with self.platform.store.lock:
            return copy.deepcopy(press_button(self.platform, copy.deepcopy(body)))

    def resend(self, envelope_id: str) -> JsonObject:
        """Send a notification again: same payload, new envelope, which is returned."""
        with self.platform.store.lock:
            sent = self.platform.notifications.notification(envelope_id)
            return copy.deepcopy(self.platform.notifications.resend(sent, ()).envelope)

    def cancel_action(self, action_id: str) -> None:
        """End an action as `cancelled`, as the platform may."""
        with self.platform.store.lock:
            cancel(self.platform.store.any_action(action_id))

    def park_action(self, action_id: str) -> None:
        """Let an action wait for an approval."""
        with self.platform.store.lock:
            self.platform.store.any_action(action_id).status = ActionStatus.PENDING_CREATE

    def deny_action(self, action_id: str) -> None:
        """Deny an action: it vanishes."""
        with self.platform.store.lock:
            del self.platform.store.actions[action_id]

    def age_action(self, action_id: str, seconds: float) -> None:
        """Let an action look as if it had been asked for, and changed last, `seconds` earlier."""
        with self.platform.store.lock:
            age(self.platform.store.any_action(action_id), seconds)
            self.platform.notifications.age(action_id, seconds)

    def action(self, action_id: str) -> JsonObject:
        """Return an action with its messages, as the platform shows it."""
        with self.platform.store.lock:
            return action_document(self.platform.store.any_action(action_id), messages=True)

    def entity(self, kind: str, entity_id: str) -> JsonObject:
        """Return a `service` or a `link` as the platform shows it, secrets null."""
        with self.platform.store.lock:
            return entity_document(self.platform.store.entity(Kind(kind), entity_id))

    def secret(self, kind: str, entity_id: str, name: str) -> JsonValue:
        """Return what is stored for one attribute, in clear; None when there is nothing."""
        with self.platform.store.lock:
            return self.platform.store.entity(Kind(kind), entity_id).attributes.get(name)

    def create_channel(self, url: str, **fields: JsonValue) -> int:
        """Add an http channel; return its number. `fields`: `headers`, `filters`, `nrn`."""
        headers = fields.pop("headers", {})
        configuration: JsonObject = {"url": url, "headers": headers}
        body: JsonObject = {**fields, "type": "http", "configuration": configuration}
        with self.platform.store.lock:
            return self.platform.notifications.create_channel(body).id

    def deliver_to(self, vendor: str, address: str, token: str = "") -> None:
        """Deliver to the channels of `github`, `gitlab` or `azure` at an API's address."""
        self.platform.notifications.vendors[vendor] = VendorApi(
            address.rstrip("/"), token or "emulated"
        )

    def fault(self, kind: str, **fields: JsonValue) -> None:
        """Switch on a fault; kinds and fields as in the control route.

        `fault("status", status=429, seconds=2, count=3, method="PATCH", path="/service/*")`.
        """
        self.platform.faults.add(read_fault({**fields, "kind": kind}))

    def clear_faults(self) -> None:
        """Switch off all faults."""
        self.platform.faults.replace([])

    def requests(self, *, method: str = "", path: str = "") -> list[JsonObject]:
        """Return what came in over HTTP, secrets in clear, so that a test can look for leaks.

        `method` and `path` (its beginning) narrow.
        """
        return [
            each.document()
            for each in self.platform.recorder.all()
            if method in {"", each.method} and each.path.startswith(path)
        ]

    def view(self) -> JsonObject:
        """Return what a user of the platform would now see."""
        with self.platform.store.lock:
            return build_view(self.platform)

    def traces(self) -> list[JsonObject]:
        """Return the events that the tracing API was told, oldest first."""
        with self.platform.store.lock:
            return [*self.platform.store.kept[TRACES].values()]

    def wait_for_deliveries(self, seconds: float = 10.0) -> None:
        """Wait until the notifications sent so far have reached their channels."""
        self._deliveries.wait(seconds)


def _build_platform(
    seed: Seed, deliveries: Deliveries, token_seconds: float, log: Path | None
) -> Platform:
    try:
        store = PlatformStore(seed)
        notifications = Notifications(store, deliveries)
    except RefusedError as error:
        raise SeedError(
            "The seed's services or channels do not fit its specifications.",
            hint="mend the seed; `purveyor emulate --print-seed` shows one that fits",
            details=[error.message],
        ) from None
    organization = seed.place["organization"]["id"]
    platform = Platform(
        store=store,
        notifications=notifications,
        tokens=AccessTokens(seed.api_key, organization=organization, seconds=token_seconds),
        faults=Faults(),
        recorder=Recorder(store.secret_names, log),
    )
    grants: JsonObject = {"grants": [{"nrn": store.nrn, **RUNNER}]}
    store.kept[KEYS]["1"] = key_document(platform, {"name": "emulated", **grants}, 1)
    return platform
