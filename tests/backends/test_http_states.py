"""States on an http server: found by id, locked by the protocol, every refusal explained."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from backend_fixtures import ENCRYPTION, MODULE, Place, Workbench, entity

from http_state_server import PASSWORD, USER, HttpStateServer, run_http_states
from purveyor import json_text
from purveyor.backends import open_backend
from purveyor.backends.model import UnsupportedError
from purveyor.catalog.backend import HttpBackendConfig
from purveyor.errors import PurveyorError, ReasonCode, RecoveryError, StateLockedError
from purveyor.settings import Settings
from purveyor.state_key import StateKey
from stub_answer import answering

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from purveyor.backends import Backend
    from purveyor.engines.binary.model import EngineBinary

IN_HTTP = pytest.mark.parametrize("place", ["http"], indirect=True)
KEY = StateKey("services/5a1f.tfstate", exists=True)
LOGIN = {"TF_HTTP_USERNAME": USER, "TF_HTTP_PASSWORD": PASSWORD}


@pytest.fixture
def server() -> Iterator[HttpStateServer]:
    """A server that lets `LOGIN` in."""
    with run_http_states() as running:
        yield running


def backend_at(url: str, root: Path, **changes: object) -> Backend:
    config = {"type": "http", "address": f"{url}/states/{{name}}"} | changes
    return open_backend(
        HttpBackendConfig.model_validate(config), root=root, settings=Settings(LOGIN)
    )


def attempts(backend: Backend) -> list[Callable[[], object]]:
    return [
        lambda: backend.locate(entity()),
        lambda: backend.access(KEY).read(),
        lambda: backend.access(KEY).holder(),
        lambda: backend.remove(KEY),
        lambda: backend.versions(KEY),
        lambda: backend.read_version(KEY, "latest"),
        lambda: backend.unlock(KEY, "1"),
    ]


@pytest.mark.parametrize(
    ("status", "reason", "words"),
    [
        (401, ReasonCode.CREDENTIALS_INVALID, "does not accept our login"),
        (403, ReasonCode.PERMISSION_DENIED, "does not allow"),
        (302, ReasonCode.STATE_UNREADABLE, "status 302"),
        (400, ReasonCode.STATE_UNREADABLE, "status 400"),
        (410, ReasonCode.STATE_UNREADABLE, "status 410"),
        (501, ReasonCode.STATE_UNREADABLE, "status 501"),
    ],
)
def test_a_refusal_is_explained_and_is_never_no_state(
    server: HttpStateServer, tmp_path: Path, status: int, reason: ReasonCode, words: str
) -> None:
    server.refusal = status
    for attempt in attempts(backend_at(server.url, tmp_path)):
        with pytest.raises(PurveyorError) as caught:
            attempt()
        assert caught.value.reason is reason
        assert words in caught.value.message
        assert PASSWORD not in f"{caught.value.message}{caught.value.details}"


def test_a_server_that_is_away_is_never_no_state(tmp_path: Path) -> None:
    for attempt in attempts(backend_at("http://127.0.0.1:1", tmp_path)):
        with pytest.raises(RecoveryError) as caught:
            attempt()
        assert caught.value.reason is ReasonCode.STATE_UNREADABLE
        assert "does not answer" in caught.value.message


def test_a_state_that_breaks_off_or_is_empty_is_never_no_state(tmp_path: Path) -> None:
    for body, claimed in ((b'{"version": 4', 1000), (b"", None)):
        with answering(body, claimed=claimed) as url, pytest.raises(RecoveryError) as caught:
            backend_at(url, tmp_path).access(KEY).read()
        assert caught.value.reason is ReasonCode.STATE_UNREADABLE


def test_a_busy_server_is_asked_again(server: HttpStateServer, tmp_path: Path) -> None:
    server.refusal = 503
    with pytest.raises(RecoveryError):
        backend_at(server.url, tmp_path).locate(entity())
    assert server.requests == ["GET /states/service-5a1f"] * 3


def test_a_wrong_password_is_told_to_the_engine_and_to_us_alike(
    server: HttpStateServer, tmp_path: Path
) -> None:
    backend = open_backend(
        HttpBackendConfig(type="http", address=f"{server.url}/states/{{name}}"),
        root=tmp_path,
        settings=Settings(LOGIN | {"TF_HTTP_PASSWORD": "wrong"}),
    )
    with pytest.raises(PurveyorError) as caught:
        backend.locate(entity())
    assert caught.value.reason is ReasonCode.CREDENTIALS_INVALID


def test_the_engine_is_told_all_but_the_password_in_its_block(tmp_path: Path) -> None:
    backend = backend_at("https://h", tmp_path, unlock_address="https://h/un/{name}")
    block = backend.block(KEY)
    assert block.environment == {"TF_HTTP_PASSWORD": PASSWORD}
    assert block.arguments == {
        "address": "https://h/states/service-5a1f",
        "update_method": "POST",
        "lock_address": "https://h/states/service-5a1f",
        "lock_method": "LOCK",
        "unlock_address": "https://h/un/service-5a1f",
        "unlock_method": "UNLOCK",
        "username": USER,
    }


def test_a_server_without_locks_is_never_asked_for_one(
    server: HttpStateServer, tmp_path: Path
) -> None:
    backend = backend_at(server.url, tmp_path, lock=False)
    assert "lock_address" not in backend.block(KEY).arguments
    assert backend.access(KEY).holder() is None
    assert backend.unlock(KEY, "1") is False
    backend.remove(KEY)
    assert server.requests == ["DELETE /states/service-5a1f"]


def test_looking_for_the_holder_leaves_no_lock(server: HttpStateServer, tmp_path: Path) -> None:
    backend = backend_at(server.url, tmp_path)
    assert backend.access(KEY).holder() is None
    assert server.locks == {}
    assert server.requests == ["LOCK /states/service-5a1f", "UNLOCK /states/service-5a1f"]


def test_a_removal_holds_the_lock_and_gives_it_back_when_it_fails(
    server: HttpStateServer, tmp_path: Path
) -> None:
    backend = backend_at(server.url, tmp_path)
    server.put("service-5a1f", "{}")
    backend.remove(KEY)
    assert [each.split()[0] for each in server.requests] == ["LOCK", "DELETE", "UNLOCK"]
    assert server.states == {}


def test_a_lock_s_holder_is_known_even_when_its_text_is_broken(
    server: HttpStateServer, tmp_path: Path
) -> None:
    server.locks["service-5a1f"] = "[1"
    backend = backend_at(server.url, tmp_path)
    holder = backend.access(KEY).holder()
    assert holder is not None
    assert holder.id == ""
    with pytest.raises(StateLockedError):
        backend.remove(KEY)
    assert server.locks


@IN_HTTP
def test_the_engine_s_own_unlock_frees_any_lock_and_ours_does_not(
    place: Place, terraform: Path, tmp_path: Path
) -> None:
    bench = Workbench(terraform, place, tmp_path)
    key = place.backend.locate(entity())
    held = bench.hold(key)
    held.kill()
    with pytest.raises(StateLockedError):
        place.backend.unlock(key, "wrong")
    assert place.backend.access(key).holder() is not None
    assert "successfully unlocked" in bench.run_in(held.folder, key, "force-unlock", "-force", "0")
    assert place.backend.access(key).holder() is None


@IN_HTTP
def test_an_encrypted_state_is_known_as_such(place: Place, tofu: Path, tmp_path: Path) -> None:
    key = place.backend.locate(entity())
    assert Workbench(tofu, place, tmp_path).apply(key, MODULE + ENCRYPTION).endswith("exit 0")
    state = place.backend.access(key).read()
    assert state is not None
    assert state.encrypted


@pytest.mark.parametrize("place", ["http", "gitlab"], indirect=True)
def test_a_large_state_and_one_of_many_resources_are_read(place: Place) -> None:
    instances = [{"index_key": number} for number in range(5000)]
    thing = {"mode": "managed", "type": "t", "name": "n", "instances": instances}
    outputs = {"large": {"value": "x" * (40 << 20)}}
    state = {"version": 4, "serial": 7, "lineage": "l", "resources": [thing], "outputs": outputs}
    place.put(place.natural, json_text.write(state))
    read = place.backend.access(KEY).read()
    assert read is not None
    assert read.resources == 5000
    assert len(str(read.outputs["large"].value)) == 40 << 20


@IN_HTTP
def test_both_engines_share_a_state_and_exclude_each_other(
    place: Place, terraform: Path, tofu: Path, tmp_path: Path
) -> None:
    key = place.backend.locate(entity())
    held = Workbench(terraform, place, tmp_path).hold(key)
    refused = Workbench(tofu, place, tmp_path).apply(key)
    holder = place.backend.access(key).holder()
    assert held.let_go() == 0
    assert holder is not None
    assert f"already locked: ID={holder.id}" in refused.replace("\n", " ")


@IN_HTTP
def test_an_engine_is_refused_with_a_wrong_password(
    place: Place, engine: EngineBinary, tmp_path: Path, server: HttpStateServer
) -> None:
    backend = open_backend(
        HttpBackendConfig(type="http", address=f"{server.url}/states/{{name}}"),
        root=tmp_path,
        settings=Settings(LOGIN | {"TF_HTTP_PASSWORD": "wrong"}),
    )
    wrong = Place("http", backend, place.environment, place.put, place.paths)
    with pytest.raises(AssertionError, match="requires auth"):
        Workbench(engine.path, wrong, tmp_path).apply(KEY)


def test_a_server_that_cannot_list_says_so_at_once(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedError):
        backend_at("http://127.0.0.1:1", tmp_path).list()
