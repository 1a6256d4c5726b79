"""Real programs through the only door."""

from __future__ import annotations

import os
import signal
import subprocess  # noqa: TID251 - a program that outlives its starter is looked for
import sys
import threading
import time
import tracemalloc
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from purveyor.kept_output import LEFT_OUT
from purveyor.process import Command, Completed, Interruption, run

if TYPE_CHECKING:
    from collections.abc import Callable

ENVIRONMENT = {"PATH": os.defpath, "SPOKEN": "yes"}


def shell(script: str, stdin: str = "") -> Command:
    return Command(("sh", "-c", script), Path("/"), ENVIRONMENT, stdin)


def python(script: str) -> Command:
    return Command((sys.executable, "-c", script), Path("/"), ENVIRONMENT)


def is_alive(pid: int) -> bool:
    listed = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, check=False)  # noqa: S607 - any ps will do
    return bool(listed.stdout) and not listed.stdout.startswith(b"Z")


def test_output_code_and_input_come_through() -> None:
    done = run(shell("cat; echo err >&2; exit 3", stdin="in: é\n"))

    assert done == Completed(3, "in: é\n", "err\n")


def test_a_program_sees_the_given_environment_only() -> None:
    done = run(Command(("env",), Path("/"), ENVIRONMENT))

    assert {line.partition("=")[0] for line in done.stdout.splitlines()} <= {
        "PATH",
        "SPOKEN",
        "PWD",
        "_",
        "SHLVL",
        "LC_CTYPE",
    }


def test_a_program_that_is_not_there_is_an_ordinary_result() -> None:
    done = run(Command(("no-such-program",), Path("/"), ENVIRONMENT))

    assert done.code == 127
    assert "no-such-program" in done.stderr


def test_lines_come_while_the_program_runs_and_the_last_needs_no_end() -> None:
    lines: list[str] = []
    script = "import time\nfor n in range(2): print(n, flush=True); time.sleep(0.3)\n"
    began = time.monotonic()
    seen: list[float] = []

    def take(line: str) -> None:
        lines.append(line)
        seen.append(time.monotonic() - began)

    run(python(script + "print('end', end='')"), on_line=take)

    assert lines == ["0", "1", "end"]
    assert seen[1] - seen[0] > 0.15


def test_a_very_long_line_is_one_line() -> None:
    lines: list[str] = []

    run(python("print('x' * 3_000_000)"), on_line=lines.append)

    assert [len(line) for line in lines] == [3_000_000]


MIB = 1 << 20
FLOOD = "line = 'x' * 99_990 + chr(10)\nprint('first')\nfor n in range(2100): OUT.write(line)\n"


@pytest.mark.parametrize("out", ["sys.stdout", "sys.stderr"])
def test_a_flood_of_output_takes_little_memory_and_disk_and_keeps_its_ends(
    tmp_path: Path, out: str
) -> None:
    kept = tmp_path / "stream"
    script = "import sys\n" + FLOOD.replace("OUT", out) + f"print('last', file={out})\n"
    script = script.replace("print('first')", f"print('first', file={out})")
    command = Command((sys.executable, "-c", script), tmp_path, ENVIRONMENT, stdout=kept)
    lines = 0

    def count(_line: str) -> None:
        nonlocal lines
        lines += 1

    tracemalloc.start()
    try:
        done = run(command, on_line=count)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    text = done.stdout or done.stderr
    assert text.startswith("first\nx")
    assert text.endswith("x\nlast\n")
    assert text.count(LEFT_OUT) == 1
    assert {len(line) for line in text.split("\n")} <= {0, 4, 5, 99_990, len(LEFT_OUT)}
    assert peak < 16 * MIB
    if out == "sys.stdout":
        assert lines == 2102
        assert kept.stat().st_size > 200 * MIB
        assert sys.platform != "linux" or kept.stat().st_blocks * 512 < 8 * MIB


def test_a_line_that_no_memory_should_hold_is_left_out_and_said() -> None:
    lines: list[str] = []
    script = f"import sys\nprint('a')\nfor n in range(50): sys.stdout.write('x' * {MIB})\n"

    tracemalloc.start()
    try:
        done = run(python(script + "print()\nprint('b')"), on_line=lines.append)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert lines == ["a", LEFT_OUT, "b"]
    assert done.stdout == f"a\n{LEFT_OUT}\nb\n"
    assert peak < 32 * MIB


def test_a_document_of_some_size_comes_whole() -> None:
    done = run(python(f"print('x' * {9 * MIB})"))

    assert len(done.stdout) == 9 * MIB + 1


def test_the_end_is_noticed_at_once() -> None:
    run(shell("true"))
    took = []
    for _ in range(5):
        began = time.monotonic()
        run(shell("true"))
        took.append(time.monotonic() - began)

    assert min(took) < 0.04


def test_what_a_program_leaves_behind_is_swept(tmp_path: Path) -> None:
    note = tmp_path / "pid"

    run(shell(f"sleep 60 & echo $! > {note}"))

    orphan = int(note.read_text())
    wait_until(lambda: not is_alive(orphan))


def test_after_the_timeout_the_program_is_gone() -> None:
    began = time.monotonic()

    done = run(shell("sleep 60"), timeout=0.2)

    assert done.code == -signal.SIGKILL
    assert time.monotonic() - began < 10


COUNTING = """
import signal, sys, time
seen = []
signal.signal(signal.SIGINT, lambda *_: seen.append("INT"))
signal.signal(signal.SIGTERM, lambda *_: seen.append("TERM"))
print("ready", flush=True)
end = time.monotonic() + 10
while not seen and time.monotonic() < end:
    time.sleep(0.01)
time.sleep(0.3)
print(seen)
"""


def test_of_many_signals_exactly_one_reaches_the_program() -> None:
    interruption = Interruption()
    lines: list[str] = []

    def stop(line: str) -> None:
        lines.append(line)
        if line == "ready":
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGTERM):
                os.kill(os.getpid(), number)

    with interruption.caught():
        run(python(COUNTING), on_line=stop, interruption=interruption)

    assert lines == ["ready", "['INT']"]
    assert interruption.signal == signal.SIGTERM


@pytest.mark.parametrize("signals", [0, 1])
def test_a_listener_that_fails_lets_the_program_end_in_order(tmp_path: Path, signals: int) -> None:
    note = tmp_path / "note"
    script = COUNTING + f"open({str(note)!r}, 'w').write(str(seen))\n"
    interruption = Interruption()

    def fail(_line: str) -> None:
        for _ in range(signals):
            os.kill(os.getpid(), signal.SIGTERM)
            interruption.wait(0.1)
            # Two signals at once would be one to the program; it has to take the first.
            time.sleep(0.1)
        raise LookupError

    with interruption.caught(), pytest.raises(LookupError):
        run(python(script), on_line=fail, interruption=interruption)

    assert note.read_text() == "['INT']"


def test_a_nap_ends_with_the_signal() -> None:
    interruption = Interruption()
    alarm = threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGTERM))

    with interruption.caught():
        alarm.start()
        began = time.monotonic()
        assert interruption.wait(30)
    alarm.join()

    assert time.monotonic() - began < 5
    assert not Interruption().wait(0.01)


def test_files_that_a_program_makes_are_for_us_only(tmp_path: Path) -> None:
    run(Command(("sh", "-c", "echo x > made"), tmp_path, ENVIRONMENT))

    assert (tmp_path / "made").stat().st_mode & 0o077 == 0


def test_the_death_of_the_starter_does_not_break_the_program(tmp_path: Path) -> None:
    note = tmp_path / "note"
    talk = f"for n in 1 2 3 4 5 6 7 8; do echo line; sleep 0.05; done; echo whole > {note}"
    starter = (
        "import sys; from pathlib import Path; from purveyor.process import *\n"
        f"run(Command(('sh', '-c', {talk!r}), Path('/'), {ENVIRONMENT!r}),"
        " on_line=lambda line: print(line, flush=True))"
    )
    child = subprocess.Popen([sys.executable, "-c", starter], stdout=subprocess.PIPE)
    with child:
        assert child.stdout is not None
        child.stdout.readline()
        child.kill()

    wait_until(note.exists)


def wait_until(true: Callable[[], bool]) -> None:
    """Wait for something that another program brings about; ten seconds at most."""
    end = time.monotonic() + 10
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_output_for_a_file_is_there_when_nobody_lives_to_read_it(tmp_path: Path) -> None:
    kept = tmp_path / "stream"
    kept.write_text("of an earlier program\n")
    command = Command(("sh", "-c", "echo one; echo two >&2"), tmp_path, ENVIRONMENT, stdout=kept)
    lines: list[str] = []
    done = run(command, on_line=lines.append)
    assert (done.stdout, done.stderr, lines) == ("one\n", "two\n", ["one"])
    assert kept.read_text() == "one\n"
    assert kept.stat().st_mode & 0o777 == 0o600
