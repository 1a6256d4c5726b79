"""GitLab CI/CD: colours in the log, a dotenv file for outputs, the job's address."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path
from typing import TYPE_CHECKING

from purveyor.ci.model import CI, Tone, sort_names
from purveyor.ci.plain import split_plain

if TYPE_CHECKING:
    from collections.abc import Mapping

DOTENV_PREFIX = "PURVEYOR_OUT_"

# A marker also needs CR and ESC, which plain text has not; it is broken all the same.
_MARKER = re.compile(r"(section_(?:start|end))(?=:)")
_COLOURS = {Tone.GOOD: "32", Tone.BAD: "31", Tone.CAREFUL: "33", Tone.QUIET: "90"}
# GitLab refuses a dotenv file of 5 KiB or more, and with it the job.
_DOTENV_LIMIT = 5 * 1024 - 1


class GitLab(CI):
    name = "gitlab"
    gate = "the manual job"

    def neutralise(self, line: str) -> str:
        return _MARKER.sub(r"\1 ", line)

    def paint(self, line: str, tone: Tone) -> str:
        colour = None if self._settings.text("NO_COLOR") else _COLOURS.get(tone)
        return f"\x1b[{colour}m{line}\x1b[0m" if colour else line

    def write_outputs(self, values: Mapping[str, str]) -> None:
        """Append `PURVEYOR_OUT_NAME=value` to the file of PURVEYOR_DOTENV.

        GitLab keeps quotes, knows no lines inside a value and expands `$`: such values are left
        out, and so is what does not fit into 5 KiB.
        """
        named = self._settings.text("PURVEYOR_DOTENV")
        if named is None:
            return
        path = Path(named)
        good, bad = sort_names(values)
        left, kept = _DOTENV_LIMIT - _size(path), b""
        for name, value in good.items():
            line = f"{DOTENV_PREFIX}{_variable(name)}={value}\n".encode(errors="backslashreplace")
            if _is_plain(value) and len(kept) + len(line) <= left:
                kept += line
            else:
                bad.append(name)
        self._console.append(path, kept, what="The job's outputs")
        for name in bad:
            self.say(f"The output {name!r} was left out: a dotenv file cannot hold it.")

    def approver(self) -> str:
        return self._settings.text("GITLAB_USER_LOGIN") or super().approver()

    def run_url(self) -> str:
        return self._settings.first("PURVEYOR_RUN_URL", "CI_JOB_URL") or ""


def _variable(name: str) -> str:
    return name.upper().replace("-", "_")


def _is_plain(value: str) -> bool:
    return value == value.strip() and "$" not in value and len(split_plain(value)) == 1


def _size(path: Path) -> int:
    with contextlib.suppress(OSError):
        return path.stat().st_size
    return 0
