"""Which CI we are in."""

from __future__ import annotations

from typing import TYPE_CHECKING, TextIO

from purveyor.ci.azure import Azure
from purveyor.ci.console import Console
from purveyor.ci.github import GitHub
from purveyor.ci.gitlab import GitLab
from purveyor.ci.terminal import Terminal

if TYPE_CHECKING:
    from collections.abc import Callable

    from purveyor.ci.model import CI
    from purveyor.settings import Settings

_MARKS: dict[str, Callable[[Console, Settings], CI]] = {
    "GITHUB_ACTIONS": GitHub,
    "GITLAB_CI": GitLab,
    "TF_BUILD": Azure,
}


def detect(settings: Settings, *, stream: TextIO, errors: TextIO) -> CI:
    """Return the CI that set its mark in the environment, else the terminal.

    Everything is written to `stream`; `errors` hears once of what could not be written.
    """
    console = Console(stream, errors)
    for mark, vendor in _MARKS.items():
        if (settings.text(mark) or "").lower() == "true":
            return vendor(console, settings)
    return Terminal(console, settings)
