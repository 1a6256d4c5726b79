"""`purveyor state list|show|history|pull|doctor`: looking at states without changing any."""

from __future__ import annotations

import dataclasses
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from purveyor import json_text
from purveyor.cli import examples
from purveyor.cli.catalog_context import open_catalog_context
from purveyor.cli.format import print_fields, print_rows, shortened, tell_size, tell_time
from purveyor.cli.options import with_catalog, with_json, with_json_lines, with_target
from purveyor.durations import tell_age
from purveyor.state_key import IDENTITY_OUTPUT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from purveyor.backends.model import ListedState, StateVersion
    from purveyor.json_text import JsonObject
    from purveyor.lock import Lock
    from purveyor.states.content import StateDetails
    from purveyor.states.listing import Look

_HEADS = ("AGE", "SLUG", "LOCKED", "KIND", "ID", "SIZE", "KEY")
_INSIDE = ("serial", "resources", "engine_version")
_LONG_HEADS = (*_HEADS[:-1], "SERIAL", "RESOURCES", "ENGINE", "HOLDER", "KEY")


@click.command("list", epilog=examples("purveyor state list --kind service --long"))
@click.option("--kind", type=click.Choice(["service", "link"]), help="Only these.")
@click.option("--prefix", default="", help="Only those whose id or key begins so.")
@click.option("--long", "is_long", is_flag=True, help="Read each state: serial, resources, holder.")
@with_catalog
@with_json_lines
def list_states(
    *, kind: str | None, prefix: str, is_long: bool, catalog_path: str | None, as_json: bool
) -> None:
    """List all states, those that were written last first.

    A table where a person reads, tab-separated lines with whole ids elsewhere. `?` is what a
    listing does not tell.
    """
    context = open_catalog_context(catalog_path)
    if any(each.stateless for each in context.catalog.model.entries):
        words = "What no module makes has no state and is not listed here: `purveyor journal list`."
        click.echo(words, err=True)
    every = list(context.backend.list())
    begins = (
        each for each in every if each.entity_id.startswith(prefix) or each.path.startswith(prefix)
    )
    wanted = [each for each in begins if kind in (None, each.kind)]
    newest = sorted(wanted, key=_written, reverse=True)
    if is_long:
        from purveyor.states.listing import look_into

        looked: Iterator[tuple[ListedState, Look | None]] = look_into(context.backend, iter(newest))
    else:
        looked = ((state, None) for state in newest)
    if as_json:
        for state, look in looked:
            click.echo(json_text.write(_fields(state, look)))
    else:
        short = shortened(state.entity_id for state in every)
        rows = (_cells(state, look, short) for state, look in looked)
        heads = _LONG_HEADS if is_long else _HEADS
        print_rows(heads, rows, main=5, nothing="No state fits." if every else "There is no state.")


@click.command(epilog=examples("purveyor state show orders-db", "purveyor state show 5a1f --json"))
@with_target
@with_catalog
@with_json
def show(*, words: str, kind: str | None, catalog_path: str | None, as_json: bool) -> None:
    """Tell everything about one state; values of sensitive outputs are hidden."""
    from purveyor.states.content import inspect_state

    context = open_catalog_context(catalog_path)
    details = inspect_state(context.find(words, kind), context.backend)
    fields = _describe_state(details)
    if as_json:
        click.echo(json_text.write(fields, indent=2))
        return
    if details.stamp == details.target.stamp:  # what a person expects anyway
        del fields["stamp"]
    print_fields(fields)


@click.command(epilog=examples("purveyor state history orders-db"))
@with_target
@with_catalog
@with_json
def history(*, words: str, kind: str | None, catalog_path: str | None, as_json: bool) -> None:
    """List the kept versions of a state, newest first; `*` is the one in use.

    A removed state is found by its whole key.
    """
    from purveyor.states.content import missing

    context = open_catalog_context(catalog_path)
    target = context.find(words, kind)
    versions = context.backend.versions(target.key)
    if not versions:
        raise missing(target.key)
    if as_json:
        told = {"key": target.key.path, "versions": [_version(each) for each in versions]}
        told |= {"versions_note": context.backend.unversioned()}
        click.echo(json_text.write(told, indent=2))
        return
    rows = (
        ("*" if each.latest else "", tell_time(each.modified) or "?", tell_size(each.size), each.id)
        for each in versions
    )
    print_rows(("", "WRITTEN", "SIZE", "VERSION"), rows, main=3, nothing="")
    if note := context.backend.unversioned():
        click.echo(note, err=True)


@click.command(epilog=examples("purveyor state pull orders-db --output orders-db.tfstate"))
@with_target
@click.option("--version", metavar="V", help="An earlier version; see `purveyor state history`.")
@click.option("--output", type=click.Path(path_type=Path), help="A new file, for you alone (0600).")
@click.option("--force", is_flag=True, help="Print it on a terminal, or replace the file.")
@with_catalog
def pull(
    *,
    words: str,
    kind: str | None,
    version: str | None,
    output: Path | None,
    force: bool,
    catalog_path: str | None,
) -> None:
    """Write a state's text to a file or to standard output. It holds secrets in clear."""
    from purveyor.credentials.renewal import write_private
    from purveyor.states.content import missing

    if output is None and sys.stdout.isatty() and not force:
        raise click.UsageError("A state holds secrets: use --output FILE, or --force to see it.")
    if output is not None and output.exists() and not force:
        raise click.UsageError(f"{output} exists; --force replaces it.")
    context = open_catalog_context(catalog_path)
    target = context.find(words, kind)
    if version is None:
        text = context.backend.text(target.key)
    else:
        text = context.backend.read_version(target.key, version)
    if text is None:
        raise missing(target.key)
    if output is None:
        click.echo(text, nl=False)
    else:
        write_private(output, text)
    click.echo("This state holds secrets in clear: keep it private, remove it soon.", err=True)


@click.command(epilog=examples("purveyor state doctor --catalog team/purveyor.yaml"))
@with_catalog
@with_json
def doctor(*, catalog_path: str | None, as_json: bool) -> None:
    """Look for what is wrong with states.

    Reads every state once: unreadable ones, foreign stamps, two under one id, keys that no run
    looks at, held locks, and whether the window of both locks can be closed. The exit code is 19
    when there is a problem.
    """
    from purveyor.errors import RecoveryError
    from purveyor.states.checkup import Level, check_up

    context = open_catalog_context(catalog_path)
    findings = []
    for finding in check_up(context.backend, lock=context.lock):
        findings.append(finding)
        if not as_json:
            click.echo(f"{finding.level.value}: {finding.where}: {finding.text}")
            click.echo(f"  fix: {finding.fix}")
    problems = sum(each.level is Level.PROBLEM for each in findings)
    if as_json:
        listed = [dataclasses.asdict(each) for each in findings]
        told = {
            "place": context.name,
            "lock": context.lock,
            "problems": problems,
            "findings": listed,
        }
        click.echo(json_text.write(told, indent=2))
    else:
        click.echo(f"{context.name}: {problems} problems, {len(findings) - problems} notes")
    if problems:
        sys.exit(RecoveryError.exit_code)


def _fields(state: ListedState, look: Look | None) -> JsonObject:
    fields: JsonObject = {
        "kind": state.kind,
        "id": state.entity_id,
        "slug": state.slug,
        "key": state.path,
        "size": state.size,
        "modified": tell_time(state.modified),
        "locked": state.locked if look is None else look.lock is not None,
    }
    if look is None:
        return fields
    document = look.document
    return fields | {
        **{name: getattr(document, name, None) for name in _INSIDE},
        "lock": _lock(look.lock),
        "fault": look.fault.message if look.fault else None,
    }


def _written(state: ListedState) -> float:
    return state.modified.timestamp() if state.modified else 0.0


def _cells(state: ListedState, look: Look | None, short: Callable[[str], str]) -> tuple[str, ...]:
    locked = state.locked if look is None else look.lock is not None
    cells = (
        tell_age(time.time() - _written(state) if state.modified else None),
        state.slug or "-",
        {True: "yes", False: "no", None: "?"}[locked],
        state.kind,
        short(state.entity_id),
        tell_size(state.size),
    )
    if look is None:
        return (*cells, state.path)
    document = look.document
    if document is None:
        return (*cells, "?", "?", "?", "unreadable" if look.fault else "gone", state.path)
    holder = look.lock.who or look.lock.id if look.lock else "-"
    known = (str(document.serial), str(document.resources), document.engine_version, holder)
    return (*cells, *known, state.path)


def _describe_state(details: StateDetails) -> JsonObject:
    content, target = details.content, details.target
    fields: JsonObject = {"key": target.key.path, "kind": target.kind, "id": target.id}
    if content is not None:
        document = content.document
        outputs: JsonObject = {
            name: "(sensitive)" if output.sensitive else output.value
            for name, output in document.outputs.items()
            if name != IDENTITY_OUTPUT  # ours, told as `stamp`
        }
        fields |= {
            "serial": document.serial,
            "lineage": document.lineage,
            "engine_version": document.engine_version,
            "encrypted": document.encrypted,
            "size": len(content.text.encode()),
            "stamp": details.stamp,
            "resources": document.resources,
            "types": dict(content.types),
            "outputs": outputs,
        }
    return fields | {
        "fault": details.fault.message if details.fault else None,
        "lock": _lock(details.holder),
        "versions": len(details.versions),
        "versions_note": details.unversioned,
    }


def _lock(lock: Lock | None) -> JsonObject | None:
    if lock is None:
        return None
    return {"id": lock.id, "who": lock.who, "operation": lock.operation, "since": lock.created}


def _version(each: StateVersion) -> JsonObject:
    written = tell_time(each.modified)
    return {"id": each.id, "written": written, "size": each.size, "latest": each.latest}
