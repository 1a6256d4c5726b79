"""`purveyor actions`: what became of the actions that the platform sent for a catalog."""

from __future__ import annotations

import time
from collections import defaultdict
from contextlib import suppress
from dataclasses import replace
from functools import partial
from itertools import islice, product
from typing import TYPE_CHECKING, Any, TypeAlias

import click

from purveyor import errors, json_text
from purveyor.action import Operation
from purveyor.channels.model import name_channel
from purveyor.channels.platform import CHANNEL
from purveyor.channels.trial import Trial
from purveyor.cli import LazyGroup, examples, options
from purveyor.cli.catalog_context import open_catalog_context
from purveyor.cli.format import print_fields, print_rows
from purveyor.cli.journal import tell_attempt
from purveyor.client import PlatformRefusedError, RetryPolicy, open_client
from purveyor.client.lists import list_sent
from purveyor.clock import Clock
from purveyor.durations import tell_age
from purveyor.journal import Journal
from purveyor.json_text import as_list, as_object
from purveyor.notification import read_action
from purveyor.process import Interruption
from purveyor.redaction import MASK
from purveyor.reporter.model import FINISHED, OPEN, UNAPPROVED, WITHDRAWN
from purveyor.reporter.payload import KnownSchemas
from purveyor.reporter.pending_actions import read_time
from purveyor.reporter.queries import query_specifications
from purveyor.reporter.specification import find_secrets
from purveyor.states.entity import Named, choose

if TYPE_CHECKING:
    from collections.abc import Sequence

    from purveyor.action import ActionContext
    from purveyor.json_text import JsonObject, JsonValue
    from purveyor.reporter.specification import Properties

# An action as it was asked for, and its notifications, the newest first.
_Sent: TypeAlias = "tuple[ActionContext, list[JsonObject]]"
_HERE = "purveyor.cli.platform.actions"
_COMMANDS = {
    "list": (f"{_HERE}:list_all", "List what was sent, and what became of it."),
    "show": (f"{_HERE}:show", "Tell everything about one action."),
    "follow": (f"{_HERE}:follow", "Print what an action tells until it ends."),
    "resend": (f"{_HERE}:resend", "Have an action's notification sent again."),
}
_COLUMNS = ("created", "status", "age", "reason", "slug", "operation", "action", "by", "run")
_PAUSE = 2.0  # between two looks, in seconds
_CODES = {"success": 0, WITHDRAWN: 13, "failed": 15, "cancelled": 18}  # as `purveyor run` has them
# Why nothing goes on, and what to do; the reason comes before the status.
_MEANINGS = {
    "pending_create": (UNAPPROVED["pending_create"], "Have it approved on the platform."),
    "pending": ("No run has begun it.", "`purveyor actions resend {}` has it sent again."),
    "in_progress": ("A run has begun it.", "If that is gone, `purveyor sweep` ends the action."),
    "cancelled": ("The platform ended it.", "Ask for it again: it goes on from what is done."),
    WITHDRAWN: (UNAPPROVED[WITHDRAWN], "Ask for it again on the platform, if it is wanted."),
    "parked": (errors.ReasonCode.APPROVAL_AWAITED.meaning, "`purveyor approve {}` lets it go on."),
    "archived": ("It is archived: what was built stays.", "It can be asked to come back."),
}


class _Desk:
    """Asks the platform and the journal about what was sent for a catalog."""

    def __init__(self, given: dict[str, Any]) -> None:
        context = open_catalog_context(given["catalog_path"])
        self.nrn, self.redactor = options.choose_nrn(given["nrn"]), context.redactor
        self.client = open_client(context.settings, self.redactor)
        self.serves, records = context.catalog.serves, context.records
        self.last = Journal(records, time.time).last if records else lambda _: None
        if records is None:
            click.echo("The catalog keeps no journal: where runs were is not known.", err=True)

    def find_all(self, least: float = 0.0) -> dict[str, _Sent]:
        """Return by its id each action that was sent since a time, the newest first."""
        found: dict[str, _Sent] = {}
        for each in islice(list_sent(self.client, self.nrn), 2000):  # ten pages
            if (read_time(each.get("created_at")) or least) < least:
                break
            with suppress(errors.ContextError):  # a scope's
                asked = read_action(as_object(each.get("notification")))
                link = asked.link.specification.slug if asked.link else ""
                if self.serves(asked.service.specification.slug, link):
                    found.setdefault(asked.id, (asked, []))[1].append(each)
        return found

    def find(self, words: str) -> _Sent:
        found = self.find_all()
        if action := choose(words, (Named("action", each) for each in found)):
            return found[action.id]
        for asked, sent in found.values():
            if words in {asked.entity.id, asked.entity.slug}:
                return asked, sent
        raise errors.RecoveryError(
            f"The platform has sent no action {words[:64]} at {self.nrn} for this catalog.",
            reason=errors.ReasonCode.STATE_MISSING,
            hint="`purveyor actions list --since 30d` names those that it sent; is --nrn right?",
        )

    def look(self, asked: ActionContext) -> JsonObject:
        """Return an action as it is now, with its messages."""
        path = f"/{asked.kind}/{asked.entity.id}/action/{asked.id}"
        try:
            return self.client.call("GET", f"{path}?include_messages=true", what="read the action")
        except PlatformRefusedError as error:
            if error.absent:
                return {"status": WITHDRAWN}
            raise

    def tell(self, found: _Sent, row: JsonObject) -> JsonObject:
        """Return in short what became of an action."""
        (asked, sent), status, record = found, str(row.get("status")), self.last(found[0].id)
        begin, end = (record.begin, record.end) if record else (None, None)
        parked = record and record.parked and status in OPEN
        shelved = asked.operation is Operation.ARCHIVE and status == "success"
        why, step = _MEANINGS.get(
            "parked" if parked else "archived" if shelved else status, ("", "")
        )
        if end and not shelved:
            why, step = errors.ReasonCode[end.reason].meaning, end.next_step
        created = row.get("created_at") or sent[-1].get("created_at")
        changed = read_time(row.get("updated_at") or created)
        now = self.client.platform_time() or time.time()
        return {
            "action": asked.id,
            "status": status,
            "age": tell_age(changed and now - changed),
            "reason": end.reason if end else "APPROVAL_AWAITED" if parked else None,
            "why": why,
            "next": step.replace("{}", asked.id),
            "created": created,
            "changed": row.get("updated_at"),
            "operation": asked.operation.value,
            "entity": f"{asked.kind}/{asked.entity.id}",
            "slug": asked.entity.slug,
            "by": asked.requested_by,
            "run": (begin.identity.url or begin.identity.host) if begin else None,
        }

    def learn(self, asked: ActionContext, row: JsonObject) -> Sequence[Properties | None]:
        """Learn what is secret; return what is specified of parameters, results, attributes."""
        query = partial(query_specifications, self.client, policy=RetryPolicy())
        own = query(asked, known=KnownSchemas())
        specified = [own.parameters, own.results, own.attributes]
        if asked.link:
            service, known = replace(asked, link=None), replace(own, attributes=None)
            specified.append(query(service, known=known).attributes)
        given = (asked.parameters, asked.service.attributes, asked.entity.attributes)
        shown = (as_object(row.get(name)) for name in ("parameters", "results"))
        for values, each in product((*given, *shown), specified):
            self.redactor.add_value(find_secrets(values, each))
        return specified

    def list_deliveries(self, sent: Sequence[JsonObject]) -> list[JsonObject]:
        listed = (self.client.list_deliveries(str(each["id"])).get("results") for each in sent)
        return [as_object(row) for rows in listed for row in as_list(rows)]


def _about_one(command: Any) -> Any:
    return click.argument("action")(options.with_nrn(options.with_catalog(command)))


@click.group(cls=LazyGroup, table=_COMMANDS, epilog=examples("purveyor actions list"))
def actions() -> None:
    """Show what became of the actions that the platform sent for a catalog's services."""


@click.command("list", epilog=examples("purveyor actions list --status failed --since 1d"))
@click.option("--status", metavar="open|failed|…", help="Only such.")
@click.option("--since", callback=options.read_wait, default="7d", help="And not older. [7d]")
@click.option("--service", metavar="ID", help="Only of this service or link.")
@options.with_nrn
@options.with_catalog
@options.with_json_lines
def list_all(**given: Any) -> None:
    """List the actions that were sent for the catalog's services and links, the newest first."""
    desk, wanted, of = _Desk(given), given["status"], given["service"]
    statuses = {"pending_create", *OPEN} if wanted == "open" else {wanted}
    rows = []
    for asked, sent in desk.find_all(time.time() - given["since"]).values():
        if of in {None, asked.entity.id, asked.service.id, asked.entity.slug}:
            row = desk.look(asked)
            if wanted is None or row.get("status") in statuses:
                rows.append(as_object(desk.redactor.redact_value(desk.tell((asked, sent), row))))
    if given["as_json"]:
        click.echo("".join(f"{json_text.write(each)}\n" for each in rows), nl=False)
    else:
        cells = ([str(each[name] or "-") for name in _COLUMNS] for each in rows)
        print_rows([*map(str.upper, _COLUMNS)], cells, main=5, nothing="No action fits.")


@click.command(epilog=examples("purveyor actions show 7d9e2a10"))
@_about_one
@options.with_json
def show(**given: Any) -> None:
    """Tell who asked for an action, what for, what ran, what came back, why, and what to do.

    ACTION is its id or the begin of it; a service's or link's id or slug stands for its last one.
    """
    desk = _Desk(given)
    asked, sent = desk.find(given["action"])
    row, record = desk.look(asked), desk.last(asked.id)
    parameters, results, attributes, *_ = desk.learn(asked, row)
    if asked.operation is Operation.CUSTOM:
        results = None  # they may be credentials
    ran = tell_attempt(record) if record else {}
    told = "channel {channel_id} ({type}): {status}, {message}".format_map
    page: JsonObject = {
        **desk.tell((asked, sent), row),
        "parameters": _hide(row.get("parameters") or {**asked.parameters}, parameters, attributes),
        "deliveries": [told(defaultdict(str, each)) for each in desk.list_deliveries(sent)],
        "attempt": {name: each for name, each in ran.items() if each not in (None, "", [])},
        "results": _hide(row.get("results"), results, attributes),
        "messages": [*_read_messages(row)],
    }
    page = as_object(desk.redactor.redact_value(page))
    click.echo(json_text.write(page, indent=2)) if given["as_json"] else print_fields(page)


@click.command(epilog=examples("purveyor actions follow 7d9e2a10 --timeout 1h"))
@_about_one
@click.option("--timeout", callback=options.read_wait, default="2h", help="At most so long. [2h]")
def follow(**given: Any) -> None:
    """Print an action's messages and statuses as they come, until it ends.

    The exit code is 0 for a success, the run's own or 15 for a failure, 13 for what was denied or
    withdrawn, 18 for what was cancelled or goes on. A signal leaves the action alone.
    """
    desk, interruption = _Desk(given), Interruption()
    asked, _ = desk.find(given["action"])
    seen, status, last = 0, "", time.monotonic() + given["timeout"]
    desk.learn(asked, {})
    with interruption.caught():
        while status not in {*FINISHED, WITHDRAWN}:
            if status and (time.monotonic() >= last or interruption.wait(_PAUSE)):
                raise errors.CancelledError(
                    f"The action is {status} and goes on; it is not followed any more.",
                    hint=f"`purveyor actions follow {asked.id}` takes it up again.",
                )
            row, before = desk.look(asked), status
            messages, status = _read_messages(row), str(row.get("status"))
            for each in (*messages[seen:], *([f"status: {status}"] * (status != before))):
                click.echo(desk.redactor.redact(each))
            seen = len(messages)
    record = desk.last(asked.id)
    end = record.end if record and status == "failed" else None
    click.get_current_context().exit(end.exit_code if end else _CODES[status])


@click.command(epilog=examples("purveyor actions resend 7d9e2a10 --channel 17"))
@_about_one
@click.option("--channel", type=click.IntRange(1), help="Without it, those that it went through.")
@options.with_yes
def resend(**given: Any) -> None:
    """Have the platform send the notification of an action again, so that a run starts.

    One that has ended is sent only after a yes: its run would only tell what is known.
    """
    desk = _Desk(given)
    asked, sent = desk.find(given["action"])
    desk.learn(asked, {})
    before = sorted({str(row["channel_id"]) for row in desk.list_deliveries(sent)})
    if not (given["channel"] or before):
        raise click.UsageError("No channel has had it: say --channel.")
    for number in [given["channel"]] if given["channel"] else before:
        channel = desk.client.call("GET", f"{CHANNEL}/{number}", what="read the channel")
        trial = Trial(desk.client, channel, sent[0], Clock())
        click.echo(f"{trial.what} ({trial.before})", err=True)
        if trial.before not in OPEN:
            options.confirm("No run would change anything. Send it again?", yes=given["yes"])
        [(stage, seen)] = islice(trial.follow(0.0, 0.0), 1)
        click.echo(desk.redactor.redact(f"{stage} by channel {name_channel(channel)}: {seen}"))


def _read_messages(row: JsonObject) -> list[str]:
    rows = map(as_object, as_list(row.get("messages")))
    return [f"{each.get('level')}: {each.get('message')}" for each in rows]


def _hide(values: JsonValue, *specified: Properties | None) -> JsonObject:
    """Mask what holds a secret by any specification; all, where one is not known."""
    return {
        name: MASK if any(s is None or find_secrets({name: value}, s) for s in specified) else value
        for name, value in as_object(values).items()
    }
