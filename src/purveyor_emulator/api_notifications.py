"""The platform's routes for notification channels and sent notifications."""

from __future__ import annotations

from purveyor_emulator.documents import channel_document, notification_document
from purveyor_emulator.exchange import Call, Platform, Reply, Way, listing
from purveyor_emulator.notifications import within
from purveyor_emulator.refusal import invalid, list_in


def create_channel(platform: Platform, call: Call) -> Reply:
    """Answer `POST /notification/channel`: 200, the one status the vendor's provider takes."""
    return Reply(channel_document(platform.notifications.create_channel(call.body)))


def show_channels(platform: Platform, call: Call) -> Reply:
    """Answer `GET /notification/channel`; `showDescendants` adds what is below `nrn`."""
    nrn, below = call.query.get("nrn"), call.query.get("showDescendants") == "true"
    rows = [
        channel_document(each)
        for each in platform.notifications.channels.values()
        if nrn is None or within(nrn, each.nrn) or (below and within(each.nrn, nrn))
    ]
    return listing(call, rows, filters=("type", "status"), ignored=("nrn", "showDescendants"))


def show_channel(platform: Platform, call: Call) -> Reply:
    """Answer `GET /notification/channel/{id}`."""
    return Reply(channel_document(platform.notifications.channel(call.parts["id"])))


def change_channel(platform: Platform, call: Call) -> Reply:
    """Answer `PATCH /notification/channel/{id}`."""
    channel = platform.notifications.channel(call.parts["id"])
    return Reply(channel_document(platform.notifications.change_channel(channel, call.body)))


def remove_channel(platform: Platform, call: Call) -> Reply:
    """Answer `DELETE /notification/channel/{id}`."""
    channel = platform.notifications.channel(call.parts["id"])
    del platform.notifications.channels[channel.id]
    return Reply(channel_document(channel))


def show_all(platform: Platform, call: Call) -> Reply:
    """Answer `GET /notification`: those of `nrn` and below, whatever `showDescendants` says."""
    nrn = call.query.get("nrn")
    rows = [
        notification_document(each)
        for each in platform.notifications.sent.values()
        if nrn is None or within(each.nrn, nrn)
    ]
    filters, ignored = ("source", "status", "event"), ("nrn", "showDescendants")
    return listing(call, rows, filters=filters, ignored=ignored)


def show(platform: Platform, call: Call) -> Reply:
    """Answer `GET /notification/{id}`."""
    return Reply(notification_document(platform.notifications.notification(call.parts["id"])))


def show_deliveries(platform: Platform, call: Call) -> Reply:
    """Answer `GET /notification/{id}/result`: one row a channel."""
    notification = platform.notifications.notification(call.parts["id"])
    return listing(call, notification.deliveries, filters=("channel_id", "status"))


def resend(platform: Platform, call: Call) -> Reply:
    """Answer `POST /notification/{id}/resend`: `{}` for all channels, or `{channel_ids}`."""
    notification = platform.notifications.notification(call.parts["id"])
    chosen = [each for each in list_in(call.body, "channel_ids") if isinstance(each, int)]
    if len(chosen) != len(list_in(call.body, "channel_ids")):
        raise invalid("body/channel_ids items must be integer")
    again = platform.notifications.resend(notification, chosen)
    return Reply(notification_document(again), 201)


WAYS = (
    Way("POST", "/notification/channel", create_channel),
    Way("GET", "/notification/channel", show_channels),
    Way("GET", "/notification/channel/{id}", show_channel),
    Way("PATCH", "/notification/channel/{id}", change_channel),
    Way("DELETE", "/notification/channel/{id}", remove_channel),
    Way("GET", "/notification", show_all),
    Way("GET", "/notification/{id}", show),
    Way("GET", "/notification/{id}/result", show_deliveries),
    Way("POST", "/notification/{id}/resend", resend),
)
