"""Azure Pipelines: its logging commands, its summary file, the run's address."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from purveyor.ci.model import CI, sort_names
from purveyor.ci.summary import append_summary

if TYPE_CHECKING:
    from collections.abc import Mapping

# The agent takes `##vso[` anywhere in a line (its Command.cs), the log viewer `##[`; the agent's
# comparison overlooks some characters outside ASCII.
_COMMAND = re.compile(r"(#[^ -~]*#)(?=[^ -~]*(?:v[^ -~]*s[^ -~]*o[^ -~]*)?\[)", flags=re.IGNORECASE)
_ISSUES = {"error", "warning"}
_TITLE = "Purveyor.md"  # the agent heads the summary with the file's name


class Azure(CI):
    name = "azure"
    gate = "the environment's approvers"

    def neutralise(self, line: str) -> str:
        """Return a plain line in which the agent and its log viewer find no command."""
        return _COMMAND.sub(r"\1 ", line)

    def annotate(self, level: str, text: str, *, title: str = "") -> None:
        """Log an issue, which Azure also shows on the run's page; `info` is a plain line."""
        if level not in _ISSUES:
            super().annotate(level, text, title=title)
            return
        message = self.shorten(f"{title}: {text}" if title else text)
        self._console.line(f"##vso[task.logissue type={level}]{_escape_data(message)}")

    def write_outputs(self, values: Mapping[str, str]) -> None:
        """Set output variables of the step.

        A later step would put `$(...)` inside a value in place of what it names: such values are
        left out.
        """
        good, bad = sort_names(values)
        for name, value in good.items():
            if "$(" in value:
                bad.append(name)
                continue
            data = _escape_data(value)
            self._console.line(f"##vso[task.setvariable variable={name};isOutput=true]{data}")
        for name in bad:
            self.say(f"The output {name!r} was left out: Azure would not keep it as it is.")

    def write_summary(self, markdown: str) -> None:
        """Write a file and have the agent upload it, which it does after the step."""
        named = self._settings.text("PURVEYOR_SUMMARY")
        path = Path(named).absolute() if named else self._new_file()
        if path and append_summary(self._console, path, markdown):
            self._console.line(f"##vso[task.uploadsummary]{_escape_data(str(path))}")

    def run_url(self) -> str:
        text = self._settings.text
        own, collection = text("PURVEYOR_RUN_URL"), text("SYSTEM_COLLECTIONURI")
        project, build = text("SYSTEM_TEAMPROJECT"), text("BUILD_BUILDID")
        if own or not (collection and project and build):
            return own or ""
        return f"{collection.rstrip('/')}/{quote(project)}/_build/results?buildId={quote(build)}"

    def _new_file(self) -> Path | None:
        try:
            folder = tempfile.mkdtemp(
                prefix="purveyor-", dir=self._settings.text("AGENT_TEMPDIRECTORY")
            )
        except OSError as error:
            self._console.note(f"The summary has no folder ({error.strerror}); the run goes on.")
            return None
        return Path(folder) / _TITLE


def _escape_data(text: str) -> str:
    return text.replace("%", "%AZP25").replace("\r", "%0D").replace("\n", "%0A")
