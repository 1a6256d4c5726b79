"""Receivers and workers as processes of their own, which tests kill; they share one ledger."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from inbox_fixtures import DONE, delivery

from purveyor.inbox.postgres import PostgresInbox

if TYPE_CHECKING:
    from multiprocessing.process import BaseProcess
    from pathlib import Path

    from purveyor.inbox.model import Delivery, DeliveryEnding

# A fork of a process that has loaded everything begins at once, and shares no lock with the test.
_PROCESSES = multiprocessing.get_context("forkserver")
_PROCESSES.set_forkserver_preload(["inbox_process"])


@dataclass(frozen=True, slots=True)
class Ledger:
    """Lines that several processes append, and that a killed one leaves whole."""

    path: Path

    def write(self, word: str, action: str) -> None:
        with self.path.open("ab", buffering=0) as file:
            file.write(f"{word} {action} {os.getpid()}\n".encode())

    def actions(self, *words: str) -> list[str]:
        return [action for _, action in self.lines(*words)]

    async def wait(self, count: int, word: str) -> None:
        """Wait until there are so many lines that begin with the word."""
        while len(self.actions(word)) < count:  # noqa: ASYNC110 - other processes write them
            await asyncio.sleep(0.01)

    def lines(self, *words: str) -> list[tuple[str, str]]:
        """Return word and action of each line that begins with one of the words."""
        text = self.path.read_text() if self.path.exists() else ""
        parts = [line.split() for line in text.split("\n") if line]
        return [(word, action) for word, action, _ in parts if word in words]


@dataclass(frozen=True, slots=True)
class Play:
    """What all processes of one test share."""

    address: str
    ledger: Ledger
    each: int  # how many deliveries an entity gets
    pause: float = 0.01  # how long each of them takes
    dead_after: float = 3.0

    def start_worker(self) -> BaseProcess:
        return _start(partial(_work, self))

    def start_receiver(self, entities: list[str]) -> BaseProcess:
        return _start(partial(_receive, self, entities))


def _start(role: partial[None]) -> BaseProcess:
    process = _PROCESSES.Process(target=role, daemon=True)
    process.start()
    return process


def _work(play: Play) -> None:
    async def perform(one: Delivery) -> DeliveryEnding:
        if one.action_id in play.ledger.actions("done"):  # what the journal is for
            return DONE
        play.ledger.write("begin", one.action_id)
        await asyncio.sleep(play.pause)
        play.ledger.write("done", one.action_id)
        return DONE

    inbox = PostgresInbox(play.address, dead_after=play.dead_after)
    asyncio.run(inbox.work(perform, 4, asyncio.Event()))


def _receive(play: Play, entities: list[str]) -> None:
    """Accept each entity's deliveries in order, as a platform sends them; the last one again."""

    async def send_all(inbox: PostgresInbox, entity: str) -> None:
        accepted = {each for each in play.ledger.actions("accepted") if each.startswith(entity)}
        for number in range(max(0, len(accepted) - 1), play.each):
            name = f"{entity}-{number}"
            play.ledger.write("sent", name)
            await inbox.accept(delivery(name, entity))
            play.ledger.write("accepted", name)

    async def live() -> None:
        inbox = PostgresInbox(play.address)
        await asyncio.gather(*(send_all(inbox, entity) for entity in entities))
        await inbox.close()

    asyncio.run(live())
