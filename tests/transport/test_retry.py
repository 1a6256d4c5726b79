"""How long a request is tried again, by a clock that is set by hand."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from itertools import pairwise

import pytest

from purveyor.clock import Clock
from purveyor.transport.errors import (
    FailureKind,
    LostResponseError,
    NoResponseError,
    TransientError,
)
from purveyor.transport.retry import (
    CHANCE,
    CLOUD,
    DOWNLOAD,
    STATE_SERVER,
    Budget,
    RetryPolicy,
    retry,
)

EVERY = [RetryPolicy(), CLOUD, STATE_SERVER, DOWNLOAD]


class BusyError(TransientError):
    def __init__(self, status: int = 503, retry_after: float | None = None) -> None:
        self.status = status
        self.retry_after = retry_after


@dataclass
class Server:
    """Fails as its script says, then answers; each request takes `seconds` of a clock by hand."""

    script: list[Exception]
    seconds: float = 0.0
    time: float = 1000.0
    waits: list[float] = field(default_factory=list)
    left: list[float] = field(default_factory=list)
    hurry: bool = False

    @property
    def clock(self) -> Clock:
        return Clock(clock=lambda: self.time, pause=self._pause)

    def _pause(self, seconds: float) -> bool:
        self.waits.append(seconds)
        self.time += seconds
        return self.hurry

    def send(self, left: float) -> str:
        self.left.append(left)
        self.time += self.seconds
        if self.script:
            raise self.script.pop(0)
        return "answered"

    def ask(self, policy: RetryPolicy) -> str:
        return retry(self.send, policy=policy, clock=self.clock)


@pytest.mark.parametrize("policy", EVERY)
def test_what_may_pass_is_tried_again_and_what_will_not_is_raised_at_once(
    policy: RetryPolicy,
) -> None:
    assert Server([BusyError(), LostResponseError(FailureKind.TIMED_OUT)]).ask(policy) == "answered"
    server = Server([NoResponseError(FailureKind.UNTRUSTED)])
    with pytest.raises(NoResponseError):
        server.ask(policy)
    assert server.waits == []


@pytest.mark.parametrize("policy", [CLOUD, STATE_SERVER, DOWNLOAD])
def test_attempts_end_and_the_last_failure_is_told(policy: RetryPolicy) -> None:
    server = Server(
        [BusyError(500), BusyError(502), BusyError(503), BusyError(504), BusyError(429)]
    )
    with pytest.raises(BusyError) as caught:
        server.ask(policy)
    assert len(server.left) == policy.attempts
    assert caught.value.status == [500, 502, 503, 504][len(server.left) - 1]


@pytest.mark.parametrize("policy", EVERY)
def test_waits_double_up_to_the_longest_and_are_shortened_by_a_half_at_most(
    policy: RetryPolicy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(CHANCE, "uniform", lambda _low, high: high)
    server = Server([BusyError()] * 9)
    patient = replace(policy, attempts=10, total=math.inf)
    server.ask(patient)
    assert server.waits[0] == policy.first_wait
    assert all(b == min(2 * a, policy.longest_wait) for a, b in pairwise(server.waits))
    monkeypatch.setattr(CHANCE, "uniform", lambda low, _high: low)
    shorter = Server([BusyError()] * 9)
    shorter.ask(patient)
    assert shorter.waits == [each / 2 for each in server.waits]


def test_no_wait_reaches_beyond_the_total() -> None:
    server = Server([BusyError() for _ in range(500)])
    with pytest.raises(BusyError):
        server.ask(RetryPolicy(total=60))
    assert 60 - 8 <= server.time - 1000 < 60


def test_a_server_s_wish_is_kept_to_the_second_and_not_begun_when_it_is_too_long() -> None:
    server = Server([BusyError(429, 7.0), BusyError(429, 0.0), BusyError(429, 60.0)])
    with pytest.raises(BusyError):
        server.ask(RetryPolicy(total=60))
    assert server.waits == [7.0, 0.0]


def test_a_slow_request_is_told_what_is_left_and_never_less_than_a_second() -> None:
    server = Server([BusyError(429, 0.0)] * 9, seconds=25)
    with pytest.raises(BusyError):
        server.ask(RetryPolicy(total=60))
    assert server.left == [60, 35, 10]
    cut = Server([], seconds=1)
    assert cut.ask(RetryPolicy(total=0)) == "answered", "a call is tried once, whatever is left"
    assert cut.left == [1]


def test_a_conflict_is_believed_when_it_was_met_three_times_whatever_came_between() -> None:
    server = Server(
        [
            BusyError(409),
            BusyError(503),
            BusyError(409),
            BusyError(503),
            BusyError(409),
            BusyError(503),
        ]
    )
    with pytest.raises(BusyError) as caught:
        server.ask(RetryPolicy())
    assert caught.value.status == 409
    assert len(server.left) == 5


def test_a_wait_that_is_cut_short_ends_the_tries() -> None:
    server = Server([BusyError()] * 9, hurry=True)
    with pytest.raises(BusyError):
        server.ask(RetryPolicy())
    assert len(server.left) == 1


@pytest.mark.parametrize(("status", "left"), [(0, 0), (503, 0), (429, 20), (409, 20)])
def test_a_call_in_vain_leaves_the_others_of_its_budget_one_try_when_the_server_is_away(
    status: int, left: float
) -> None:
    time = 1000.0
    budget = Budget(30, lambda: time)
    assert budget.limit(RetryPolicy(total=20)).total == 20
    time = 1010.0
    assert budget.limit(RetryPolicy(total=60)).total == 20
    budget.learn(BusyError(status))
    assert budget.limit(RetryPolicy(total=60)).total == left
    time = 2000.0
    assert budget.limit(RetryPolicy()).total == 0, "what is over is over"
