"""GitLab CI/CD: sections in the log, a dotenv file for outputs, the job's address."""

from __future__ import annotations

import contextlib
import re
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from purveyor.ci.model import Tone
from purveyor.ci.plain import join_plain, split_plain
from purveyor.ci.summary_file import append_summary
from purveyor.ci.wording import TONES, sort_names, word_annotation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from purveyor.ci.console import Console
    from purveyor.settings import Settings

DOTENV_PREFIX = "PURVEYOR_OUT_"

# A marker also needs CR and ESC, which plain text has not; it is broken all the same.
_MARKER = re.compile(r"(section_(?:start|end))(?=:)")
_COLOURS = {Tone.GOOD: "32", Tone.BAD: "31", Tone.CAREFUL: "33", Tone.QUIET: "90"}
# GitLab refuses a dotenv file of 5 KiB or more, and with it the job.
_DOTENV_LIMIT = 5 * 1024 - 1


class GitLab:
    """A job of a GitLab pipeline."""

    name = "gitlab"

    def __init__(
        self, console: Console, settings: Settings, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._console = console
        self._settings = settings
        self._clock = clock
        self._sections = 0

    @contextmanager
    def section(self, title: str) -> Iterator[None]:
        """Fold a section, named so that no other one in the job has its name."""
        self._sections += 1
        began = int(self._clock())
        name = f"purveyor_{began}_{self._sections}"
        heading = neutralise(join_plain(title))
        self._console.line(f"\x1b[0Ksection_start:{began}:{name}\r\x1b[0K{heading}")
        try:
            yield
        finally:
            self._console.line(f"\x1b[0Ksection_end:{int(self._clock())}:{name}\r\x1b[0K")

    def say(self, text: str, *, tone: Tone = Tone.PLAIN) -> None:
        """Write lines, coloured by GitLab's log viewer."""
        colour = None if self._settings.text("NO_COLOR") else _COLOURS.get(tone)
        for line in split_plain(text):
            safe = neutralise(line)
            self._console.line(f"\x1b[{colour}m{safe}\x1b[0m" if colour else safe)

    def live(self, text: str) -> bool:
        """Decline: a log has no passing lines."""
        del text
        return False

    def annotate(self, level: str, text: str, *, title: str = "") -> None:
        """Write `error: ...` in colour; GitLab has no annotations."""
        self.say(word_annotation(level, text, title), tone=TONES.get(level, Tone.PLAIN))

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

    def write_summary(self, markdown: str) -> None:
        """Append to the file of PURVEYOR_SUMMARY, which the job keeps as an artifact."""
        path = self._settings.text("PURVEYOR_SUMMARY")
        if path is not None:
            append_summary(self._console, Path(path), markdown)

    def run_url(self) -> str:
        """Return the job's page."""
        return self._settings.first("PURVEYOR_RUN_URL", "CI_JOB_URL") or ""


def neutralise(line: str) -> str:
    """Return a plain line that GitLab takes for no section's start or end."""
    return _MARKER.sub(r"\1 ", line)


def _variable(name: str) -> str:
    return name.upper().replace("-", "_")


def _is_plain(value: str) -> bool:
    return value == value.strip() and "$" not in value and len(split_plain(value)) == 1


def _size(path: Path) -> int:
    with contextlib.suppress(OSError):
        return path.stat().st_size
    return 0
