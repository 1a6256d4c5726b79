"""Listings as a person sees them at every width, and the short names that they show."""

from __future__ import annotations

import time
import uuid
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result

from purveyor.backends.stores.local import FolderStore
from purveyor.cli import cli, journal
from purveyor.cli import format as cli_format
from purveyor.errors import RecoveryError
from purveyor.journal import Begin, Claimed, End, Journal
from purveyor.run_identity import RunIdentity
from purveyor.states.entity import Named, choose, shorten

if TYPE_CHECKING:
    from pathlib import Path

WIDTHS = (60, 80, 100, 160)
SLUGS = ("orders-db", "queue-of-notifications-for-customers-in-the-eu-region")
RUN = "https://ci.example.com/acme/infrastructure/actions/runs/17000000000/attempts/"
STATE = '{"version": 4, "serial": 7, "lineage": "l", "outputs": {}, "resources": []}'
IDS = tuple(str(uuid.uuid5(uuid.NAMESPACE_OID, slug)) for slug in SLUGS)


def begin(number: int, *, ago: float) -> Begin:
    return Begin(
        action=str(uuid.uuid5(uuid.NAMESPACE_URL, f"{number}")),
        attempt=1,
        digest="d",
        kind="service",
        entity=IDS[number % 2],
        service=IDS[number % 2],
        operation="create",
        state_key="",
        identity=RunIdentity("github", run=str(number), url=f"{RUN}{number}"),
        at=time.time() - ago,
        slug=SLUGS[number % 2],
    )


class Shop:
    """Two services and their actions, the newest one open, and what a command prints about them."""

    def __init__(self, root: Path) -> None:
        self.catalog = root / "purveyor.yaml"
        self.catalog.write_text("version: 1\nbackend: {type: local, path: states}\n")
        self.records = FolderStore(root / "states")
        self.journal = Journal(self.records, time.time)
        self.actions: list[str] = []

    def open_services(self) -> None:
        for each, slug in zip(IDS, SLUGS, strict=True):
            self.records.put(f"services/{each}/{slug}.tfstate", STATE)

    def carry_out(self, count: int) -> None:
        for number in range(count):
            wanted = begin(number, ago=3600.0 * (count - number))
            claimed = self.journal.claim(wanted, is_dead=lambda _: True)
            assert isinstance(claimed, Claimed)
            self.actions.insert(0, wanted.action)
            if number + 1 < count:
                bad = number % 2 == 0
                words = ("failed", "PLATFORM_UNREACHABLE") if bad else ("success", "DONE")
                self.journal.end(wanted, End(wanted.at + 9, *words, exit_code=0, message="It is."))
                self.journal.close(wanted)

    def call(self, *words: str, width: int = 80, code: int = 0) -> Result:
        done = CliRunner().invoke(
            cli, [*words, "--catalog", str(self.catalog)], env={"COLUMNS": str(width)}
        )
        if code:
            assert isinstance(done.exception, RecoveryError | SystemExit), done.output
        else:
            assert done.exit_code == 0, done.exception or done.output
        return done


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


@pytest.fixture
def person(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a command find a terminal."""
    for module in (cli_format, journal):
        monkeypatch.setattr(module, "person_reads", lambda: True)


def joined(text: str) -> str:
    """Return what is printed without any folding."""
    return "".join(text.split())


@pytest.mark.usefixtures("person")
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize(
    "words",
    ["journal list", "journal list --open", "state list", "state list --long", "sweep --dry-run"],
)
def test_at_every_width_nothing_is_lost_and_only_addresses_are_wider(
    shop: Shop, words: str, width: int
) -> None:
    shop.open_services()
    shop.carry_out(4)
    shown = shop.call(*words.split(), width=width).output
    for line in shown.splitlines():
        assert len(line.rstrip()) <= width or "  " not in line.strip(), line
    if words.startswith("state"):
        wanted = [f"services/{each}/{slug}.tfstate" for each, slug in zip(IDS, SLUGS, strict=True)]
        heads = ["age", "slug", "locked", "kind", "id", "size", "key"]
    else:
        open_only = words != "journal list"
        wanted = [each[:8] for each in shop.actions[: 1 if open_only else 4]]
        wanted += [f"service{IDS[1][:8]}", f"{RUN}3"]
        heads = ["slug", "of", "attempt", "run"]
    assert [each for each in wanted if each not in joined(shown)] == []
    assert [each for each in heads if each not in joined(shown).lower()] == []
    letters = "".join(filter(str.isalnum, shown))
    # A folded slug stands in a column: its pieces are there one below the other.
    assert "queue" in letters
    assert "region" in letters


@pytest.mark.usefixtures("person")
def test_the_newest_action_comes_first_and_a_terminal_gets_twenty(shop: Shop) -> None:
    shop.carry_out(22)
    shown = shop.call("journal", "list", width=200).output
    places = [shown.find(each[:8]) for each in shop.actions]
    assert places[:20] == sorted(places[:20])
    assert min(places[:20]) > 0
    assert places[20:] == [-1, -1]
    assert "--limit 0" in shown
    assert shop.actions[-1][:8] in shop.call("journal", "list", "--limit", "0").output


def test_a_program_gets_all_actions_with_whole_ids(shop: Shop) -> None:
    shop.carry_out(22)
    lines = shop.call("journal", "list").output.splitlines()
    assert [line.split("\t")[5] for line in lines] == shop.actions
    assert len(shop.call("journal", "list", "--limit", "3", "--json").output.splitlines()) == 3


def test_actions_are_chosen_by_ending_service_and_time(shop: Shop) -> None:
    shop.carry_out(5)
    newest_first = {each: number for number, each in enumerate(shop.actions)}

    def chosen(*words: str) -> list[int]:
        lines = shop.call("journal", "list", *words).output.splitlines()
        return [newest_first[line.split("\t")[5]] for line in lines]

    assert chosen("--failed") == [2, 4]
    assert chosen("--open") == [0]
    assert chosen("--service", SLUGS[1]) == chosen("--service", IDS[1][:8]) == [1, 3]
    assert chosen("--since", "150min") == [0, 1]
    assert chosen("--failed", "--service", IDS[1]) == []


@pytest.mark.usefixtures("person")
@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("journal list", "The journal is empty."),
        ("journal list --open", "Nothing is open."),
        ("sweep", "Nothing is open."),
        ("sweep --dry-run", "Nothing is open."),
        ("state list", "There is no state."),
    ],
)
def test_a_person_reads_that_there_is_nothing_and_a_program_reads_nothing(
    shop: Shop, words: str, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert shop.call(*words.split()).output == f"{sentence}\n"
    for module in (cli_format, journal):
        monkeypatch.setattr(module, "person_reads", lambda: False)
    assert shop.call(*words.split()).output == ""


@pytest.mark.usefixtures("person")
def test_a_filter_that_fits_nothing_says_so(shop: Shop) -> None:
    shop.open_services()
    shop.carry_out(1)
    assert shop.call("journal", "list", "--failed").output == "No action fits.\n"
    assert shop.call("state", "list", "--kind", "link").output == "No state fits.\n"


@pytest.mark.parametrize("words", [SLUGS[0], IDS[0][:8], IDS[0]])
def test_a_state_is_found_by_all_that_a_listing_shows_of_it(shop: Shop, words: str) -> None:
    shop.open_services()
    assert f'"id": "{IDS[0]}"' in shop.call("state", "show", words, "--json").output
    assert shop.call("state", "history", words).output.startswith("*")
    assert shop.call("state", "pull", words).output.startswith(STATE)


def test_an_action_is_found_by_the_begin_of_its_id_and_the_last_one_by_its_service(
    shop: Shop,
) -> None:
    shop.open_services()
    shop.carry_out(4)
    for words, number in ((shop.actions[2][:8], 2), (SLUGS[0], 1), (IDS[1], 0), (IDS[1][:9], 0)):
        shown = shop.call("journal", "show", words, "--json").output
        assert f'"action": "{shop.actions[number]}"' in shown


def test_words_that_may_mean_several_name_them(shop: Shop) -> None:
    for each in ("5a1f0000-aaaa", "5a1f0000-bbbb"):
        shop.records.put(f"services/{each}/orders.tfstate", STATE)
    for words in ("5a1f", "5a1f0000", "orders"):
        error = shop.call("state", "show", words, code=19).exception
        assert isinstance(error, RecoveryError)
        assert error.details == ("service 5a1f0000-aaaa orders", "service 5a1f0000-bbbb orders")
    assert shop.call("state", "show", "5a1f0000-b").exit_code == 0


def test_short_ids_are_the_only_ones_that_begin_so() -> None:
    ids = ["5a1f0000-aaaa", "5a1f0000-abbb", "77", "deadbeef-0000"]
    assert list(shorten(ids).values()) == ["5a1f0000-aa", "5a1f0000-ab", "77", "deadbeef"]


def test_a_whole_id_wins_over_a_slug_and_a_slug_over_the_begin_of_an_id() -> None:
    known = [Named("service", "cache"), Named("service", "77", "cache"), Named("link", "cached")]
    assert choose("cache", known) == known[0]
    assert choose("cache", known[1:]) == known[1]
    assert choose("cache", known[2:]) == known[2]
    assert choose("cac", known[2:]) is None
