"""Which CI we are in, and which of its runs this is."""

from __future__ import annotations

from typing import TYPE_CHECKING, TextIO

from purveyor.ci.console import Console
from purveyor.ci.model import CI, Tone
from purveyor.ci.plain import join_plain
from purveyor.run_identity import RunIdentity, read_machine

if TYPE_CHECKING:
    from purveyor.settings import Settings

_COLOURS = {Tone.GOOD: "green", Tone.BAD: "red", Tone.CAREFUL: "yellow", Tone.QUIET: "bright_black"}
# The variables of the project, the run and the try. GitLab gives a retried job a new id.
_VARIABLES = {
    "github": ("GITHUB_REPOSITORY", "GITHUB_RUN_ID", "GITHUB_RUN_ATTEMPT"),
    "gitlab": ("CI_PROJECT_PATH", "CI_JOB_ID", ""),
    "azure": ("SYSTEM_TEAMPROJECT", "BUILD_BUILDID", "SYSTEM_JOBATTEMPT"),
}


class Terminal(CI):
    """Plain lines; one live line only where a person reads, colours also where they are forced."""

    name = "terminal"

    def __init__(self, console: Console, settings: Settings) -> None:
        super().__init__(console, settings)
        self._live = console.interactive and settings.text("TERM") != "dumb"
        self._coloured = settings.text("NO_COLOR") is None and (
            self._live or settings.text("FORCE_COLOR") is not None
        )

    def paint(self, line: str, tone: Tone) -> str:
        if not self._coloured or tone not in _COLOURS:
            return line
        import click

        return click.style(line, fg=_COLOURS[tone])

    def live(self, text: str) -> bool:
        if self._live:
            self._console.passing(join_plain(text))
        return self._live


def detect(settings: Settings, *, stream: TextIO, errors: TextIO) -> CI:
    """Return the CI that set its mark in the environment, else the terminal.

    Everything is written to `stream`; `errors` hears once of what could not be written.
    """
    console = Console(stream, errors)
    if _is_set("GITHUB_ACTIONS", settings):
        from purveyor.ci.github import GitHub

        return GitHub(console, settings)
    if _is_set("GITLAB_CI", settings):
        from purveyor.ci.gitlab import GitLab

        return GitLab(console, settings)
    if _is_set("TF_BUILD", settings):
        from purveyor.ci.azure import Azure

        return Azure(console, settings)
    return Terminal(console, settings)


def _is_set(mark: str, settings: Settings) -> bool:
    return (settings.text(mark) or "").lower() == "true"


def read_identity(ci: CI, settings: Settings) -> RunIdentity:
    names = _VARIABLES.get(ci.name, ("", "", ""))
    project, run, attempt = ((settings.text(name) or "") if name else "" for name in names)
    machine = read_machine()
    return RunIdentity(
        ci=ci.name,
        run=run,
        attempt=int(attempt) if attempt.isdecimal() else 1,
        url=ci.run_url(),
        project=project,
        host=machine.host,
        boot=machine.boot,
        pid=machine.pid,
    )
