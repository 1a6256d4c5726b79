"""Questions to the platform: where an action stands, and what its specifications know."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from purveyor.action import Operation
from purveyor.client import PlatformRefusedError, SetupError
from purveyor.errors import CredentialsError, PlatformError, PurveyorError, ReasonCode
from purveyor.json_text import dig
from purveyor.reporter.model import OPEN, WITHDRAWN, ActionSnapshot, LinkShown
from purveyor.reporter.payload import KnownSchemas
from purveyor.reporter.specification import read_properties

if TYPE_CHECKING:
    from collections.abc import Callable

    from purveyor.action import ActionContext, Entity
    from purveyor.client import PlatformClient, RetryPolicy
    from purveyor.json_text import JsonObject, JsonValue


def query_snapshot(
    client: PlatformClient, context: ActionContext, policy: RetryPolicy
) -> ActionSnapshot:
    """Ask for the action, then, if it is to be carried out, for the current attributes.

    What the platform refuses is no outage: only without an answer may a run go on.
    """
    entity = context.entity
    try:
        action = client.read_action(entity.kind, entity.id, context.id, policy=policy)
        status = str(action.get("status"))
        if status not in OPEN:
            return ActionSnapshot(status, None, None, asked=True)
        shown = client.read_entity(context.service.kind, context.service.id, policy=policy)
        link = query_attributes(client, context.link, policy) if context.link else None
    except PlatformRefusedError as error:
        if error.absent:
            return ActionSnapshot(WITHDRAWN, None, None, asked=True)
        return _refused(error)
    except (CredentialsError, SetupError) as error:
        return _refused(error)
    except PurveyorError as error:
        note = f"{error.message}. Going on with what the notification says."
        return ActionSnapshot(None, None, None, asked=False, note=note)
    service, name = shown.get("attributes"), shown.get("name")
    known = query_specifications(client, context, policy, KnownSchemas(), before=True)
    return ActionSnapshot(
        status,
        _with_secrets(service, context.service) if isinstance(service, dict) else None,
        _with_secrets(link, context.link) if link is not None and context.link else None,
        asked=True,
        specification=known.attributes,
        parameters=known.parameters,
        service_name=name if isinstance(name, str) else "",
    )


def _refused(error: PurveyorError) -> ActionSnapshot:
    ours = isinstance(error, CredentialsError) or error.reason is ReasonCode.PERMISSION_DENIED
    kind = CredentialsError if ours else PlatformError
    refusal = kind(f"{error.message}: nothing was done.", hint=error.hint, reason=error.reason)
    return ActionSnapshot(None, None, None, asked=False, refusal=refusal)


def query_attributes(
    client: PlatformClient, entity: Entity, policy: RetryPolicy
) -> JsonObject | None:
    """Return an entity's current attributes, None when the answer has none; raise as the client."""
    found = client.read_entity(entity.kind, entity.id, policy=policy).get("attributes")
    return found if isinstance(found, dict) else None


def query_links(
    client: PlatformClient, service: Entity, policy: RetryPolicy
) -> list[LinkShown] | None:
    found: list[LinkShown] = []
    offset, total = 0, 1
    try:
        while offset < total:
            page = client.list_links(service.id, offset=offset, policy=policy)
            rows, number = page.get("results"), dig(page, "paging", "total")
            if not isinstance(rows, list):
                return None
            found += [link for row in rows if (link := _read_link(row, service)) is not None]
            offset += len(rows) or 1
            total = number if rows and isinstance(number, int) else offset
    except PurveyorError:
        return None
    return found


def _read_link(row: JsonValue, service: Entity) -> LinkShown | None:
    if not isinstance(row, dict) or row.get("service_id", service.id) != service.id:
        return None
    status = str(row.get("status"))
    if status == "deleted":
        return None
    return LinkShown(str(row.get("id")), str(row.get("slug") or row.get("name") or ""), status)


def query_specifications(
    client: PlatformClient,
    context: ActionContext,
    policy: RetryPolicy,
    known: KnownSchemas,
    *,
    before: bool = False,
) -> KnownSchemas:
    """Return what the specifications say beyond `known`; what cannot be read stays unknown.

    `before` the action only what tells its secrets: of a custom one the action's specification,
    of a create or update the entity's, of a delete none.
    """
    action, entity = context.specification.id, context.entity.specification.id
    custom = context.operation is Operation.CUSTOM
    if action and known.results is None and (custom or not before):
        read = partial(client.read_action_specification, action, policy=policy)
        document = _document(read)
        known = replace(
            known,
            results=read_properties(document, "results"),
            parameters=read_properties(document, "parameters"),
        )
    begins = context.operation in {Operation.CREATE, Operation.UPDATE}
    if entity and known.attributes is None and (begins or not before):
        read = partial(client.read_specification, context.kind, entity, policy=policy)
        document = _document(read)
        managed = document.get("use_managed_actions") is True
        known = replace(known, attributes=read_properties(document, "attributes"), managed=managed)
    return known


def _document(read: Callable[[], JsonObject]) -> JsonObject:
    try:
        return read()
    except PurveyorError:
        return {}


def _with_secrets(current: JsonObject, entity: Entity) -> dict[str, JsonValue]:
    """Put the notification's values where the platform shows null: it does so for secrets."""
    return {
        name: entity.attributes.get(name) if value is None else value
        for name, value in current.items()
    }
