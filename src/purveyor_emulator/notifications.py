"""Channels and sent notifications: who is told, how that went, and sending again."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from purveyor_emulator import delivery
from purveyor_emulator.envelope import SOURCE, build_envelope, sealed
from purveyor_emulator.filters import matches
from purveyor_emulator.records import Channel, Notification, earlier
from purveyor_emulator.refusal import (
    invalid,
    list_in,
    missing,
    object_in,
    object_of,
    one_of,
    text_in,
)
from purveyor_emulator.vendors import check_configuration

if TYPE_CHECKING:
    from collections.abc import Collection

    from purveyor.json_text import JsonObject
    from purveyor_emulator.delivery import Deliveries
    from purveyor_emulator.records import EmulatedAction
    from purveyor_emulator.store import PlatformStore

TYPES = ("slack", "http", "github", "gitlab", "azure", "bitbucket", "agent", "entity")
_LONGEST_DESCRIPTION = 64


class Notifications:
    """All channels and all notifications, oldest first."""

    def __init__(self, store: PlatformStore, deliveries: Deliveries) -> None:
        self._store = store
        self._deliveries = deliveries
        self._numbers = itertools.count(1)
        self.vendors = dict(store.seed.vendors)
        self.channels: dict[int, Channel] = {}
        self.sent: dict[str, Notification] = {}
        for channel in store.seed.channels:
            self.create_channel(channel)

    def create_channel(self, body: JsonObject) -> Channel:
        """Add a channel."""
        channel = Channel(
            id=0, nrn=self._store.nrn, type="", source=[SOURCE], configuration={}, filters={}
        )
        self.change_channel(channel, {"type": text_in(body, "type"), **body})
        channel.id = next(self._numbers)
        self.channels[channel.id] = channel
        return channel

    def change_channel(self, channel: Channel, body: JsonObject) -> Channel:
        """Change a channel in part; `source` is replaced whole. All or nothing."""
        kind = one_of(body, "type", TYPES, channel.type)
        source = [str(each) for each in list_in(body, "source")] or channel.source
        configuration = object_in({"configuration": channel.configuration, **body}, "configuration")
        check_configuration(kind, configuration)
        filters = object_in({"filters": channel.filters, **body}, "filters")
        matches(filters, {})
        description = str(body.get("description", channel.description))
        if len(description) > _LONGEST_DESCRIPTION:
            raise invalid(f"body/description must be at most {_LONGEST_DESCRIPTION} characters")
        status = one_of(body, "status", ("active", "inactive"), channel.status)
        channel.nrn = text_in(body, "nrn", channel.nrn)
        channel.type, channel.source, channel.status = kind, source, status
        channel.configuration, channel.filters = configuration, filters
        channel.description = description
        return channel

    def channel(self, identity: str) -> Channel:
        """Find a channel by its number."""
        found = self.channels.get(int(identity)) if identity.isdecimal() else None
        if found is None:
            raise missing("notification channel", identity)
        return found

    def notification(self, identity: str) -> Notification:
        """Find a sent notification by its envelope's id."""
        found = self.sent.get(identity)
        if found is None:
            raise missing("notification", identity)
        return found

    def announce(self, action: EmulatedAction) -> Notification:
        """Send the notification of a new action to every matching channel."""
        return self._send(build_envelope(self._store, action), action.entity.nrn, None)

    def resend(self, notification: Notification, channel_ids: Collection[int]) -> Notification:
        """Send the same payload, however old, in a new envelope; no ids mean all channels."""
        inner = object_of(notification.envelope["notification"], "notification")
        return self._send(sealed(inner), notification.nrn, channel_ids or None)

    def age(self, action_id: str, seconds: float) -> None:
        """Move back when an action's notifications were sent."""
        for each in self.sent.values():
            if object_of(each.envelope["notification"], "notification")["id"] == action_id:
                moment = earlier(str(each.envelope["created_at"]), seconds)
                each.envelope = {**each.envelope, "created_at": moment}

    def _send(self, envelope: JsonObject, nrn: str, only: Collection[int] | None) -> Notification:
        notification = Notification(id=str(envelope["id"]), nrn=nrn, envelope=envelope)
        self.sent[notification.id] = notification
        chosen = [
            each
            for each in self.channels.values()
            if (only is None or each.id in only) and _wants(each, notification)
        ]
        if chosen:
            self._deliveries.start(lambda: self._deliver(notification, chosen))
        else:
            notification.status = "success"
        return notification

    def _deliver(self, notification: Notification, channels: list[Channel]) -> None:
        for channel in channels:
            api = self.vendors.get(channel.type)
            status, message = delivery.deliver(channel, notification.envelope, api)
            with self._store.lock:
                notification.deliveries.append(
                    {
                        "channel_id": channel.id,
                        "type": channel.type,
                        "status": status,
                        "message": message,
                    }
                )
        with self._store.lock:
            failed = any(each["status"] == "failed" for each in notification.deliveries)
            notification.status = "failed" if failed else "success"


def _wants(channel: Channel, notification: Notification) -> bool:
    inner = object_of(notification.envelope["notification"], "notification")
    return (
        channel.status == "active"
        and notification.envelope["source"] in channel.source
        and within(notification.nrn, channel.nrn)
        and matches(channel.filters, inner)
    )


def within(nrn: str, place: str) -> bool:
    """Tell whether `nrn` is `place` or one of its children."""
    return nrn == place or nrn.startswith(f"{place}:")
