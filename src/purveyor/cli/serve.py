"""`purveyor serve`: the receiver of an http notification channel."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from purveyor.cli import examples
from purveyor.cli.options import with_catalog
from purveyor.dataclass import dataclass
from purveyor.durations import read_duration

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.applications import Starlette
    from uvicorn import Server

    from purveyor.receiver.authentication import Authentication
    from purveyor.receiver.events import Tell
    from purveyor.receiver.runs import RunsHere
    from purveyor.settings import Settings

_EXAMPLES = examples(
    "purveyor serve                            the token comes from PURVEYOR_SERVE_TOKENS",
    "purveyor serve --host 0.0.0.0 --tls-certificate tls.pem --tls-key key.pem",
    "purveyor serve --insecure-loopback        to try it out on this machine",
)


def _read_keep(context: click.Context, option: click.Parameter, text: str) -> float:
    del context, option
    try:
        return read_duration(text, least=3600.0)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeOptions:
    """What the command line asked for; times in seconds."""

    catalog_path: str | None
    host: str
    port: int
    inbox: str | None
    workers: int
    allow: tuple[str, ...]
    timeout: float
    drain: float
    keep: float
    tls_certificate: Path | None
    tls_key: Path | None
    insecure_loopback: bool

    def place(self, settings: Settings) -> str:
        from purveyor.inbox import DEFAULT

        return self.inbox or settings.text("PURVEYOR_INBOX") or DEFAULT

    def folder(self, settings: Settings) -> Path:
        """Return where what belongs to this machine's runs lies: beside an inbox in a file."""
        from purveyor.inbox import DEFAULT

        place = self.place(settings)
        return Path(DEFAULT if "://" in place else place).expanduser().absolute().parent


@click.command(epilog=_EXAMPLES)
@with_catalog
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8080,
    show_default=True,
    help="Port to listen on; 0 takes a free one.",
)
@click.option(
    "--inbox",
    metavar="PATH|URL",
    help="What keeps notifications until they have ended: a file, or postgresql://… for several"
    " receivers. Without it: PURVEYOR_INBOX, then"
    " ~/.local/state/purveyor/inbox.sqlite.",
)
@click.option(
    "--workers",
    type=click.IntRange(1, 256),
    default=4,
    show_default=True,
    help="How many actions are carried out at once.",
)
@click.option(
    "--allow",
    multiple=True,
    metavar="SLUG",
    help="A service specification to serve. May be given again. Without it: all of the catalog.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    default=3600.0,
    show_default=True,
    metavar="SECONDS",
    help="Have a run stop in order after so long.",
)
@click.option(
    "--drain",
    type=click.FloatRange(min=0),
    default=30.0,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait at the end for runs that have begun. Those that take longer go on, and"
    " the next start waits for them.",
)
@click.option(
    "--keep",
    callback=_read_keep,
    default="30d",
    show_default=True,
    metavar="DURATION",
    help="How long what has ended is remembered: 12h, 30d.",
)
@click.option("--tls-certificate", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--tls-key", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--insecure-loopback",
    is_flag=True,
    help="Take notifications from anybody on this machine: no token, loopback only.",
)
def serve(**named: Any) -> None:
    """Receive notifications and carry them out.

    Listens for POST /notifications, which an http notification channel sends. It is answered 2xx
    only when the notification is safe on the disk; then `purveyor run` carries it out here, one
    process an action, those of one service or link in order. A token is needed:
    PURVEYOR_SERVE_TOKENS or PURVEYOR_SERVE_TOKENS_FILE, or a secret that signs:
    PURVEYOR_SERVE_SECRETS or PURVEYOR_SERVE_SECRETS_FILE.

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

    from purveyor.inbox import open_inbox
    from purveyor.process import Interruption
    from purveyor.receiver.app import Receiver, build_app
    from purveyor.receiver.events import log_events
    from purveyor.receiver.serving import ServeLimits
    from purveyor.receiver.serving import serve as serve_until_signal

    settings.check()
    authentication = _open_authentication(options, settings)
    serves = _open_catalog(options, settings)
    tell = log_events(click.echo)
    perform = _open_runs(options, settings, tell)
    listener = _listen(options)

    async def live() -> None:
        receiver = Receiver(open_inbox(options.place(settings)), authentication, serves, tell)
        server = _open_server(build_app(receiver), options)
        host, port = listener.getsockname()[:2]
        tell("listening", host=host, port=port, workers=options.workers)
        limits = ServeLimits(options.workers, options.drain, options.keep, perform.forget)
        await serve_until_signal(
            receiver, server, listener, perform=perform, limits=limits, tell=tell
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


def _open_catalog(options: ServeOptions, settings: Settings) -> Callable[[str, str], bool]:
    """Return which specifications are served: a service's slug, and a link's or nothing."""
    from purveyor.cli.catalog_context import load_chosen_catalog

    catalog = load_chosen_catalog(options.catalog_path, settings)
    allowed = frozenset(options.allow)
    return lambda service, link: service in allowed if allowed else catalog.serves(service, link)


def _open_runs(options: ServeOptions, settings: Settings, tell: Tell) -> RunsHere:
    from functools import partial

    from purveyor.client import PlatformClient, read_address, read_credentials
    from purveyor.errors import CredentialsError
    from purveyor.receiver.confirmation import confirm
    from purveyor.receiver.runs import RunsHere
    from purveyor.redaction import Redactor

    credentials = read_credentials(settings)
    if credentials is None:
        raise CredentialsError(
            "There are no credentials for the platform: no run could tell how it ended.",
            hint="Give an API key in NULLPLATFORM_API_KEY, or a token in NP_TOKEN.",
        )
    client = PlatformClient(
        read_address(settings), credentials, redactor=Redactor(settings.secrets())
    )
    catalog = Path(options.catalog_path or settings.text("PURVEYOR_CATALOG") or ".").absolute()
    return RunsHere(
        folder=options.folder(settings) / "runs",
        arguments=("--catalog", str(catalog), "--timeout", str(options.timeout)),
        # Nobody watches: what a run cannot do without an API key is refused, as in a CI.
        environment={**settings.for_runs(), "CI": "true"},
        tell=tell,
        confirm=partial(confirm, client),
    )


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
