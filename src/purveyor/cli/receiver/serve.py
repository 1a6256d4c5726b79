"""`purveyor serve`: the receiver of an http notification channel."""

from __future__ import annotations

import socket
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from purveyor.cli import examples
from purveyor.cli.options import choose_inbox
from purveyor.cli.receiver.work import WorkOptions, open_client, open_runs, read_seconds, with_work
from purveyor.dataclass import dataclass

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Awaitable, Callable, Sequence

    from starlette.applications import Starlette
    from starlette.routing import Route
    from uvicorn import Server

    from purveyor.inbox.model import Inbox
    from purveyor.receiver.authentication import Authentication
    from purveyor.receiver.events import Tell
    from purveyor.receiver.forwarding import Forwarding
    from purveyor.settings import Settings

_EXAMPLES = examples(
    "purveyor serve                            the token comes from PURVEYOR_SERVE_TOKENS",
    "purveyor serve --host 0.0.0.0 --tls-certificate tls.pem --tls-key key.pem",
    "purveyor serve --forward github --project acme/catalog --pipeline provision.yml",
    "purveyor serve --insecure-loopback        to try it out on this machine",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeOptions(WorkOptions):
    """What else the command line asked for."""

    host: str
    port: int
    allow: tuple[str, ...]
    tls_certificate: Path | None
    tls_key: Path | None
    insecure_loopback: bool
    nrn: tuple[str, ...]
    missed_every: float
    forward: str | None
    project: str
    pipeline: str
    ref: str


@click.command(epilog=_EXAMPLES)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8080,
    show_default=True,
    help="Port to listen on; 0 takes a free one.",
)
@click.option(
    "--allow",
    multiple=True,
    metavar="SLUG",
    help="A service specification to serve. May be given again. Without it: all of the catalog.",
)
@with_work
@click.option(
    "--nrn",
    multiple=True,
    metavar="NRN",
    help="Fetch what was missed: ask the platform, at this place and below, for deliveries that"
    " failed and for actions that wait and that nobody has. May be given again. Without it:"
    " PURVEYOR_NRN, with spaces between.",
)
@click.option(
    "--missed-every",
    callback=partial(read_seconds, least=1.0),
    default="5min",
    show_default=True,
    metavar="DURATION",
    help="How often to ask for that: at the start, and then so often.",
)
@click.option("--tls-certificate", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--tls-key", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--insecure-loopback",
    is_flag=True,
    help="Take notifications from anybody on this machine: no token, loopback only.",
)
@click.option(
    "--forward",
    type=click.Choice(["github", "gitlab", "azure"]),
    help="Have each action carried out by a pipeline of this CI, not here.",
)
@click.option("--project", default="", help="With --forward: owner/repository, path or name.")
@click.option(
    "--pipeline", default="", help="With --forward: GitHub's workflow file, Azure's pipeline id."
)
@click.option("--ref", default="main", show_default=True, help="With --forward: branch or tag.")
def serve(**named: Any) -> None:
    """Receive notifications and carry them out.

    Listens for POST /notifications, which an http notification channel sends. It is answered 2xx
    only when the notification is safe on the disk; then `purveyor run` carries it out here, one
    process an action, those of one service or link in order. A token is needed:
    PURVEYOR_SERVE_TOKENS or PURVEYOR_SERVE_TOKENS_FILE, or a secret that signs:
    PURVEYOR_SERVE_SECRETS or PURVEYOR_SERVE_SECRETS_FILE. Who holds one of
    PURVEYOR_SERVE_VIEW_TOKENS may look at `/`, a page, and `/metrics`, for Prometheus.

    With --forward a pipeline carries it out instead; GITHUB_TOKEN, GITLAB_TOKEN or
    SYSTEM_ACCESSTOKEN starts it.

    SIGTERM ends it in order: nothing is lost that was accepted. What happens is told on standard
    output, one JSON object a line.
    """
    from purveyor.extras import require
    from purveyor.settings import read_settings

    require("serve")
    _serve(ServeOptions(**named), read_settings())


def _serve(options: ServeOptions, settings: Settings) -> None:
    import asyncio

    import uvloop

    from purveyor.inbox import use_inbox
    from purveyor.process import Interruption
    from purveyor.receiver.app import Receiver, build_app
    from purveyor.receiver.serving import ServeLimits
    from purveyor.receiver.serving import serve as serve_until_signal

    settings.check()
    authentication = _open_authentication(options, settings)
    serves = _open_catalog(options, settings)
    tell, watch = _open_watching(options, settings)
    perform = (_open_forwarding if options.forward else open_runs)(options, settings, tell)
    listener = _listen(options)

    async def live() -> None:
        async with use_inbox(choose_inbox(options.inbox_address, settings)) as inbox:
            receiver = Receiver(inbox, authentication, serves, tell)
            server = _open_server(build_app(receiver, watch(inbox)), options)
            host, port = listener.getsockname()[:2]
            tell("listening", host=host, port=port, workers=options.workers)
            limits = ServeLimits(options.workers, options.drain, options.keep, perform.forget)
            search = _open_search(options, settings, inbox, serves, tell)
            await serve_until_signal(
                *(receiver, server, listener),
                perform=perform,
                limits=limits,
                tell=tell,
                search=search,
            )

    # uvicorn raises a signal again once it has stopped; it is not to end us before the runs.
    with Interruption().caught(), asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(live())


def _open_authentication(options: ServeOptions, settings: Settings) -> Authentication:
    from purveyor.client.login import is_loopback
    from purveyor.errors import CredentialsError
    from purveyor.receiver.authentication import Authentication

    tokens, secrets = (
        _read_words(settings, f"PURVEYOR_SERVE_{name}") for name in ("TOKENS", "SECRETS")
    )
    if options.insecure_loopback and not is_loopback(options.host):
        raise click.UsageError("--insecure-loopback listens on this machine only: leave --host.")
    if not tokens and not secrets and not options.insecure_loopback:
        raise CredentialsError(
            "The receiver has no token: anybody could send it notifications.",
            hint="Set PURVEYOR_SERVE_TOKENS to the output of `openssl rand -hex 32`, and have the"
            " channel send it in the header `Authorization: Bearer …`. To try it out on this"
            " machine alone: --insecure-loopback.",
        )
    return Authentication(tokens, secrets, anybody=options.insecure_loopback)


def _read_words(settings: Settings, name: str) -> list[str]:
    """Return what a variable and the file that another one names hold."""
    from purveyor.errors import CredentialsError

    words = (settings.text(name) or "").split()
    if path := settings.text(f"{name}_FILE"):
        try:
            words += Path(path).read_text("utf-8").split()
        except (OSError, ValueError) as error:
            raise CredentialsError(
                f"The file of {name}_FILE cannot be read: {type(error).__name__}.",
                hint="Name a file that this user can read, with a token on each line.",
            ) from None
    return words


def _open_watching(
    options: ServeOptions, settings: Settings
) -> tuple[Tell, Callable[[Inbox], Sequence[Route]]]:
    """Return what takes events, and the routes for those who watch: none where nobody may."""
    from purveyor.receiver.authentication import Authentication
    from purveyor.receiver.events import log_events, tell_all
    from purveyor.receiver.metrics import ReceiverMetrics
    from purveyor.receiver.page import watch_routes

    metrics = ReceiverMetrics()
    tell = tell_all(log_events(click.echo), metrics)
    tokens = _read_words(settings, "PURVEYOR_SERVE_VIEW_TOKENS")
    if not tokens and not options.insecure_loopback:
        return tell, lambda _: ()
    viewers = Authentication(tokens, (), anybody=options.insecure_loopback)
    return tell, lambda inbox: watch_routes(inbox, metrics, viewers)


def _open_search(
    options: ServeOptions,
    settings: Settings,
    inbox: Inbox,
    serves: Callable[[str, str], bool],
    tell: Tell,
) -> Callable[[asyncio.Event], Awaitable[None]] | None:
    """Return what searches for missed deliveries until it is told to stop; None without a place."""
    from purveyor.cli.catalog_context import open_catalog_context, open_journal
    from purveyor.receiver.missed import MissedDeliveries

    places = options.nrn or tuple((settings.text("PURVEYOR_NRN") or "").split())
    if not places:
        return None
    records = open_catalog_context(options.catalog_path).records
    journal = open_journal(records, settings) if records else None
    claimed = (lambda action: journal.last(action) is not None) if journal else None
    client = partial(open_client, settings)
    missed = MissedDeliveries(inbox, client, places, serves, claimed, tell)
    return partial(missed.keep_fetching, options.missed_every)


def _open_catalog(options: ServeOptions, settings: Settings) -> Callable[[str, str], bool]:
    """Return which specifications are served: a service's slug, and a link's or nothing."""
    from purveyor.cli.catalog_context import load_chosen_catalog

    catalog = load_chosen_catalog(options.catalog_path, settings)
    allowed = frozenset(options.allow)
    return lambda service, link: service in allowed if allowed else catalog.serves(service, link)


def _open_forwarding(options: ServeOptions, settings: Settings, tell: Tell) -> Forwarding:
    from purveyor.dispatch import PipelineTarget, open_dispatcher
    from purveyor.receiver.confirmation import confirm
    from purveyor.receiver.forwarding import Forwarding

    if not options.project:
        raise click.UsageError("--forward needs --project.")
    target = PipelineTarget(options.project, options.pipeline, options.ref)
    dispatcher = open_dispatcher(str(options.forward), target, settings)
    return Forwarding(dispatcher, tell, partial(confirm, open_client(settings)))


def _listen(options: ServeOptions) -> socket.socket:
    family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
    try:
        return socket.create_server((options.host, options.port), family=family, backlog=1024)
    except OSError as error:
        where = f"{options.host} port {options.port}"
        raise click.UsageError(f"The receiver cannot listen on {where}: {error}.") from None


def _open_server(app: Starlette, options: ServeOptions) -> Server:
    from uvicorn import Config, Server

    from purveyor.receiver.connection_limits import LimitedProtocol

    if (options.tls_certificate is None) != (options.tls_key is None):
        raise click.UsageError("--tls-certificate and --tls-key belong together.")
    config = Config(
        app,
        http=LimitedProtocol,
        ws="none",
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=15,
        timeout_graceful_shutdown=15,
        ssl_certfile=options.tls_certificate,
        ssl_keyfile=options.tls_key,
    )
    return Server(config)
