"""A state that cannot be saved waits in the journal's store, for a run on any other machine."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from state_server_fixtures import run_refusing_states

from moto_server import MotoServer, run_moto
from purveyor_faultkit import run_proxy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from finish_fixtures import Stage

    from purveyor.json_text import JsonObject

pytest_plugins = ["finish_fixtures"]
pytestmark = [pytest.mark.engine, pytest.mark.slow]
BUCKET = "states"
WRITE = rb"^PUT \S+/services/\S+\.tfstate[? ]"
RECOVERY = "/recovery/"


class Store:
    """States that can be refused, beside a journal that takes everything."""

    def __init__(
        self,
        environ: dict[str, str],
        *,
        refuse: Callable[[], object],
        mend: Callable[[], object],
        names: Callable[[], list[str]],
    ) -> None:
        self.environ = environ
        self.refuse = refuse
        self.mend = mend
        self._names = names

    def waiting(self) -> list[str]:
        """Name the states that wait to be saved."""
        return [name for name in self._names() if RECOVERY in name]


@pytest.fixture(scope="module")
def moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MotoServer]:
    with run_moto(tmp_path_factory.mktemp("moto")) as server:
        server.make_bucket(BUCKET)
        yield server


@pytest.fixture
def in_s3(stage: Stage, moto: MotoServer) -> Iterator[Store]:
    """States and journal in a bucket, behind a proxy that refuses to write states."""
    target = urlsplit(moto.url)
    assert target.hostname is not None
    assert target.port is not None
    backend = f"{{type: s3, bucket: {BUCKET}, region: us-east-1}}"
    catalog = stage.pipeline.catalog / "purveyor.yaml"
    catalog.write_text(f"version: 1\nbackend: {backend}\n")
    with run_proxy(target.hostname, target.port) as proxy:
        yield Store(
            {**moto.environment(), "AWS_ENDPOINT_URL": proxy.url},
            refuse=lambda: proxy.fail(WRITE, status=403),
            mend=proxy.mend,
            names=lambda: [
                each["Key"] for each in moto.s3().list_objects_v2(Bucket=BUCKET)["Contents"]
            ],
        )


@pytest.fixture
def in_folder(stage: Stage, tmp_path: Path) -> Iterator[Store]:
    """States on a server that refuses them, the journal in a folder."""
    folder = tmp_path / "journal"
    with run_refusing_states() as server:
        (stage.pipeline.catalog / "purveyor.yaml").write_text(
            f'version: 1\nbackend: {{type: http, address: "{server.url}/{{name}}"}}\n'
            f"journal: {{type: local, path: {folder}}}\n"
        )
        yield Store(
            {},
            refuse=lambda: server.refuse.update(POST=403),
            mend=server.refuse.clear,
            names=lambda: [str(path) for path in folder.rglob("*") if path.is_file()],
        )


@pytest.fixture(params=["in_s3", "in_folder"])
def store(request: pytest.FixtureRequest) -> Store:
    """Both, one after the other."""
    found: Store = request.getfixturevalue(request.param)
    return found


def save_elsewhere(stage: Stage, store: Store, notification: JsonObject, path: Path) -> None:
    """Run again, well, on a machine that has nothing of the first one's."""
    store.mend()
    assert len(store.waiting()) == 1
    elsewhere = {**store.environ, "PURVEYOR_CACHE": str(path / "other-machine")}
    again = stage.pipeline.run(stage.again(notification), **elsewhere)
    assert (again.code, again.reason) == (0, "NOTHING_TO_DO"), again.stderr
    assert "saved now" in again.stderr
    assert stage.lines() == ["built"], "nothing is built twice"
    assert store.waiting() == []


def test_the_next_run_on_another_machine_saves_it_first(
    stage: Stage, store: Store, tmp_path: Path
) -> None:
    notification = stage.ask()
    store.refuse()
    ended = stage.pipeline.run(notification, **store.environ)
    assert (ended.code, ended.reason) == (19, "NEEDS_RECOVERY"), ended.stderr
    assert "kept in journal/entities/service" in str(ended.outcome["details"])
    save_elsewhere(stage, store, notification, tmp_path)


def test_what_a_killed_run_left_is_parked_by_finish(
    stage: Stage, store: Store, tmp_path: Path
) -> None:
    notification = stage.ask()
    store.refuse()
    child = stage.pipeline.start(notification, **store.environ)
    stage.wait_until(lambda: list(stage.temporary.rglob("errored.tfstate")), seconds=60)
    child.kill()
    child.communicate()
    done = stage.finish(notification, **store.environ)
    assert done.returncode == 19, done.stdout + done.stderr
    assert "NEEDS_RECOVERY" in stage.status(notification)[1]
    assert list(stage.temporary.glob("purveyor-*")) == []
    save_elsewhere(stage, store, notification, tmp_path)


def test_a_store_that_still_refuses_is_told_and_nothing_is_built(
    stage: Stage, store: Store, tmp_path: Path
) -> None:
    notification = stage.ask()
    store.refuse()
    assert stage.pipeline.run(notification, **store.environ).code == 19
    refused = stage.pipeline.run(stage.again(notification), "--lock-timeout", "0", **store.environ)
    assert refused.code in {14, 19}, refused.stderr
    assert stage.lines() == ["built"]
    save_elsewhere(stage, store, notification, tmp_path)
