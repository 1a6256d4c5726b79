"""`purveyor actions follow` and `resend` against the emulated platform."""

from __future__ import annotations

import signal
import subprocess  # noqa: TID251 - a signal needs a real process
import sys
from typing import TYPE_CHECKING, Any

import pytest
from action_fixtures import end, press, report

from purveyor.cli.platform import actions

if TYPE_CHECKING:
    from collections.abc import Callable

    from channel_fixtures import Company

    from vendor_double import VendorDouble

GITHUB = ("github", "acme/catalog", "--installation-id", "12345678")


@pytest.fixture(autouse=True)
def look_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(actions, "_PAUSE", 0.02)


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], None]:
    """What lets something happen between the first look and the second."""

    def arrange(deed: Callable[[], object]) -> None:
        monkeypatch.setattr("purveyor.process.Interruption.wait", lambda *_: bool(deed() and ""))

    return arrange


def guard(company: Company, action: str) -> None:
    end(company, action, "GUARD_DENIED", 13)
    report(company, action, "failed")


@pytest.mark.parametrize(
    ("happen", "code", "last"),
    [
        (lambda c, a: report(c, a, "success", "Done."), 0, ["info: Done.", "status: success"]),
        (lambda c, a: report(c, a, "failed", "No."), 15, ["info: No.", "status: failed"]),
        (guard, 13, ["status: failed"]),
        (lambda c, a: c.emulator.cancel_action(a), 18, ["status: cancelled"]),
        (lambda c, a: c.emulator.deny_action(a), 13, ["status: withdrawn"]),
    ],
)
def test_an_action_is_followed_to_its_end(
    company: Company, later: Any, happen: Any, code: int, last: list[str]
) -> None:
    action = press(company)
    later(lambda: happen(company, action))
    done = company.call("actions", "follow", action)
    assert (done.code, done.out.splitlines()) == (code, ["status: pending", *last])


def test_a_message_is_told_once(company: Company, later: Any) -> None:
    action = press(company)
    report(company, action, "in_progress", "One.")
    later(lambda: report(company, action, "success", "Two."))
    told = company.call("actions", "follow", action).out.splitlines()
    assert told == ["info: One.", "status: in_progress", "info: Two.", "status: success"]


def test_following_ends_at_its_limit_and_leaves_the_action_alone(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "_PAUSE", 61.0)
    monkeypatch.setattr("purveyor.process.Interruption.wait", lambda *_: True)
    action = press(company)
    done = company.call("actions", "follow", action, "--timeout", "1min")
    assert (done.code, "is pending and goes on" in done.err) == (18, True)
    assert company.emulator.requests(method="PATCH") == []


def test_a_signal_ends_the_following_alone(company: Company) -> None:
    action = press(company)
    words = ("-m", "purveyor", "actions", "follow", action)
    platform = {**company.emulator.environment(), "PURVEYOR_NRN": company.emulator.nrn}
    child = subprocess.Popen(
        [sys.executable, *words],
        cwd=company.catalog,
        env={**company.environment, **platform},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "status: pending\n"
    child.send_signal(signal.SIGINT)
    _, errors = child.communicate(timeout=20)
    assert (child.returncode, "takes it up again" in errors) == (18, True)
    assert company.emulator.action(action)["status"] == "pending"


def test_a_resend_tells_what_took_it(company: Company, double: VendorDouble) -> None:
    company.run("create", *GITHUB, "--description", "CI")
    action = press(company)
    done = company.call("actions", "resend", action)
    name = "1 (github acme/catalog/provision.yml, CI)"
    assert (done.code, done.out) == (0, f"accepted by channel {name}: HTTP 204\n")
    assert f"action {action}, create of" in done.err
    assert [action in each.context for each in double.starts] == [True, True]


def test_a_channel_that_is_younger_than_the_action_is_named(
    company: Company, double: VendorDouble
) -> None:
    action = press(company)
    company.run("create", *GITHUB)
    done = company.call("actions", "resend", action)
    assert (done.code, "say --channel" in done.err, double.starts) == (2, True, [])
    assert company.call("actions", "resend", action, "--channel", "1").code == 0
    assert [each.vendor for each in double.starts] == ["github"]


def test_a_resend_through_one_channel_reaches_no_other(
    company: Company, double: VendorDouble
) -> None:
    company.run("create", *GITHUB)
    number = company.emulator.create_channel(f"{double.url}/receiver")
    action = press(company)
    double.starts.clear()
    done = company.call("actions", "resend", action, "--channel", str(number))
    assert (done.code, [each.vendor for each in double.starts]) == (0, ["http"])


def test_a_resend_that_a_channel_refuses_is_no_success(
    company: Company, double: VendorDouble
) -> None:
    company.run("create", *GITHUB)
    action = press(company)
    double.refuse = 404
    done = company.call("actions", "resend", action)
    assert (done.code, "HTTP 404" in done.err, "input `context`" in done.err) == (17, True, True)


def test_an_action_that_has_ended_is_sent_again_only_after_a_yes(
    company: Company, double: VendorDouble
) -> None:
    company.run("create", *GITHUB)
    action = press(company)
    report(company, action, "success")
    done = company.call("actions", "resend", action)
    assert (done.code, "(success)" in done.err, len(double.starts)) == (2, True, 1)
    assert company.call("actions", "resend", action, "--yes").code == 0
    assert len(double.starts) == 2


def test_a_resend_whose_answer_was_lost_is_not_tried_twice(
    company: Company, double: VendorDouble
) -> None:
    company.run("create", *GITHUB)
    action = press(company)
    company.emulator.fault("lost_answer", method="POST", path="/notification/*")
    assert company.call("actions", "resend", action).code == 17
    sent = company.emulator.requests(method="POST", path="/notification/")
    assert len([each for each in sent if str(each["path"]).endswith("/resend")]) == 1
    assert len(double.starts) <= 2
