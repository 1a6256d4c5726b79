"""GitHub Actions: its commands on stdout, its files, its run's address."""

from __future__ import annotations

import re
import secrets
from pathlib import Path
from typing import TYPE_CHECKING

from purveyor.ci.model import CI, sort_names
from purveyor.ci.summary import append_summary

if TYPE_CHECKING:
    from collections.abc import Mapping

# The runner takes `::` at a line's trimmed start and `##[` anywhere (its ActionCommand.cs), with
# comparisons that overlook some characters outside ASCII.
_COMMAND = re.compile(r"^([^!-~]*:[^ -~]*)(?=:)")
_OLD_COMMAND = re.compile(r"(#[^ -~]*#)(?=[^ -~]*\[)")
_LEVELS = {"error": "error", "warning": "warning"}
_TITLE = 200


class GitHub(CI):
    name = "github"
    gate = "the environment's reviewers"

    def neutralise(self, line: str) -> str:
        return _OLD_COMMAND.sub(r"\1 ", _COMMAND.sub(r"\1 ", line))

    def annotate(self, level: str, text: str, *, title: str = "") -> None:
        """Write an annotation, which GitHub also shows on the run's page."""
        heading = self.shield(title)[:_TITLE]
        properties = f" title={_escape_property(heading)}" if heading else ""
        command = _LEVELS.get(level, "notice")
        self._console.line(f"::{command}{properties}::{_escape_data(self.shorten(text))}")

    def write_outputs(self, values: Mapping[str, str]) -> None:
        """Append to GITHUB_OUTPUT, each value between delimiters that it does not hold."""
        path = self._settings.text("GITHUB_OUTPUT")
        if path is None:
            return
        good, bad = sort_names(values)
        text = "".join(_delimit(name, value) for name, value in good.items())
        self._console.append(
            Path(path), text.encode(errors="backslashreplace"), what="The step's outputs"
        )
        for name in bad:
            self.say(f"The output {name!r} was left out: its name is not one that GitHub takes.")

    def write_summary(self, markdown: str) -> None:
        path = self._settings.text("GITHUB_STEP_SUMMARY")
        if path is not None:
            append_summary(self._console, Path(path), markdown)

    def run_url(self) -> str:
        text = self._settings.text
        server, repository = text("GITHUB_SERVER_URL"), text("GITHUB_REPOSITORY")
        run, attempt = text("GITHUB_RUN_ID"), text("GITHUB_RUN_ATTEMPT")
        own = text("PURVEYOR_RUN_URL")
        if own or not (server and repository and run):
            return own or ""
        page = f"{server.rstrip('/')}/{repository}/actions/runs/{run}"
        return f"{page}/attempts/{attempt}" if attempt else page


def _delimit(name: str, value: str) -> str:
    delimiter = f"purveyor_{secrets.token_hex(16)}"
    while delimiter in value:
        delimiter = f"purveyor_{secrets.token_hex(16)}"
    return f"{name}<<{delimiter}\n{value}\n{delimiter}\n"


def _escape_data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escape_property(text: str) -> str:
    return _escape_data(text).replace(":", "%3A").replace(",", "%2C")
