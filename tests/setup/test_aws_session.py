"""The session that SDKs ask for: shared, renewed in time, and never an ended one."""

from __future__ import annotations

import fcntl
import stat
import subprocess  # noqa: TID251 - SDKs start the program
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from moto_server import MotoServer, run_moto
from purveyor import json_text
from short_lived_aws import ShortLivedAws, run_short_lived
from stub_answer import answering

if TYPE_CHECKING:
    from collections.abc import Iterator

    from purveyor.json_text import JsonObject

PROGRAM = Path(__file__).parents[2] / "setup" / "aws_session.py"


@dataclass(frozen=True, slots=True)
class Login:
    """A private folder as the CI's step leaves it."""

    folder: Path
    environment: dict[str, str]

    def call(self) -> subprocess.CompletedProcess[str]:
        """Ask as an SDK does."""
        return subprocess.run(
            [sys.executable, "-I", str(PROGRAM), str(self.folder)],
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def session(self) -> JsonObject:
        """Ask, and read what is printed."""
        done = self.call()
        assert done.returncode == 0, done.stderr
        printed = json_text.parse(done.stdout)
        assert isinstance(printed, dict)
        return printed

    def age(self, part: float) -> None:
        """Let a part of the session's life be over."""
        path = self.folder / "session.json"
        held = json_text.parse(path.read_text())
        assert isinstance(held, dict)
        life = _moment(held["Expiration"]) - float(str(held["Begun"]))
        begun = time.time() - part * life
        ends = datetime.fromtimestamp(begun + life).astimezone().isoformat()
        path.write_text(json_text.write({**held, "Begun": str(begun), "Expiration": ends}))


@pytest.fixture(scope="module")
def moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MotoServer]:
    with run_moto(tmp_path_factory.mktemp("moto")) as server:
        yield server


@pytest.fixture
def sts(moto: MotoServer) -> Iterator[ShortLivedAws]:
    with run_short_lived(moto, 3600.0) as door:
        yield door


@pytest.fixture
def login(sts: ShortLivedAws, clean_environment: dict[str, str], tmp_path: Path) -> Iterator[Login]:
    with answering(json_text.write({"value": "eyJhbGciOiJub25lIn0.e30."}).encode()) as url:
        document = {
            "token_address": f"{url}/?audience=sts.amazonaws.com",
            "authorization": "Bearer of-the-job",
            "part": "value",
            "role": "arn:aws:iam::111111111111:role/pipeline",
            "session_name": "purveyor-7",
            "sts_address": sts.url,
        }
        folder = tmp_path / "login"
        folder.mkdir()
        (folder / "login.json").write_text(json_text.write(document))
        yield Login(folder, clean_environment)


def _moment(text: object) -> float:
    return datetime.fromisoformat(str(text)).timestamp()


def test_a_session_is_told_to_end_a_little_before_it_does(login: Login, sts: ShortLivedAws) -> None:
    session = login.session()
    (ends,) = sts.ends.values()
    assert ends - 302 <= _moment(session.pop("Expiration")) <= ends - 298
    assert session.pop("Version") == 1
    assert set(session) == {"AccessKeyId", "SecretAccessKey", "SessionToken"}
    files = {path.name: stat.S_IMODE(path.stat().st_mode) for path in login.folder.iterdir()}
    assert files["session.json"] == 0o600


def test_all_who_ask_share_one_session_until_half_of_it_is_over(
    login: Login, sts: ShortLivedAws
) -> None:
    with ThreadPoolExecutor(4) as pool:
        keys = {str(each["AccessKeyId"]) for each in pool.map(lambda _: login.session(), range(4))}
    assert keys == set(sts.ends)
    login.age(0.4)
    assert login.session()["AccessKeyId"] in keys
    login.age(0.6)
    assert login.session()["AccessKeyId"] not in keys
    assert len(sts.ends) == 2


def test_an_old_session_is_good_while_no_new_one_can_be_had_and_an_ended_one_never(
    login: Login, sts: ShortLivedAws
) -> None:
    key = login.session()["AccessKeyId"]
    document = json_text.parse((login.folder / "login.json").read_text())
    assert isinstance(document, dict)
    with answering(b"<Error><Message>No.</Message></Error>", status=403) as url:
        text = json_text.write({**document, "sts_address": url})
        (login.folder / "login.json").write_text(text)
        login.age(0.6)
        assert login.session()["AccessKeyId"] == key
        login.age(1.1)
        done = login.call()
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "no session in AWS: the token service answers 403: No.\n"
    assert len(sts.ends) == 1


def test_a_refusal_that_quotes_the_token_is_told_without_it(login: Login) -> None:
    text = b"<Message>Value 'eyJhbGciOiJub25lIn0.e30.' is too long</Message>"
    document = json_text.parse((login.folder / "login.json").read_text())
    assert isinstance(document, dict)
    with answering(text, status=400) as url:
        changed = json_text.write({**document, "sts_address": url})
        (login.folder / "login.json").write_text(changed)
        done = login.call()
    assert done.stderr == "no session in AWS: the token service answers 400: Value '\n"


def test_an_old_session_is_handed_out_at_once_while_somebody_else_asks_for_a_new_one(
    login: Login,
) -> None:
    key = login.session()["AccessKeyId"]
    login.age(0.6)
    with (login.folder / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert login.session()["AccessKeyId"] == key


def test_nobody_tries_for_long_while_the_old_session_lives(
    login: Login, sts: ShortLivedAws
) -> None:
    key = login.session()["AccessKeyId"]
    sts.sts_gives = 0
    login.age(0.99)
    begun = time.monotonic()
    session = login.session()
    assert time.monotonic() - begun < 2, "there is a nap between tries"
    assert session["AccessKeyId"] == key
    assert _moment(session["Expiration"]) > time.time(), "SDKs refuse one that has ended"
