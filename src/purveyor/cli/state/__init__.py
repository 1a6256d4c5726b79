"""`purveyor state`: the group; each command is loaded when called."""

from __future__ import annotations

import click

from purveyor.cli import LazyGroup, examples

_READING = "purveyor.cli.state.reading"
_FREEING = "purveyor.cli.state.freeing"
_WRITING = "purveyor.cli.state.writing"
_MOVING = "purveyor.cli.state.moving"
_COMMANDS = {
    "list": (f"{_READING}:list_states", "List all states."),
    "show": (f"{_READING}:show", "Tell everything about one state."),
    "history": (f"{_READING}:history", "List the kept versions of a state."),
    "pull": (f"{_READING}:pull", "Write a state, or an earlier version, to a file."),
    "unlock": (f"{_FREEING}:unlock", "Free the lock of a run that is dead."),
    "restore": (f"{_WRITING}:restore", "Go back to an earlier version of a state."),
    "rescue": (f"{_WRITING}:rescue", "Save what a run could not save."),
    "settle": (f"{_FREEING}:settle", "Say that a doubt was looked into."),
    "adopt": (f"{_MOVING}:adopt", "Take over a state that lies under another key."),
    "migrate": (f"{_MOVING}:migrate", "Move states to another backend or key scheme."),
    "unmark": (f"{_MOVING}:unmark", "Let a state that moved live here again."),
    "bootstrap": (
        "purveyor.cli.state.bootstrap:bootstrap",
        "Make the place where states live, and make it safe.",
    ),
    "doctor": (f"{_READING}:doctor", "Look for what is wrong with states."),
}


@click.group(
    cls=LazyGroup,
    table=_COMMANDS,
    epilog=examples("purveyor state list", "purveyor state show orders-db"),
)
def state() -> None:
    """Look at states, bring them back, move them."""
