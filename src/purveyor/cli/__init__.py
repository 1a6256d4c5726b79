"""The command line: subcommands loaded when called, one error boundary."""

from __future__ import annotations

import gc
import os
import sys
from typing import TYPE_CHECKING, Any, cast

import click

from purveyor import __version__
from purveyor.errors import EngineError, PurveyorError
from purveyor.output import Output

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TextIO

# Loading libraries makes many objects and next to no garbage; collecting it, and taking everything
# apart at the end, would cost each run 45 ms (measured).
_OBJECTS_BETWEEN_COLLECTIONS = 200_000
_AUTHORING, _PLATFORM = "purveyor.cli.authoring", "purveyor.cli.platform"
_COMMANDS = {
    "run": ("purveyor.cli.run:run", "Carry out one action and tell the platform how it ended."),
    "finish": ("purveyor.cli.finish:finish", "Make sure that an action has an ending."),
    "approve": (f"{_PLATFORM}.approve:approve", "Allow the step that an action waits before."),
    "dispatch": (f"{_PLATFORM}.dispatch:dispatch", "Start a pipeline, as the platform would."),
    "init": (f"{_AUTHORING}.init:init", "Begin a catalog; write its first files."),
    "validate": (f"{_AUTHORING}.validate:validate", "Check a whole catalog, offline."),
    "doctor": ("purveyor.cli.doctor:doctor", "Find what is wrong before the first action."),
    "spec": (f"{_AUTHORING}.spec:spec", "Make specifications from modules; compare the two."),
    "test": (f"{_AUTHORING}.test:test", "Play the catalog's cases on an emulated platform."),
    "engine": ("purveyor.cli.engine:engine", "Install and list Terraform and OpenTofu."),
    "state": ("purveyor.cli.state:state", "Look at states, bring them back, move them."),
    "journal": ("purveyor.cli.journal:journal", "Look at the record of actions."),
    "sweep": ("purveyor.cli.sweep:sweep", "End actions whose runner died; free their locks."),
    "channel": (f"{_PLATFORM}.channel:channel", "Tell the platform where to send actions."),
    "actions": (f"{_PLATFORM}.actions:actions", "Show actions of the platform; send one again."),
    "serve": ("purveyor.cli.receiver.serve:serve", "Receive notifications and carry them out."),
    "work": (
        "purveyor.cli.receiver.work:work",
        "Carry out what other machines' receivers accepted.",
    ),
    "inbox": (
        "purveyor.cli.receiver.inbox:inbox",
        "Look at what was accepted; have it tried again.",
    ),
    "demo": (f"{_AUTHORING}.demo:demo", "Create, change and delete a service, to have a look."),
    "emulate": (f"{_AUTHORING}.emulate:emulate", "Run the platform's API on loopback."),
}


def examples(*lines: str) -> str:
    """Return what stands at the end of a command's help, line by line."""
    return "\n".join(
        ("\b", "Examples:" if len(lines) > 1 else "Example:", *(f"  {x}" for x in lines))
    )


# Commands whose only work is what they print.
_READING = {"validate", "journal", "list", "show", "history", "pull", "doctor"}


class LazyGroup(click.Group):
    """A group whose commands are imported when called, so that `--help` stays fast.

    `table` maps a command's name to where it is and to its line in the help.
    """

    def __init__(self, *args: Any, table: Mapping[str, tuple[str, str]], **settings: Any) -> None:
        super().__init__(*args, **settings)
        self.table = table

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(self.table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name not in self.table:
            return None
        import importlib

        module, name = self.table[cmd_name][0].split(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that is asked for; name a close one for what is none."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            from difflib import get_close_matches

            close = get_close_matches(args[0][:64], list(self.table), n=1)
            if not close:
                raise
            ctx.fail(f"{error.message} Did you mean '{close[0]}'?")

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in self.table.items()])


@click.group(
    cls=LazyGroup,
    table=_COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=examples("purveyor validate", "purveyor run --context action.json"),
)
@click.version_option(__version__, prog_name="purveyor")
def cli() -> None:
    """Turn a platform's service actions into provisioned infrastructure."""


def main() -> None:
    """Run the command line; the only place that exits and the only one that shows errors."""
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)
    _open_streams()
    try:
        cli()
    except PurveyorError as error:
        _show(error)
        sys.exit(error.exit_code)
    except MemoryError:
        _show(EngineError("There was not enough memory.", hint="Give the job more of it."))
        sys.exit(EngineError.exit_code)
    except Exception:  # noqa: BLE001 - the boundary: what nobody expected is a fault of ours
        _show_fault()
        sys.exit(PurveyorError.exit_code)
    finally:
        gc.freeze()


def _open_streams() -> None:
    """Let no output that is closed or full end a command, and no file take a stream's number."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest number that is free: this one
    try:
        os.getcwd()  # noqa: PTH109 - whether it is there
    except OSError:
        os.chdir("/")  # a folder that was removed: what is looked for in it is not found
    sys.stdin = sys.stdin or open(os.devnull)  # noqa: SIM115, PTH123 - open as long as we are
    errors = Output(sys.stderr, None, "Standard error")
    reads = bool(_READING & set(sys.argv[1:3]))
    sys.stdout = cast("TextIO", Output(sys.stdout, errors, "Standard output", ends=reads))
    sys.stderr = cast("TextIO", errors)


def _show(error: PurveyorError) -> None:
    """Say what, why and what next on standard error, as the CI around us wants it."""
    from purveyor.ci import detect
    from purveyor.redaction import Redactor
    from purveyor.settings import read_settings

    settings = read_settings()
    lines = [error.message, *error.details, f"Next: {error.hint}"]
    text = Redactor(settings.secrets()).redact("\n".join(lines))
    ci = detect(settings, stream=sys.stderr, errors=sys.stdout)
    ci.annotate("error", text, title=error.reason.value)


def _show_fault() -> None:
    """Print the traceback, without secrets of the environment."""
    import traceback

    from purveyor.redaction import Redactor
    from purveyor.settings import read_settings

    text = Redactor(read_settings().secrets()).redact(traceback.format_exc())
    click.echo(text, err=True)
    click.echo("error: INTERNAL: this is a fault of Purveyor's own: please report it.", err=True)
