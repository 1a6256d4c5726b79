"""Commands whose output is closed or full: each ends as it should, and never by a traceback."""

from __future__ import annotations

import subprocess  # noqa: TID251 - real closed descriptors of a real process
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CLOSED, FULL = "it is closed", "No space left on device"
WAYS = {
    ">&-": CLOSED,
    ">/dev/full": FULL,
    "2>&-": "",
    "2>/dev/full": "",
    ">&- 2>&-": "",
    "<&- >&- 2>&-": "",
}
READING = ("validate", str(ROOT / "examples" / "catalog"))
TELLING = ("run", "--context", "/nowhere")
pytestmark = pytest.mark.skipif(not Path("/dev/full").exists(), reason="left out: no /dev/full")


def call(way: str, *words: str) -> subprocess.CompletedProcess[str]:
    command = ["sh", "-c", f'exec "$@" {way}', "sh", sys.executable, "-m", "purveyor", *words]
    # With PYTHONUNBUFFERED there would be no last flush to fail.
    environment = {"PYTHONPATH": ":".join(sys.path), "PATH": "/usr/bin:/bin", "HOME": "/"}
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize("way", WAYS)
def test_what_only_reads_says_by_its_exit_code_that_nobody_got_it(way: str) -> None:
    done = call(way, *READING)
    assert done.returncode == (1 if way.startswith((">", "<")) else 0)
    assert "Traceback" not in done.stdout + done.stderr
    assert WAYS[way] in done.stderr


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("words", [TELLING, (*TELLING, "--json")])
def test_a_refusal_keeps_its_exit_code_and_is_said_where_it_can(
    way: str, words: tuple[str, ...]
) -> None:
    done = call(way, *words)
    assert done.returncode == 10
    said = done.stdout + done.stderr
    assert "Traceback" not in said
    assert ("CONTEXT_INVALID" in said) == (way.count("&-") + way.count("full") == 1)


def test_a_reader_that_has_had_enough_ends_a_reading_command_without_a_word() -> None:
    line = f"{sys.executable} -m purveyor state doctor --help | head -1; echo $?"
    environment = {"PYTHONPATH": ":".join(sys.path), "PATH": "/usr/bin:/bin", "HOME": "/"}
    done = subprocess.run(
        ["/bin/sh", "-c", line], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
