"""Receivers and workers that are killed, or held up, while others share the inbox with them."""

from __future__ import annotations

import os
import random
import signal
import time
from typing import TYPE_CHECKING

import pytest
from inbox_fixtures import delivery, play, statuses, until_ended
from inbox_process import Ledger, Play

from purveyor.inbox.model import DeliveryStatus
from purveyor.inbox.postgres import PostgresInbox

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.process import BaseProcess
    from pathlib import Path

ENTITIES = [f"service/s{number}" for number in range(8)]


def kill_some(shared: Play, seed: int, kills: int) -> None:
    """Kill one of two receivers and two workers again and again, then let all come to an end."""
    chance = random.Random(seed)  # noqa: S311 - the same moments each time
    roles: list[Callable[[], BaseProcess]] = [
        lambda: shared.start_receiver(ENTITIES[:4]),
        lambda: shared.start_receiver(ENTITIES[4:]),
        shared.start_worker,
        shared.start_worker,
    ]
    processes = [start() for start in roles]
    try:
        for _ in range(kills):
            time.sleep(chance.uniform(0.05, 0.4))
            place = chance.randrange(len(roles))
            processes[place].kill()
            processes[place].join()
            processes[place] = roles[place]()
        for receiver in processes[:2]:
            receiver.join(timeout=60)
            assert receiver.exitcode == 0
        play(until_all_ended(shared), seconds=60)
    finally:
        for each in processes:
            each.kill()
            each.join()


async def until_all_ended(shared: Play) -> None:
    inbox = PostgresInbox(shared.address)
    await until_ended(inbox)
    await inbox.close()


def check(shared: Play) -> None:
    """Each one accepted has ended, once, in its entity's order; no other ever began."""

    async def look() -> None:
        inbox = PostgresInbox(shared.address)
        found = await statuses(inbox)
        assert set(found.values()) == {DeliveryStatus.ENDED}
        assert set(shared.ledger.actions("accepted")) <= set(found)
        await inbox.close()

    play(look())
    expected = {entity: [f"{entity}-{n}" for n in range(shared.each)] for entity in ENTITIES}
    assert set(shared.ledger.actions("begin")) <= set(shared.ledger.actions("sent"))
    assert sorted(shared.ledger.actions("done")) == sorted(
        name for names in expected.values() for name in names
    )
    for entity, names in expected.items():
        lines = [line for line in shared.ledger.lines("begin", "done") if line[1] in names]
        under_way = ""
        for word, action in lines:
            assert under_way in ("", action), f"{action} began while {under_way} was under way"
            under_way = action if word == "begin" else ""
        assert [action for word, action in lines if word == "done"] == names, entity


@pytest.mark.parametrize("seed", [1])
def test_what_was_accepted_ends_once_and_in_order_whoever_is_killed(
    database: str, tmp_path: Path, seed: int
) -> None:
    shared = Play(database, Ledger(tmp_path / "ledger"), each=20)
    kill_some(shared, seed, kills=10)
    check(shared)


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", range(10, 14))
def test_what_was_accepted_ends_once_and_in_order_over_200_kills(
    database: str, tmp_path: Path, seed: int
) -> None:
    shared = Play(database, Ledger(tmp_path / "ledger"), each=100, pause=0.03)
    kill_some(shared, seed, kills=50)
    check(shared)


def test_a_worker_that_was_held_up_for_long_ends_nothing_that_another_one_has_taken(
    database: str, tmp_path: Path
) -> None:
    shared = Play(database, Ledger(tmp_path / "ledger"), each=1, pause=1.0, dead_after=1.2)
    first = shared.start_worker()

    async def scene() -> None:
        inbox = PostgresInbox(database)
        await inbox.accept(delivery("a1"))
        await inbox.accept(delivery("a2"))
        await shared.ledger.wait(1, "begin")
        os.kill(first.pid or 0, signal.SIGSTOP)
        second = shared.start_worker()
        await shared.ledger.wait(2, "begin")
        os.kill(first.pid or 0, signal.SIGCONT)
        await until_ended(inbox)
        second.terminate()
        assert shared.ledger.actions("begin") == ["a1", "a1", "a2"]
        # The first one's end of `a1` did not let `a2` begin beside the second one's.
        lines = shared.ledger.lines("begin", "done")
        assert ("done", "a1") not in lines[lines.index(("begin", "a2")) :]
        await inbox.close()

    try:
        play(scene())
    finally:
        first.kill()
        first.join()
