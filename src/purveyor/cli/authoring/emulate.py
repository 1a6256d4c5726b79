"""`purveyor emulate`: the platform's API on loopback, until Ctrl-C."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import TYPE_CHECKING

import click

from purveyor.cli import examples

if TYPE_CHECKING:
    from purveyor_emulator import Emulator

_STOPS = frozenset({signal.SIGINT, signal.SIGTERM})

_EXAMPLES = examples(
    "purveyor emulate",
    "purveyor emulate --port 8099 --log requests.jsonl",
    "purveyor emulate --print-seed > seed.yaml",
    "purveyor emulate --seed seed.yaml --token-seconds 5",
    "purveyor emulate --tls --port 8443",
)


def _print_seed(ctx: click.Context, _option: click.Parameter, wanted: bool) -> None:  # noqa: FBT001 - click's callback signature
    if not wanted or ctx.resilient_parsing:
        return
    from purveyor_emulator import DEFAULT_SEED

    click.echo(DEFAULT_SEED.read_text(encoding="utf-8"), nl=False)
    ctx.exit()


@click.command(epilog=_EXAMPLES)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=0,
    metavar="N",
    help="Port to listen on; 0, the default, takes a free one.",
)
@click.option(
    "--seed",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="JSON or YAML with specifications, services and channels to start with.",
)
@click.option(
    "--log",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="File that gets each request as one JSON line, secrets masked.",
)
@click.option(
    "--token-seconds",
    type=click.FloatRange(0, min_open=True),
    default=3600.0,
    metavar="SECONDS",
    show_default=True,
    help="How long an access token lives.",
)
@click.option("--tls", is_flag=True, help="Serve https, with a certificate made by openssl.")
@click.option(
    "--print-seed",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_seed,
    help="Print the default seed, as a start for your own, and exit.",
)
def emulate(
    port: int, seed: Path | None, log: Path | None, token_seconds: float, *, tls: bool
) -> None:
    """Run the platform's API on loopback.

    It logs programs in, keeps services, links and actions in memory, sends notifications to http
    channels, and shows at its address what a developer would see. It talks to nothing else and
    forgets everything when it ends.
    """
    from purveyor.extras import require
    from purveyor_emulator import Emulator

    require("emulator")
    # Blocked before any thread starts, so that only the wait below gets them.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _STOPS)
    try:
        with Emulator.running(
            seed=seed, token_seconds=token_seconds, port=port, log=log, tls=tls
        ) as emulator:
            click.echo(_greeting(emulator))
            signal.sigwait(_STOPS)
    except OSError as error:
        raise click.UsageError(f"The emulator cannot start on port {port}: {error}") from None
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    click.echo("The emulator has ended.")


def _greeting(emulator: Emulator) -> str:
    url = emulator.url
    first = next(iter(emulator.platform.store.specifications.by_id.values()), None)
    slug = first.slug if first else "sqs-queue"
    exports = "\n".join(f"  export {k}={v}" for k, v in emulator.environment().items())
    # The default seed's own parameter; another seed's are its author's to know.
    parameters = ', "parameters": {"queue_name": "orders"}' if slug == "sqs-queue" else ""
    body = f'{{"specification": "{slug}", "name": "orders"{parameters}}}'
    return (
        f"The platform emulator listens on {url} (Ctrl-C ends it).\n\n"
        f"Point programs at it:\n{exports}\n\n"
        "Press Create, and carry it out:\n"
        f"  curl -s {url}/emulator/press -d '{body}' > context.json\n"
        "  purveyor run --context context.json\n\n"
        "Or have it sent to a receiver:\n"
        "  purveyor serve --insecure-loopback &\n"
        "  purveyor channel create http http://127.0.0.1:8080/notifications"
        f" --nrn organization={emulator.platform.store.seed.place['organization']['id']}\n\n"
        f"See what a developer sees:\n  {url}/\n\n"
        "Make trouble:\n"
        f"  curl -s -X PUT {url}/emulator/faults "
        '-d \'{"faults": [{"kind": "status", "status": 500, "count": 2}]}\'\n'
    )
