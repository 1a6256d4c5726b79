"""`purveyor channel`: tells the platform where to send the actions of a catalog's services."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import click

from purveyor import json_text
from purveyor.cli import LazyGroup, examples
from purveyor.cli.catalog_context import load_chosen_catalog
from purveyor.cli.format import print_fields, print_rows
from purveyor.cli.logins import open_platform
from purveyor.cli.options import (
    choose_nrn,
    confirm,
    with_catalog,
    with_json,
    with_json_lines,
    with_nrn,
    with_yes,
)
from purveyor.errors import CatalogError
from purveyor.settings import read_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from purveyor.client import PlatformClient
    from purveyor.json_text import JsonObject

_HERE = "purveyor.cli.platform.channel"
TYPES = ("github", "gitlab", "azure", "http")
_COMMANDS = {
    "create": (f"{_HERE}:create", "Make a channel, or make the one that is there fit."),
    "list": (f"{_HERE}:list_all", "List the channels of a place."),
    "show": (f"{_HERE}:show", "Tell everything about one channel."),
    "update": (f"{_HERE}:update", "Bring a channel up to date with the catalog."),
    "delete": (f"{_HERE}:delete", "Delete a channel."),
    "test": (f"{_HERE}:test", "Send a notification through a channel, and follow it."),
    "export": (f"{_HERE}:export", "Print a channel as Terraform."),
}
_TARGETS = examples(
    "purveyor channel create github acme/catalog --installation-id 12345678 --nrn organization=1",
    "purveyor channel create gitlab 4711 --nrn organization=1:account=2",
    "purveyor channel create azure acme/platform/7 --nrn organization=1:account=2",
    "purveyor channel create http https://purveyor.example.com/notifications"
    " --header Authorization=env:RECEIVER_AUTHORIZATION --nrn organization=1",
)


@click.group(cls=LazyGroup, table=_COMMANDS, epilog=examples("purveyor channel list"))
def channel() -> None:
    """Tell the platform where to send the actions of a catalog's services."""


def _read_headers(_: click.Context, option: click.Parameter, words: Sequence[str]) -> JsonObject:
    """Return each header's variable."""
    found = [re.fullmatch(r"([\w-]+)=env:(\w+)", word, re.ASCII) for word in words]
    if None in found:
        raise click.BadParameter("say NAME=env:VARIABLE: no secret stands here", param=option)
    return {each[1]: each[2] for each in found if each}


def with_all(*options: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def decorate(command: Any) -> Any:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


_number = click.argument("number", metavar="CHANNEL", type=click.IntRange(1))
_header = click.option(
    *("--header", "headers"),
    callback=_read_headers,
    multiple=True,
    metavar="NAME=env:VARIABLE",
    help="What an http channel sends along; name all of it.",
)
_configuring = (
    click.option("--reference", metavar="BRANCH", help="What a CI runs; main, if nothing is said."),
    click.option("--installation-id", metavar="ID", help="The GitHub App's installation."),
    _header,
    click.option("--description", metavar="TEXT", help="At most 64 characters."),
)
_workflow = click.option(
    "--workflow", default="provision.yml", show_default=True, help="GitHub's file."
)
with_new = (*_configuring, _workflow)
_targeting = (
    click.argument("kind", metavar="TYPE", type=click.Choice(TYPES)),
    click.argument("target"),
    with_nrn,
    *with_new,
)
_beside = click.option(
    *("--beside", "beside"),
    multiple=True,
    type=int,
    metavar="CHANNEL",
    help="Another one that takes the same actions but starts no run. May be given again.",
)
_status = click.option("--status", type=click.Choice(["active", "inactive"]))


@click.command(epilog=_TARGETS)
@with_all(*_targeting, _beside, with_catalog, with_yes, with_json)
def create(**given: Any) -> None:
    """Make a channel for the services of the catalog, or make the one that is there fit.

    TARGET is what the platform is to start: ACCOUNT/REPOSITORY for github, PROJECT_ID for gitlab,
    ORGANIZATION/PROJECT/PIPELINE_ID for azure, a URL for http. A channel of the same place, type
    and target is changed instead, after it was shown how. A second channel that would start a
    second run for the same action is refused.
    """
    _write(given)


@click.command(epilog=examples("purveyor channel update 17 --yes"))
@with_all(_number, *_configuring, _status, _beside, with_catalog, with_yes, with_json)
def update(*, number: int, **given: Any) -> None:
    """Bring a channel up to date with the catalog, and change what options name.

    What would change is shown first.
    """
    _write(given, number)


@click.command("list", epilog=examples("purveyor channel list --nrn organization=1:account=2"))
@with_all(with_nrn, with_json_lines)
def list_all(*, nrn: str | None, as_json: bool) -> None:
    """List the channels of a place, those above, which serve it too, and those below."""
    from purveyor.channels.model import target_of
    from purveyor.channels.platform import list_channels, mask

    found = list_channels(open_platform(), choose_nrn(nrn))
    if as_json:
        click.echo("".join(f"{json_text.write(mask(each))}\n" for each in found), nl=False)
        return
    heads = ("id", "type", "status", "target", "description", "nrn")
    rows = ({**each, "target": target_of(each)} for each in found)
    cells = ([str(each.get(name) or "-") for name in heads] for each in rows)
    print_rows([each.upper() for each in heads], cells, main=4, nothing="There is no channel.")


@click.command(epilog=examples("purveyor channel show 17"))
@with_all(_number, with_json)
def show(*, number: int, as_json: bool) -> None:
    """Tell everything about one channel; what may be secret by its name only."""
    from purveyor.channels.platform import mask

    shown = mask(_read(open_platform(), number))
    if as_json:
        click.echo(json_text.write(shown, indent=2))
    else:
        print_fields(shown)


@click.command(epilog=examples("purveyor channel delete 17"))
@with_all(_number, with_yes)
def delete(*, number: int, yes: bool) -> None:
    """Delete a channel: nothing is sent there any more."""
    from purveyor.channels.model import name_channel
    from purveyor.channels.platform import CHANNEL

    client = open_platform()
    name = name_channel(_read(client, number))
    confirm(f"Delete the channel {name}?", yes=yes)
    client.call("DELETE", f"{CHANNEL}/{number}", what="delete the channel")
    click.echo(f"deleted: {name}", err=True)


@click.command(epilog=examples("purveyor channel test 17"))
@with_all(
    _number,
    click.option("--notification", metavar="ID", help="Without it, the newest of the catalog's."),
    click.option("--start-seconds", default=600.0, show_default=True, help="Limit for the start."),
    click.option("--end-seconds", default=3600.0, show_default=True, help="Limit for the run."),
    *(with_catalog, with_yes, with_json_lines),
)
def test(*, number: int, start_seconds: float, end_seconds: float, **given: Any) -> None:
    """Send a notification through a channel again, and follow it to the end.

    Told apart are: accepted by the channel, started, reported back. An action that is pending is
    carried out by that. For one that has ended nothing is done twice, so that no start is seen.
    """
    from urllib.parse import quote

    from purveyor.channels.trial import PENDING, Trial, find_notification
    from purveyor.clock import Clock

    client = open_platform()
    current = _read(client, number)
    if given["notification"]:
        path = f"/notification/{quote(given['notification'], safe='')}"
        envelope = client.call("GET", path, what="read the notification")
    else:
        slugs = _find_slugs(given["catalog_path"])
        envelope = find_notification(client, str(current["nrn"]), slugs)
    trial = Trial(client, current, envelope, Clock())
    click.echo(f"{trial.what} ({trial.before})", err=True)
    if trial.before == PENDING:
        confirm("It is pending, and will be carried out. Go on?", yes=given["yes"])
    for stage, seen in trial.follow(start_seconds, end_seconds):
        told = json_text.write({"stage": stage, "seen": seen})
        click.echo(told if given["as_json"] else f"{stage}: {seen}")


@click.command(
    epilog=examples("purveyor channel export terraform github acme/catalog --nrn organization=1")
)
@with_all(click.argument("form", type=click.Choice(["terraform"])), *_targeting, with_catalog)
def export(**given: Any) -> None:
    """Print the channel that `create` would make as a resource of the platform's own provider."""
    click.echo(write_new(given), nl=False)


def write_new(given: dict[str, Any]) -> str:
    """Return the channel that `create` would make as Terraform."""
    from purveyor.channels.terraform import write_terraform

    return write_terraform(_build(given, _find_slugs(given["catalog_path"]), {}))


def _find_slugs(catalog_path: str | None) -> list[str]:
    from purveyor.channels.model import find_slugs

    found = find_slugs(load_chosen_catalog(catalog_path, read_settings()))
    if not found:
        raise CatalogError(
            "The catalog serves no service, so that a channel would bring nothing.",
            hint="Put a module into modules/<slug of the service's specification>/.",
        )
    return found


def _read(client: PlatformClient, number: int) -> JsonObject:
    from purveyor.channels.platform import CHANNEL

    return client.call("GET", f"{CHANNEL}/{number}", what="read the channel")


def _build(given: dict[str, Any], slugs: Sequence[str], current: JsonObject | None) -> JsonObject:
    from purveyor.channels.model import build_channel, read_target

    known = current or {}
    kind = given.get("kind") or str(known.get("type"))
    said = {n: given[n] for n in ("reference", "installation_id", "headers") if given[n]}
    fields = {n: given[n] for n in ("description", "status") if given.get(n)}
    try:
        if "target" in given:
            said |= read_target(kind, given["target"], given["workflow"])
        built = build_channel(kind, said, fields, slugs, current)
    except ValueError as error:
        raise click.UsageError(f"{error}.") from None
    return {"nrn": known.get("nrn") or choose_nrn(given["nrn"]), **built}


def _read_variables(names: JsonObject) -> JsonObject:
    values: JsonObject = {name: read_settings().text(str(each)) for name, each in names.items()}
    for name, value in values.items():
        if not re.fullmatch("[ -~]+", str(value or "")):
            raise click.UsageError(f"The variable {names[name]} holds nothing a header can be.")
    return values


def _write(given: dict[str, Any], number: int | None = None) -> None:
    """Show what would change, ask where something is there that changes, and do it."""
    from purveyor.channels import platform
    from purveyor.channels.model import name_channel
    from purveyor.channels.overlap import refuse_doubles

    given["headers"] = _read_variables(given["headers"])
    client, slugs = open_platform(given["headers"]), _find_slugs(given["catalog_path"])
    current = _read(client, number) if number else None
    wanted = _build(given, slugs, current)
    there = platform.list_channels(client, str(wanted["nrn"]))
    if current is None:
        current = platform.find_same(there, wanted)
        wanted = _build(given, slugs, current)
    refuse_doubles(wanted, there, slugs, {current.get("id"), *given["beside"]})
    changes = platform.list_changes(current, wanted)
    if not given["as_json"]:
        print_rows(("WHAT", "NOW", "WANTED"), changes, main=1, nothing="It is as wanted.")
    if current and changes:
        confirm(f"Change the channel {name_channel(current)}?", yes=given["yes"])
    word, saved = platform.save_channel(client, current, wanted, [path for path, *_ in changes])
    if given["as_json"]:
        told = [dict(zip(("what", "now", "wanted"), each, strict=True)) for each in changes]
        click.echo(
            json_text.write({"done": word, "channel": platform.mask(saved), "changes": told})
        )
    else:
        click.echo(f"{word}: {name_channel(saved)}", err=True)
