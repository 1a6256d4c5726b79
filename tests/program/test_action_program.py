"""Custom actions' programs, run for real."""

from __future__ import annotations

import os
import signal
import stat
import sys
from typing import TYPE_CHECKING

import pytest
from program_fixtures import Bench

from purveyor import json_text
from purveyor.engines import stateless
from purveyor.errors import CancelledError, CatalogError, EngineError, ReasonCode

if TYPE_CHECKING:
    from pathlib import Path

    from purveyor.step import StepEvent

GIVE = "import os; open(os.environ['PURVEYOR_RESULT'], 'w').write({!r})"


@pytest.fixture
def bench(tmp_path: Path, clean_environment: dict[str, str]) -> Bench:
    return Bench(tmp_path, clean_environment)


def test_a_program_reads_one_document_and_gives_one_object_back(bench: Bench) -> None:
    given = bench.run(
        sys.executable,
        "-c",
        "import os, sys; open(os.environ['PURVEYOR_RESULT'], 'w').write(sys.stdin.read())",
        document={"quote": "'\"\n$(id)", "big": 12345678901234567890, "null": None},
    )
    assert given == {"quote": "'\"\n$(id)", "big": 12345678901234567890, "null": None}


def test_nothing_of_the_document_is_in_argv_or_environment(bench: Bench) -> None:
    bench.run(
        sys.executable,
        "-c",
        "import os, sys; print(sys.argv, sorted(os.environ.items()));" + GIVE.format("{}"),
        "own-argument",
        document={"secret": "hunter2-and-more"},
    )
    (line,) = bench.heard
    assert "own-argument" in line
    assert "PURVEYOR_RESULT" in line
    assert "hunter2" not in line


def test_the_result_file_is_private_and_waits_in_the_workspace(bench: Bench) -> None:
    bench.run_python("import os; open(os.environ['PURVEYOR_RESULT'], 'a').write('{}')")
    (path,) = bench.workspace.iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_each_line_of_output_is_told_in_order(bench: Bench) -> None:
    bench.run_python("print('one'); print('two')\n" + GIVE.format("{}"))
    assert bench.heard == ["one", "two"]


def test_a_line_of_progress_is_told_as_such(bench: Bench) -> None:
    bench.run_python("print('progress: half of it')\nprint('in progress: x')\n" + GIVE.format("{}"))
    assert bench.heard == ["progress: half of it", "in progress: x"]


def test_only_the_results_that_are_marked_are_secrets(bench: Bench) -> None:
    code = GIVE.format('{"token": "t0p-s3cret", "rows": "1234567"}')
    bench.run(sys.executable, "-c", code, secrets=["token", "none"])
    assert bench.redactor.redact("t0p-s3cret 1234567") == "*** 1234567"


@pytest.mark.parametrize("name", ["./give", "give", "sub/give"])
def test_a_program_beside_the_catalog_is_found(bench: Bench, name: str) -> None:
    bench.write(name, '#!/bin/sh\npwd\necho "{}" > "$PURVEYOR_RESULT"\n')
    assert bench.run(name) == {}
    assert bench.heard == [os.path.realpath(bench.folder)]


def test_a_program_in_the_folder_goes_before_one_on_path(bench: Bench) -> None:
    bench.write("env", '#!/bin/sh\necho own\necho "{}" > "$PURVEYOR_RESULT"\n')
    bench.run("env")
    assert bench.heard == ["own"]


def test_a_program_on_path_is_found_and_a_folder_of_its_name_is_none(bench: Bench) -> None:
    (bench.folder / "sh").mkdir()
    assert bench.run("sh", "-c", 'echo "{}" > "$PURVEYOR_RESULT"') == {}


@pytest.mark.parametrize(
    ("name", "text", "mode", "words"),
    [
        ("./missing", None, 0, "does not exist"),
        ("no-such-program-anywhere", None, 0, "neither in its folder nor on PATH"),
        ("./plain", "#!/bin/sh\n", 0o644, "may not be executed"),
        ("./odd", "no first line\n", 0o755, "neither a program nor a script"),
        ("./far", "#!/no/such/interpreter\n", 0o755, "#! line names is not there"),
    ],
)
def test_what_cannot_be_started_is_named(
    bench: Bench, name: str, text: str | None, mode: int, words: str
) -> None:
    if text is not None:
        bench.write(name, text, mode=mode)
    with pytest.raises(CatalogError) as caught:
        bench.run(name)
    assert words in caught.value.message
    assert f"`{name}`" in caught.value.message


def test_a_program_is_named_by_its_whole_command_below_the_folder(bench: Bench) -> None:
    script = bench.write("give.py", "raise SystemExit(1)")
    with pytest.raises(EngineError, match=r"program `\S+ give\.py --all` ended with exit code 1"):
        bench.run(sys.executable, str(script), "--all")


def test_a_folder_that_is_missing_is_named(bench: Bench) -> None:
    bench.folder.rmdir()
    with pytest.raises(CatalogError, match="no folder to start in"):
        bench.run("sh")


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("pass", "wrote no result"),
        (GIVE.format("  \n"), "wrote no result"),
        ("import os; os.remove(os.environ['PURVEYOR_RESULT'])", "removed the file"),
        (GIVE.format("[1]"), "not an object"),
        (GIVE.format('{"a": 1,}'), "not JSON (line 1, column"),
        (GIVE.format('{"a": 1, "a": 2}'), "not JSON"),
        (GIVE.format("{}").replace("'w'", "'w', encoding='utf-16'"), "not UTF-8"),
        ("import os; open(os.environ['PURVEYOR_RESULT'], 'w').write(' ' * 1048577)", "1 MiB"),
        ("raise SystemExit(3)", "exit code 3"),
        ("import os; os.kill(os.getpid(), 9)", "killed by signal 9"),
    ],
)
def test_a_failure_is_the_actions_and_says_what_was_wrong(
    bench: Bench, code: str, words: str
) -> None:
    with pytest.raises(EngineError) as caught:
        bench.run_python(code)
    assert caught.value.reason is ReasonCode.ACTION_FAILED
    assert words in caught.value.message


def test_a_bad_results_content_is_not_in_the_error(bench: Bench) -> None:
    with pytest.raises(EngineError) as caught:
        bench.run_python(GIVE.format('{"password": "hunter2-hunter2"'))
    assert "hunter2" not in repr(vars(caught.value))


def test_a_result_of_exactly_one_mebibyte_is_taken(bench: Bench) -> None:
    text = json_text.write({"a": "x" * (1024 * 1024 - 9)})
    assert len(text) == 1024 * 1024
    path = bench.write("big.json", text)
    assert len(str(bench.run("sh", "-c", f'cat "{path}" > "$PURVEYOR_RESULT"')["a"])) > 10**6


def test_the_last_lines_of_stderr_are_details_without_secrets(bench: Bench) -> None:
    bench.redactor.add("known-secret")
    with pytest.raises(EngineError) as caught:
        bench.run_python(
            GIVE.format('{"password": "fresh-secret"}')
            + "\nimport sys\n"
            + "for n in range(50): print('line', n, file=sys.stderr)\n"
            + "print('a known-secret and a fresh-\\x1b[1msecret', file=sys.stderr)\n"
            + "sys.exit(1)"
        )
    assert len(caught.value.details) == 20
    assert caught.value.details[-2:] == ("line 49", "a *** and a ***")


POLITE = """
    import signal, sys, time
    def stop(number, frame):
        print("asked to stop", file=sys.stderr)
        sys.exit(4)
    signal.signal(signal.SIGINT, stop)
    print("ready", flush=True)
    time.sleep(60)
"""


def test_a_program_out_of_time_is_asked_to_stop(bench: Bench) -> None:
    with pytest.raises(EngineError) as caught:
        bench.run_python(POLITE, timeout=1.5)
    assert "did not end within 1.5 seconds" in caught.value.message
    assert caught.value.details == ("asked to stop",)


def test_a_program_that_will_not_stop_is_killed(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stateless, "GRACE", 0.3)
    with pytest.raises(EngineError, match=r"did not end within 0.4 seconds"):
        bench.run_python(POLITE.replace("sys.exit(4)", "pass"), timeout=0.4)


class Interrupted(Bench):
    """A bench whose run is cancelled as soon as the program is ready."""

    def listen(self, event: StepEvent) -> None:
        super().listen(event)
        os.kill(os.getpid(), signal.SIGTERM)


@pytest.fixture
def interrupted(tmp_path: Path, clean_environment: dict[str, str]) -> Interrupted:
    return Interrupted(tmp_path, clean_environment)


def test_a_cancelled_run_stops_the_program_with_one_sigint(interrupted: Interrupted) -> None:
    with interrupted.interruption.caught(), pytest.raises(CancelledError) as caught:
        interrupted.run_python(POLITE)
    assert caught.value.details == ("asked to stop",)


def test_a_program_that_finishes_its_work_when_asked_to_stop_has_done_it(
    interrupted: Interrupted,
) -> None:
    finish = f"exec({GIVE.format('{}')!r}); sys.exit(0)"
    with interrupted.interruption.caught():
        assert interrupted.run_python(POLITE.replace("sys.exit(4)", finish)) == {}
    assert interrupted.interruption.requested


def test_a_run_that_is_cancelled_already_starts_nothing(bench: Bench) -> None:
    bench.interruption.signal = signal.SIGINT
    with pytest.raises(CancelledError, match="was not started"):
        bench.run_python("print('started')")
    assert bench.heard == []


def test_a_program_that_fails_tells_the_developer_why_by_its_result(bench: Bench) -> None:
    with pytest.raises(EngineError) as caught:
        bench.run_python(GIVE.format('{"message": "node-3 is full"}') + "; exit(4)")
    assert caught.value.reason is ReasonCode.ACTION_FAILED
    assert caught.value.told == "node-3 is full"
    assert caught.value.details == ("node-3 is full",)
    assert bench.redactor.redact("node-3 is full") == "node-3 is full"


def test_a_program_that_works_may_give_a_message_of_its_own(bench: Bench) -> None:
    given = bench.run_python(GIVE.format('{"message": "hello"}'))
    assert given == {"message": "hello"}
