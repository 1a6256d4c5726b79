"""Streams that break, and a real terminal."""

from __future__ import annotations

import io
import os
import subprocess  # noqa: TID251 - a real process with a real broken pipe
import sys
from pathlib import Path

import pytest

from purveyor.ci import Tone, detect
from purveyor.settings import Settings

FULL = Path("/dev/full")
CODE = """
import sys
from purveyor.ci import detect
from purveyor.settings import Settings
ci = detect(Settings({"GITHUB_ACTIONS": "true"}), stream=sys.stdout, errors=sys.stderr)
sys.stdin.readline()
for number in range(2000):
    ci.say("line " + "x" * 200)
ci.annotate("error", "late")
sys.exit(7)
"""


def run_with(stdout: int, *, close: int | None = None) -> tuple[int, str]:
    child = subprocess.Popen(
        [sys.executable, "-c", CODE],
        stdin=subprocess.PIPE,
        stdout=stdout,
        stderr=subprocess.PIPE,
        # Not the tests' own environment: with PYTHONUNBUFFERED there is no last flush to fail.
        env={"PYTHONPATH": ":".join(sys.path)},
        text=True,
    )
    os.close(stdout)
    if close is not None:
        os.close(close)
    _, errors = child.communicate("go\n", timeout=30)
    return child.returncode, errors


def test_a_reader_that_has_gone_changes_neither_run_nor_exit_code() -> None:
    reader, writer = os.pipe()
    code, errors = run_with(writer, close=reader)
    assert code == 7
    note, *rest = errors.splitlines()
    assert note == "purveyor: Progress cannot be written (Broken pipe)."
    assert rest[-1] == "::error::late", "what could not be printed is said where it still can be"


@pytest.mark.skipif(not FULL.exists(), reason="left out: this system has no /dev/full")
def test_a_full_disk_behind_stdout_changes_neither_run_nor_exit_code() -> None:
    code, errors = run_with(os.open(FULL, os.O_WRONLY))
    assert code == 7
    assert errors.count("No space left on device") == 1
    assert errors.endswith("::error::late\n")


def test_a_closed_stream_is_noted_once() -> None:
    out, err = io.StringIO(), io.StringIO()
    ci = detect(Settings({}), stream=out, errors=err)
    out.close()
    ci.say("one")
    ci.say("two")
    assert err.getvalue() == "purveyor: Progress cannot be written (it is closed).\none\ntwo\n"


def test_two_broken_streams_are_borne() -> None:
    out, err = io.StringIO(), io.StringIO()
    ci = detect(Settings({}), stream=out, errors=err)
    out.close()
    err.close()
    ci.say("one")
    assert out.closed


def test_a_stream_that_knows_only_ascii_gets_the_rest_spelled_out() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    detect(Settings({}), stream=stream, errors=io.StringIO()).say("café ± \ud800")
    assert raw.getvalue() == b"caf\\xe9 \\xb1 \\ud800\n"


def show_on_a_terminal(environ: dict[str, str]) -> tuple[list[bool], bytes]:
    leader, follower = os.openpty()
    with os.fdopen(follower, "w") as stream:
        ci = detect(Settings(environ), stream=stream, errors=io.StringIO())
        passed = [ci.live("a" * 300)]
        ci.say("done", tone=Tone.GOOD)
        passed.append(ci.live("\x1b[2Jb"))
        ci.live("")
        ci.say("plain")
        printed = b""
        while not printed.endswith(b"plain\r\n"):
            printed += os.read(leader, 10_000)
    os.close(leader)
    return passed, printed.replace(b"\r\n", b"\n")


def test_a_terminal_has_colours_and_one_line_that_passes() -> None:
    passed, printed = show_on_a_terminal({"TERM": "xterm"})
    assert passed == [True, True]
    erase = b"\r\x1b[2K"
    assert printed == (
        erase + b"a" * 79 + erase + b"\x1b[32mdone\x1b[0m\n" + erase + b"b" + erase
        + b"plain\n"
    )  # fmt: skip


def test_no_color_takes_the_colours_and_leaves_the_passing_line() -> None:
    passed, printed = show_on_a_terminal({"TERM": "xterm", "NO_COLOR": "1"})
    assert passed == [True, True]
    assert b"\x1b[32m" not in printed


def test_colours_can_be_forced_where_no_terminal_is() -> None:
    out = io.StringIO()
    forced = {"FORCE_COLOR": "1"}
    detect(Settings(forced), stream=out, errors=io.StringIO()).say("done", tone=Tone.GOOD)
    assert out.getvalue() == "\x1b[32mdone\x1b[0m\n"
    detect(Settings({**forced, "NO_COLOR": "1"}), stream=out, errors=io.StringIO()).say(
        "plain", tone=Tone.GOOD
    )
    assert out.getvalue().endswith("\x1b[0m\nplain\n")


def test_a_dumb_terminal_gets_plain_lines() -> None:
    passed, printed = show_on_a_terminal({"TERM": "dumb"})
    assert passed == [False, False]
    assert printed == b"done\nplain\n"
