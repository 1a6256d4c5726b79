"""States in Google's storage: few requests, every refusal explained, several ways in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from backend_fixtures import MODULE, Place, Workbench, entity
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from records_fixtures import refusals_of

from fake_gcs_server import FakeGcsServer
from purveyor import json_text
from purveyor.backends.gcs import open_gcs
from purveyor.backends.object_states import ObjectStates
from purveyor.backends.stores.gcs import GoogleStore
from purveyor.catalog.backend import GoogleBackendConfig
from purveyor.clock import Clock
from purveyor.cloud.google import GoogleStorage
from purveyor.errors import (
    CredentialsError,
    PurveyorError,
    ReasonCode,
    RecoveryError,
    StateLockedError,
)
from purveyor.settings import Settings
from purveyor.state_key import StateKey
from stub_answer import answering

if TYPE_CHECKING:
    from pathlib import Path

    from purveyor.backends import Backend

KEY = StateKey("services/5a1f/x.tfstate", exists=True)
IN_GCS = pytest.mark.parametrize("place", ["gcs"], indirect=True)


def store_of(backend: Backend) -> GoogleStore:
    assert isinstance(backend, ObjectStates)
    assert isinstance(backend.store, GoogleStore)
    return backend.store


def states_at(url: str, **variables: str) -> ObjectStates:
    environment = FakeGcsServer(url).environment() | variables
    backend = open_gcs(GoogleBackendConfig(type="gcs", bucket="acme-states"), Settings(environment))
    store_of(backend).storage.connection.clock = Clock(pause=lambda _: None)
    return backend


@IN_GCS
def test_a_create_takes_two_requests_of_google_and_a_delete_four(place: Place) -> None:
    wire = store_of(place.backend).storage.connection
    key = place.backend.locate(entity())
    place.backend.block(key)
    assert place.backend.access(key).read() is None
    # Google's own answer for a missing object says so; this server's needs one request more.
    assert wire.sent == 2 + 1
    place.put(key.path, '{"version": 4, "serial": 1, "lineage": "l"}')
    key = place.backend.locate(entity())
    place.backend.access(key).read()
    place.backend.remove(key)
    assert wire.sent == 3 + 4 + 1
    assert place.paths() == []


def test_google_s_word_for_a_missing_object_is_enough() -> None:
    with answering(b"No such object: acme-states/x", status=404) as url:
        backend = states_at(url)
        assert backend.access(KEY).read() is None
        assert store_of(backend).storage.connection.sent == 1


@IN_GCS
def test_a_state_lies_in_a_folder_of_its_own_as_the_engine_wants_it(bench: Workbench) -> None:
    backend = bench.place.backend
    assert isinstance(backend, ObjectStates)
    key = backend.locate(entity())
    bench.apply(key)
    names = [each.path for each in backend.store.objects("")]
    assert names == ["services/5a1f/orders-db/default.tfstate"]
    assert list(backend.paths()) == [key.path]
    backend.mark_moved(key, "there")
    assert backend.read_moved_marker(key) == "there"
    assert sorted(backend.paths()) == [key.path, f"{key.path}.moved"]
    assert backend.locate(entity()) == StateKey(key.path, exists=True, moved=True)


@IN_GCS
def test_only_the_generation_of_a_dead_run_s_lock_frees_it(bench: Workbench) -> None:
    backend = bench.place.backend
    key = backend.locate(entity())
    assert backend.unlock(key, "any") is False
    bench.hold(key).kill()
    holder = backend.access(key).holder()
    assert holder is not None
    assert holder.id.isdecimal()
    assert holder.id in bench.apply(key)
    for wrong in ("", "1", "nonsense"):
        with pytest.raises(StateLockedError) as caught:
            backend.unlock(key, wrong)
        assert holder.id in caught.value.details[0]
    assert backend.unlock(key, holder.id) is True
    assert backend.unlock(key, holder.id) is False
    assert bench.apply(key).endswith("exit 0")


@IN_GCS
def test_a_removed_state_s_generations_are_kept(bench: Workbench) -> None:
    backend = bench.place.backend
    key = backend.locate(entity())
    bench.apply(key)
    bench.apply(key, MODULE.replace("default = 1", "default = 2"))
    before = backend.versions(key)
    backend.remove(key)
    after = backend.versions(key)
    assert [each.id for each in after] == [each.id for each in before]
    assert [each.latest for each in before] == [True] + [False] * (len(before) - 1)
    assert not any(each.latest for each in after)
    assert '"version": 4' in backend.read_version(key, after[0].id)
    assert backend.unversioned() == ""


@IN_GCS
def test_a_bucket_of_google_without_versioning_says_so(
    place: Place, fake_gcs: FakeGcsServer
) -> None:
    fake_gcs.make_bucket("plain-states", versioned=False)
    config = GoogleBackendConfig(type="gcs", bucket="plain-states")
    backend = open_gcs(config, Settings(place.environment))
    assert backend.unversioned() == "The versioning of the bucket plain-states is off."


def attempts(backend: Backend) -> list[PurveyorError]:
    """Return what each way to ask for a state raises."""
    raised = []
    for attempt in (
        lambda: backend.locate(entity()),
        lambda: backend.access(KEY).read(),
        lambda: backend.access(KEY).holder(),
        lambda: backend.remove(KEY),
        lambda: list(backend.list()),
        lambda: backend.versions(KEY),
        lambda: backend.unlock(KEY, "1"),
    ):
        with pytest.raises(PurveyorError) as caught:
            attempt()
        raised.append(caught.value)
    return raised


@IN_GCS
def test_a_missing_bucket_of_google_is_never_no_state(place: Place) -> None:
    config = GoogleBackendConfig(type="gcs", bucket="nowhere")
    backend = open_gcs(config, Settings(place.environment))
    for error in (*attempts(backend), *refusals_of(backend.records)):
        assert error.reason is ReasonCode.STATE_UNREADABLE
        assert error.message == "The bucket nowhere does not exist."
        assert "purveyor state bootstrap" in error.hint


@pytest.mark.parametrize(
    ("status", "reason", "word"),
    [
        (401, ReasonCode.CREDENTIALS_INVALID, "does not accept"),
        (403, ReasonCode.PERMISSION_DENIED, "not allowed"),
        (404, ReasonCode.STATE_UNREADABLE, "does not exist"),
        (503, ReasonCode.STATE_UNREADABLE, "does not answer"),
        (302, ReasonCode.STATE_UNREADABLE, "refuses"),
    ],
)
def test_a_refusal_of_google_is_explained_and_is_never_no_state(
    status: int, reason: ReasonCode, word: str
) -> None:
    with answering(b'{"error": {"message": "No, not that."}}', status=status) as url:
        for error in attempts(states_at(url)):
            assert error.reason is reason
            assert word in error.message
            assert "No, not that." in error.details[0]
            assert "any token" not in f"{error.message}{error.details}"


@pytest.mark.parametrize("body", [b"", b"[]", b"<html>Log in first</html>"])
def test_a_listing_that_is_none_is_never_an_empty_one(body: bytes) -> None:
    with answering(body) as url, pytest.raises(RecoveryError) as caught:
        states_at(url).locate(entity())
    assert "no JSON object" in caught.value.details[0]


def test_a_store_of_google_that_is_away_is_never_no_state() -> None:
    for error in attempts(states_at("http://127.0.0.1:1")):
        assert error.reason is ReasonCode.STATE_UNREADABLE
        assert "does not answer" in error.message


def test_a_state_of_google_that_breaks_off_on_its_way_is_never_no_state() -> None:
    with answering(b"{", claimed=1000) as url, pytest.raises(RecoveryError) as caught:
        states_at(url).access(KEY).read()
    assert caught.value.reason is ReasonCode.STATE_UNREADABLE


@IN_GCS
def test_of_two_writers_of_a_record_in_google_one_wins(place: Place) -> None:
    records = store_of(place.backend)
    assert records.create("journal/open/a", "1") is True
    assert records.create("journal/open/a", "2") is False
    assert records.read("journal/open/a") == "1"
    records.put("journal/open/a", "3")
    assert records.read("journal/open/a") == "3"
    assert list(records.paths("journal")) == ["journal/open/a"]
    records.remove("journal/open/a")
    records.remove("journal/open/a")
    assert records.read("journal/open/a") is None


def service_account(token_uri: str) -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    document = {
        "type": "service_account",
        "project_id": "p",
        "private_key_id": "1",
        "private_key": pem.decode(),
        "client_email": "states@p.iam.gserviceaccount.com",
        "token_uri": token_uri,
    }
    return json_text.write(document)


def external_account(token_uri: str, token_file: Path) -> str:
    document = {
        "type": "external_account",
        "audience": "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p",
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "token_url": token_uri,
        "credential_source": {"file": str(token_file)},
    }
    return json_text.write(document)


@pytest.mark.parametrize("kind", ["service account", "external account", "document"])
@IN_GCS
def test_each_kind_of_google_s_credentials_gets_a_token(
    place: Place, tmp_path: Path, kind: str
) -> None:
    (tmp_path / "token").write_text("the CI's token")
    body = (
        b'{"access_token": "made", "expires_in": 3600, "token_type": "Bearer",'
        b' "issued_token_type": "urn:ietf:params:oauth:token-type:access_token"}'
    )
    environment = dict(place.environment)
    del environment["GOOGLE_OAUTH_ACCESS_TOKEN"]
    with answering(body) as url:
        text = (
            external_account(url, tmp_path / "token")
            if kind == "external account"
            else service_account(url)
        )
        (tmp_path / "credentials.json").write_text(text)
        if kind == "document":
            environment["GOOGLE_CREDENTIALS"] = text
        else:
            environment["GOOGLE_APPLICATION_CREDENTIALS"] = str(tmp_path / "credentials.json")
        storage = GoogleStorage(Settings(environment))
        bucket = store_of(place.backend).config.bucket
        assert storage.ask("GET", f"b/{bucket}/o").ok
        assert storage.ask("GET", f"b/{bucket}/o").ok
    # One login serves both.
    assert storage.connection.sent == 3


@pytest.mark.parametrize("content", ["", "{", "[]", '{"type": "service_account"}', None])
def test_credentials_of_google_that_cannot_be_used_are_explained(
    tmp_path: Path, content: str | None
) -> None:
    path = tmp_path / "credentials.json"
    if content is not None:
        path.write_text(content)
    storage = GoogleStorage(Settings({"GOOGLE_APPLICATION_CREDENTIALS": str(path)}))
    with pytest.raises(CredentialsError):
        storage.ask("GET", "b/any/o")


def test_a_refused_login_to_google_holds_no_key(tmp_path: Path) -> None:
    with answering(b'{"error": "invalid_grant"}', status=400) as url:
        text = service_account(url)
        (tmp_path / "c").write_text(text)
        settings = Settings({"GOOGLE_APPLICATION_CREDENTIALS": str(tmp_path / "c")})
        with pytest.raises(CredentialsError) as caught:
            GoogleStorage(settings).ask("GET", "b/any/o")
    assert "invalid_grant" in caught.value.details[0]
    assert "PRIVATE KEY" not in f"{caught.value.message}{caught.value.details}"
