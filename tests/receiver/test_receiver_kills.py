"""Receivers that are killed under load: all that was accepted ends, once, and in order."""

from __future__ import annotations

import contextlib
import http.client
import os
import random
import signal
import subprocess  # noqa: TID251 - receivers that are killed
import sys
import threading
import time
from collections import Counter, defaultdict
from itertools import pairwise
from pathlib import Path

import pytest
from receiver_fixtures import Serving, notification, until

ENTITIES = 6


class Sender(threading.Thread):
    """Sends one entity's notifications one after the other, each again until it is accepted."""

    def __init__(self, port: int, entity: str, stop: threading.Event) -> None:
        super().__init__()
        self.serving = Serving(port)
        self.entity = entity
        self.stop = stop
        self.accepted: list[str] = []

    def run(self) -> None:
        number = 0
        while not self.stop.is_set():
            action = f"{self.entity}-{number}"
            with contextlib.suppress(OSError, http.client.HTTPException):
                if self.serving.send(notification(action, self.entity)).status in {200, 202}:
                    self.accepted.append(action)
                    number += 1
            time.sleep(0.02)


def play(folder: Path, seed: int, kills: int) -> list[Sender]:
    """Kill a receiver again and again at random moments; let the last one finish all."""
    chance = random.Random(seed)  # noqa: S311 - moments, not secrets
    with subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("killed_receiver.py")), folder],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as nursery:
        assert nursery.stdin is not None
        assert nursery.stdout is not None
        port, stop, pid = int(nursery.stdout.readline()), threading.Event(), 0
        senders = [Sender(port, f"s{number}", stop) for number in range(ENTITIES)]
        for each in senders:
            each.start()
        try:
            for kill in range(kills + 1):
                nursery.stdin.write("\n")
                nursery.stdin.flush()
                pid = int(nursery.stdout.readline())
                if kill < kills:
                    time.sleep(chance.uniform(0.02, 0.4))
                    os.kill(pid, signal.SIGKILL)
            stop.set()
            for each in senders:
                each.join()
            until(lambda: all_ended(port), 60)
        finally:
            stop.set()
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            for each in senders:
                each.join()
    return senders


def all_ended(port: int) -> bool:
    # Asked over HTTP whether anything is left: the last of each entity ends last.
    serving = Serving(port)
    ends = [serving.send(notification(f"last-{each}", f"s{each}")) for each in range(ENTITIES)]
    return all(each.document["status"] == "ended" for each in ends)


def check(folder: Path, senders: list[Sender]) -> None:
    lines = [line.split() for line in (folder / "effects").read_text().split("\n") if line]
    effects = Counter(action for what, _, action in lines if what == "effect")
    accepted = [action for each in senders for action in each.accepted]
    assert len(accepted) > ENTITIES
    assert [action for action in accepted if effects[action] != 1] == []
    of_entity = defaultdict(list)
    for what, entity, action in lines:
        of_entity[entity].append((what, action))
    for steps in of_entity.values():
        begun = list(dict.fromkeys(action for what, action in steps if what == "begin"))
        numbers = [int(action.split("-")[1]) for action in begun if action.startswith("s")]
        assert numbers == sorted(numbers), "an order was not kept"
        open_ = [(what, action) for what, action in steps if what != "effect"]
        overlaps = [two for two in pairwise(open_) if two[0][0] == two[1][0] == "begin"]
        assert overlaps == [], "two runs of one entity at once"


@pytest.mark.parametrize("seed", [1])
def test_what_was_accepted_ends_once_and_in_order_whenever_the_receiver_is_killed(
    tmp_path: Path, seed: int
) -> None:
    check(tmp_path, play(tmp_path, seed, kills=5))


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", [2, 3, 4, 5])
def test_two_hundred_kills_lose_and_double_nothing(tmp_path: Path, seed: int) -> None:
    check(tmp_path, play(tmp_path, seed, kills=50))
