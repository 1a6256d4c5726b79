"""How a run's end becomes its delivery's, and how runs outlive the receiver that started them."""

from __future__ import annotations

import asyncio
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from purveyor import json_text
from purveyor.client import PlatformRefusedError
from purveyor.errors import ContextError, PlatformError, PurveyorError
from purveyor.inbox.model import Delivery, DeliveryEnding, DeliveryStatus
from purveyor.receiver.runs import RunsHere

if TYPE_CHECKING:
    from pathlib import Path

WAITING, RUNNING, ENDED, FAILED = DeliveryStatus
DELIVERY = Delivery("a1", "service/s1", "mysql", "create", b'{"id": "a1"}', 0.0)


def tell_nobody(event: str, /, **_: object) -> None:
    del event


def runs(folder: Path, program: str, **more: Any) -> RunsHere:
    """Start a program of Python in the place of `purveyor run`."""
    return RunsHere(
        folder=folder / "runs",
        arguments=(),
        environment={},
        tell=tell_nobody,
        command=(sys.executable, "-c", program),
        **{"confirm": lambda body: body, **more},
    )


def carry_out(one: RunsHere) -> DeliveryEnding:
    return asyncio.run(one(DELIVERY))


def test_a_run_that_was_killed_is_finished_before_another_one_begins(tmp_path: Path) -> None:
    program = f"""
import sys
with open({str(tmp_path / "started")!r}, "a") as file:
    print(*sys.argv[1:], file=file)
{printing(platform_heard=True, reason="DONE")} if sys.argv[1] == "run" else print("told")
"""
    asked: list[str] = []

    def left_engine(action: str) -> bool:
        asked.append(action)
        return True

    ending = carry_out(runs(tmp_path, program, left_engine=left_engine))
    assert (ending.status, ending.reason) == (ENDED, "DONE")
    assert asked == ["a1"]
    started = (tmp_path / "started").read_text().split("\n")
    assert started == ["finish --context context.json", "run --context context.json --json", ""]


def printing(**fields: object) -> str:
    return f"print({json_text.write(fields)!r})"


@pytest.mark.parametrize(
    ("program", "status", "reason"),
    [
        (printing(platform_heard=True, reason="DONE"), ENDED, "DONE"),
        (
            printing(platform_heard=True, reason="STATE_LOCKED") + "; exit(14)",
            ENDED,
            "STATE_LOCKED",
        ),
        (
            printing(platform_heard=False, reason="DONE") + "; exit(17)",
            WAITING,
            "PLATFORM_UNREACHABLE (DONE)",
        ),
        (
            printing(platform_heard=True, reason="RUNNING_ELSEWHERE"),
            WAITING,
            "RUNNING_ELSEWHERE",
        ),
        ("exit('error: CREDENTIALS_INVALID: no key')", WAITING, "CREDENTIALS_INVALID: no key"),
        ("import os; os.kill(os.getpid(), 9)", WAITING, "`run` ended with -9"),
        ("print('{')", WAITING, "`run` ended with 0"),
        ("exit(20)", WAITING, "`run` ended with 20"),
    ],
)
def test_an_ending_that_the_platform_knows_is_the_last_word(
    tmp_path: Path, program: str, status: DeliveryStatus, reason: str
) -> None:
    ending = carry_out(runs(tmp_path, program))
    assert (ending.status, ending.reason) == (status, reason)


def test_a_run_gets_the_confirmed_context_in_a_private_folder(tmp_path: Path) -> None:
    program = (
        "import os, sys; text = open(sys.argv[3]).read(); assert text == 'confirmed', text;"
        "assert os.stat('.').st_mode & 0o77 == 0; print('told', file=sys.stderr);"
    )
    one = runs(
        tmp_path,
        program + printing(platform_heard=True, reason="DONE", run_url="https://x"),
        confirm=lambda _: b"confirmed",
    )
    assert carry_out(one) == DeliveryEnding(ENDED, "DONE", "https://x")
    folder = tmp_path / "runs/a1"
    assert [each.name for each in folder.iterdir()] == ["run.log"]
    assert (folder / "run.log").read_text() == "told\n"
    one.forget(time.time() - 60)
    assert folder.exists()
    one.forget(time.time() + 60)
    assert not folder.exists()


@pytest.mark.parametrize(
    ("error", "status", "reason"),
    [
        (PlatformError("Silent", hint="Wait."), WAITING, "PLATFORM_UNREACHABLE: Silent"),
        (ContextError("Forged", hint="No."), FAILED, "CONTEXT_INVALID: Forged"),
        (
            PlatformRefusedError("Not there", hint="No.", status=404, absent=True),
            FAILED,
            "PLATFORM_REFUSED: Not there",
        ),
    ],
)
def test_what_the_platform_does_not_confirm_is_not_run(
    tmp_path: Path, error: PurveyorError, status: DeliveryStatus, reason: str
) -> None:
    def confirm(_: bytes) -> bytes:
        raise error

    ending = carry_out(runs(tmp_path, "open('../ran', 'w')", confirm=confirm))
    assert ending == DeliveryEnding(status, reason)
    assert not (tmp_path / "runs/ran").exists()


def test_a_run_of_a_killed_receiver_is_waited_for_and_its_ending_taken(tmp_path: Path) -> None:
    folder = tmp_path / "runs/a1"
    folder.mkdir(parents=True)
    left = (
        "import time; time.sleep(0.7); open('outcome.json', 'w').write("
        f"{json_text.write({'platform_heard': True, 'reason': 'DONE', 'run_url': 'first'})!r})"
    )
    import subprocess  # noqa: TID251 - a run that nobody waits for

    child = subprocess.Popen([sys.executable, "-c", left], cwd=folder, start_new_session=True)
    second = runs(tmp_path, "raise SystemExit('a second run')")
    assert carry_out(second) == DeliveryEnding(ENDED, "DONE", "first")
    child.wait()


def test_what_waits_for_an_approval_is_looked_at_again_and_counts_as_no_try(tmp_path: Path) -> None:
    told = printing(platform_heard=True, reason="APPROVAL_AWAITED", status="parked")
    ending = carry_out(runs(tmp_path, told))
    assert (ending.status, ending.reason, ending.pause) == (WAITING, "APPROVAL_AWAITED", 60.0)
