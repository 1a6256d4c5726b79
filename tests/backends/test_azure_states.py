"""States in Azure: few requests, every refusal explained, every way in that the engine has."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest
from backend_fixtures import Place, Workbench, entity
from records_fixtures import refusals_of

from azurite_server import ACCESS_KEY, ACCOUNT, AzuriteServer
from purveyor.backends import open_backend
from purveyor.backends.azure import open_azure
from purveyor.backends.object_states import ObjectStates
from purveyor.backends.stores.azure import AzureStore
from purveyor.catalog.backend import AzureBackendConfig
from purveyor.clock import Clock
from purveyor.cloud.azure import AzureStorage
from purveyor.errors import (
    CredentialsError,
    PurveyorError,
    ReasonCode,
    RecoveryError,
    StateLockedError,
)
from purveyor.lock import Lock
from purveyor.settings import Settings
from purveyor.state_key import StateKey
from purveyor.transport.connection import Response

if TYPE_CHECKING:
    from pathlib import Path

    from purveyor.backends import Backend
    from purveyor.engines.binary.model import EngineBinary

KEY = StateKey("services/5a1f/x.tfstate", exists=True)
SECRET = "a client's secret"
IN_AZURE = pytest.mark.parametrize("place", ["azurerm"], indirect=True)


def store_of(backend: Backend) -> AzureStore:
    assert isinstance(backend, ObjectStates)
    assert isinstance(backend.store, AzureStore)
    return backend.store


def backend_with(place: Place, variables: dict[str, str]) -> Backend:
    """Return the place's backend with other credentials."""
    environment = {k: v for k, v in place.environment.items() if k != "ARM_ACCESS_KEY"}
    return open_azure(store_of(place.backend).config, Settings(environment | variables))


@IN_AZURE
def test_a_create_takes_two_requests_of_azure_and_a_delete_three(place: Place) -> None:
    wire = store_of(place.backend).storage.connection
    key = place.backend.locate(entity())
    place.backend.block(key)
    assert place.backend.access(key).read() is None
    assert wire.sent == 2
    place.put(key.path, '{"version": 4, "serial": 1, "lineage": "l"}')
    key = place.backend.locate(entity())
    place.backend.access(key).read()
    place.backend.remove(key)
    assert wire.sent == 5
    assert place.backend.access(key).holder() is None
    assert wire.sent == 6
    assert place.paths() == []


@IN_AZURE
def test_only_the_id_of_a_dead_run_s_lease_frees_it(bench: Workbench) -> None:
    backend = bench.place.backend
    key = backend.locate(entity())
    assert backend.unlock(key, "any") is False
    bench.hold(key).kill()
    holder = backend.access(key).holder()
    assert holder is not None
    for wrong in ("nonsense", "00000000-0000-0000-0000-000000000000"):
        with pytest.raises(StateLockedError) as caught:
            backend.unlock(key, wrong)
        assert holder.id in caught.value.details[0]
    assert backend.unlock(key, holder.id) is True
    assert backend.unlock(key, holder.id) is False
    assert backend.access(key).holder() is None
    assert bench.apply(key).endswith("exit 0")


@IN_AZURE
def test_a_lease_without_a_name_still_is_a_held_lock(place: Place) -> None:
    place.put(KEY.path, "{}")
    container = store_of(place.backend)
    lease = container.storage.ask(
        "PUT",
        f"{container.config.container}/{container.key(KEY.path)}",
        query={"comp": "lease"},
        headers={"x-ms-lease-action": "acquire", "x-ms-lease-duration": "-1"},
    ).headers["x-ms-lease-id"]
    holder = place.backend.access(KEY).holder()
    assert holder is not None
    assert holder.id == ""
    with pytest.raises(StateLockedError):
        place.backend.remove(KEY)
    with pytest.raises(StateLockedError):
        place.backend.unlock(KEY, "00000000-0000-0000-0000-000000000000")
    with pytest.raises(StateLockedError):
        place.backend.unlock(KEY, "some other id")
    assert place.backend.unlock(KEY, lease) is True


@IN_AZURE
def test_a_lease_whose_engine_died_before_it_wrote_a_name_ends_by_an_empty_id(place: Place) -> None:
    place.put(KEY.path, "{}")
    container = store_of(place.backend)
    where = f"{container.config.container}/{container.key(KEY.path)}"
    taken = {"x-ms-lease-action": "acquire", "x-ms-lease-duration": "-1"}
    assert container.storage.ask("PUT", where, query={"comp": "lease"}, headers=taken).ok
    before = container.properties(KEY.path)
    assert before is not None
    # Somebody writes a name between the look and the deed.
    assert container.end_lease(KEY.path, tag='"0x1"') is False
    assert place.backend.access(KEY).holder() == Lock(id="")
    assert place.backend.unlock(KEY, "") is True
    assert place.backend.access(KEY).holder() is None
    assert place.backend.unlock(KEY, "") is False


@IN_AZURE
def test_an_empty_blob_is_no_state_but_is_kept_to(place: Place) -> None:
    place.put("services/5a1f/old.tfstate", "")
    key = place.backend.locate(entity())
    assert key == StateKey("services/5a1f/old.tfstate", exists=False)
    assert place.backend.access(key).read() is None
    assert list(place.backend.list()) == []


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
        lambda: backend.read_version(KEY, "2026-11-20T00:00:00.0000000Z"),
        lambda: backend.unlock(KEY, "x"),
    ):
        with pytest.raises(PurveyorError) as caught:
            attempt()
        raised.append(caught.value)
    return raised


@IN_AZURE
def test_a_missing_container_is_never_no_state(place: Place, tmp_path: Path) -> None:
    config = AzureBackendConfig(type="azurerm", account=ACCOUNT, container="nowhere")
    backend = open_backend(config, root=tmp_path, settings=Settings(place.environment))
    for error in (*attempts(backend), *refusals_of(backend.records)):
        assert error.reason is ReasonCode.STATE_UNREADABLE
        assert error.message == "The container nowhere does not exist."
        assert "purveyor state bootstrap" in error.hint


@IN_AZURE
def test_a_wrong_key_is_explained_and_not_repeated(place: Place) -> None:
    wrong = base64.b64encode(b"another key").decode()
    for error in attempts(backend_with(place, {"ARM_ACCESS_KEY": wrong})):
        assert isinstance(error, CredentialsError)
        assert wrong not in f"{error.message}{error.details}"


@IN_AZURE
def test_a_store_that_is_away_is_never_no_state(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    backend = backend_with(place, {"ARM_ACCESS_KEY": ACCESS_KEY})
    wire = store_of(backend).storage.connection
    wire.clock = Clock(pause=lambda _: None)
    with pytest.raises(RecoveryError) as caught:
        backend.locate(entity())
    assert caught.value.reason is ReasonCode.STATE_UNREADABLE
    assert "does not answer" in caught.value.message
    assert wire.sent == 3


@IN_AZURE
def test_a_run_without_azure_credentials_is_told_to_log_in(place: Place) -> None:
    with pytest.raises(CredentialsError) as caught:
        backend_with(place, {"ARM_USE_CLI": "false"}).locate(entity())
    assert "no Azure credentials" in caught.value.message


@IN_AZURE
def test_a_certificate_is_said_to_be_the_engine_s_alone(place: Place) -> None:
    with pytest.raises(CredentialsError) as caught:
        backend_with(place, {"ARM_CLIENT_CERTIFICATE_PATH": "x.pfx"}).locate(entity())
    assert "certificate" in caught.value.message


def signature() -> str:
    """Return an account's shared access signature ("Create an account SAS", Azure Storage)."""
    fields = {"sp": "rwdlac", "ss": "b", "srt": "sco", "st": "", "se": "2099-01-01T00:00:00Z"}
    fields |= {"sip": "", "spr": "https", "sv": "2021-12-02", "ses": ""}
    text = "\n".join([ACCOUNT, *fields.values(), ""])
    digest = hmac.digest(base64.b64decode(ACCESS_KEY), text.encode(), hashlib.sha256)
    given = {name: value for name, value in fields.items() if value}
    return urlencode(given | {"sig": base64.b64encode(digest).decode()})


ENTRA = {"ARM_CLIENT_ID": "client", "ARM_TENANT_ID": "tenant", "ARM_CLIENT_SECRET": SECRET}


@pytest.mark.parametrize("way", ["signature", "secret", "federation"])
@IN_AZURE
def test_each_way_in_serves_purveyor_and_the_engine(
    place: Place, azurite: AzuriteServer, engine: EngineBinary, tmp_path: Path, way: str
) -> None:
    (tmp_path / "token").write_text("the CI's token")
    federation = ENTRA | {"ARM_USE_OIDC": "true", "ARM_OIDC_TOKEN_FILE_PATH": f"{tmp_path}/token"}
    del federation["ARM_CLIENT_SECRET"]
    variables = {
        "signature": {"ARM_SAS_TOKEN": signature()},
        "secret": ENTRA,
        "federation": federation,
    }[way] | {"ARM_SUBSCRIPTION_ID": "00000000-0000-0000-0000-000000000001"}
    backend = backend_with(place, variables)
    environment = {k: v for k, v in place.environment.items() if k != "ARM_ACCESS_KEY"}
    other = Place("azurerm", backend, environment | variables, place.put, place.paths)
    azurite.logins.clear()
    key = backend.locate(entity())
    assert len(azurite.logins) == (way != "signature")
    assert Workbench(engine.path, other, tmp_path).apply(key).endswith("exit 0")
    assert backend.locate(entity()).exists
    assert backend.block(key).arguments.get("use_azuread_auth") is (way != "signature" or None)
    if way == "federation":
        assert {each["client_assertion"] for each in azurite.logins} == {"the CI's token"}


@IN_AZURE
def test_a_refused_login_tells_azure_s_number_and_no_secret(place: Place) -> None:
    wrong = ENTRA | {"ARM_CLIENT_SECRET": "wrong secret"}
    with pytest.raises(CredentialsError) as caught:
        backend_with(place, wrong).locate(entity())
    assert "AADSTS7000215" in caught.value.details[0]
    assert "wrong secret" not in f"{caught.value.message}{caught.value.details}"


@IN_AZURE
def test_of_two_writers_of_a_record_in_azure_one_wins(place: Place) -> None:
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


def blob(version: str, digest: str, *, size: int = 9, current: bool = False) -> str:
    mark = "<IsCurrentVersion>true</IsCurrentVersion>" if current else ""
    return (
        f"<Blob><Name>services/5a1f/x.tfstate</Name><VersionId>{version}</VersionId>{mark}"
        f"<Properties><Last-Modified>Fri, 20 Nov 2026 0{version}:00:00 GMT</Last-Modified>"
        f"<Content-Length>{size}</Content-Length><Content-MD5>{digest}</Content-MD5>"
        "</Properties></Blob>"
    )


def test_versions_that_only_a_lock_made_are_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    # As Azure's documentation shows a list of versions; Azurite keeps none.
    pages = [
        blob("1", "", size=0) + blob("2", "A") + blob("3", "A"),
        blob("4", "B") + blob("5", "B", current=True) + "<Blob><Name>other</Name></Blob>",
    ]
    asked = []

    def ask(_: object, _method: str, _path: str, **rest: dict[str, str]) -> Response:
        asked.append(rest["query"])
        marker = "<NextMarker>next</NextMarker>" if len(asked) == 1 else "<NextMarker />"
        blobs = f"<Blobs>{pages[len(asked) - 1]}</Blobs>"
        text = f"<EnumerationResults>{blobs}{marker}</EnumerationResults>"
        return Response(200, {}, text.encode())

    monkeypatch.setattr(AzureStorage, "ask", ask)
    config = AzureBackendConfig(type="azurerm", account=ACCOUNT, container="states")
    found = open_azure(config, Settings({})).versions(KEY)
    assert [(each.id, each.latest) for each in found] == [("5", True), ("3", False)]
    assert [each.modified.hour for each in found if each.modified] == [4, 2]
    assert [each.get("marker") for each in asked] == [None, "next"]
    assert {each["include"] for each in asked} == {"versions"}
