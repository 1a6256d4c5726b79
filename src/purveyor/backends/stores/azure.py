"""Blobs in Azure: the requests that Purveyor itself makes, and their failures in our words."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote
from xml.etree import ElementTree as ET  # the store's own answers; expat bounds entities

from purveyor.backends.model import StateVersion, no_version
from purveyor.backends.stores import ObjectStore, StoredObject, find_age, read_date
from purveyor.cloud.azure import AzureStorage, classify, error_code
from purveyor.cloud.azure_token import AZURE
from purveyor.cloud.errors import store_error
from purveyor.dataclass import dataclass
from purveyor.transport.errors import FailureKind, NoResponseError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from purveyor.catalog.backend import AzureBackendConfig
    from purveyor.settings import Settings
    from purveyor.transport.connection import Response

_CURRENT = "current"  # the only version where the account keeps none
_PAGE = "5000"  # the most that Azure gives in one answer
_METADATA = "x-ms-meta-"
_WRITING = {"x-ms-blob-type": "BlockBlob", "content-type": "application/json"}
_TAKEN = frozenset({"BlobAlreadyExists", "ConditionNotMet"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Blob(StoredObject):
    """One entry of a listing. `version` is empty where the account keeps none."""

    version: str
    current: bool
    digest: str


@dataclass(frozen=True, slots=True)
class BlobProperties:
    """What a blob's headers tell. Metadata names are in lower case; `tag` changes with them."""

    leased: bool
    metadata: Mapping[str, str]
    tag: str


class AzureStore(ObjectStore):
    """A container's prefix."""

    has_placeholders = True

    def __init__(self, config: AzureBackendConfig, settings: Settings) -> None:
        self.config = config
        self.storage = AzureStorage(config.account, config.environment, settings)

    def key(self, path: str) -> str:
        return f"{self.config.prefix}/{path}" if self.config.prefix else path

    def objects(self, begin: str) -> Iterator[Blob]:
        return self._list(begin, {})

    def versions(self, path: str) -> list[StateVersion]:
        """List the blob's versions, without those that only a lock has made."""
        found = self._list(path, {"include": "versions"})
        return _distinct([blob for blob in found if blob.path == path])

    def unversioned(self) -> str:
        """Look whether some blob has a version; the account's own settings ask for more rights."""
        found = next(self._list("", {"include": "versions", "maxresults": "1"}), None)
        if found is None or found.version:
            return ""
        return f"Blob versioning of the storage account {self.config.account} is off."

    def read(self, path: str) -> str | None:
        answer = self._ask("GET", path, fine={"BlobNotFound"})
        return answer.text if answer.ok else None

    def version(self, path: str, version_id: str) -> str:
        """Read one version of the blob, or the blob itself where the account keeps none."""
        if version_id == _CURRENT:
            content = self.read(path)
            if content is None:
                raise no_version(path, version_id)
            return content
        answer = self._ask("GET", path, query={"versionid": version_id}, fine=_NO_VERSION)
        # A service that knows no versions answers with the blob as it is.
        if not answer.ok or answer.headers.get("x-ms-version-id") != version_id:
            raise no_version(path, version_id)
        return answer.text

    def properties(self, path: str) -> BlobProperties | None:
        """Return what a blob's headers tell; None when there is no such blob."""
        answer = self._ask("HEAD", path, fine={"BlobNotFound"})
        if not answer.ok:
            return None
        metadata = {
            name.removeprefix(_METADATA): value
            for name, value in answer.headers.items()
            if name.startswith(_METADATA)
        }
        leased = answer.headers.get("x-ms-lease-status") == "locked"
        return BlobProperties(leased, metadata, answer.headers.get("etag", ""))

    def age(self, path: str) -> float | None:
        answer = self._ask("HEAD", path, fine={"BlobNotFound"})
        told = answer.headers if answer.ok else {}
        return find_age(read_date(told.get("last-modified")), told.get("date"))

    def put(self, path: str, text: str) -> None:
        self._ask("PUT", path, headers=_WRITING, content=text.encode())

    def create(self, path: str, text: str) -> bool:
        headers = _WRITING | {"if-none-match": "*"}
        answer = self._ask("PUT", path, headers=headers, content=text.encode(), fine=_TAKEN)
        return answer.ok

    def remove(self, path: str) -> None:
        self.remove_free(path)

    def remove_free(self, path: str) -> bool:
        """Delete a blob, its versions stay; False when a lease holds it."""
        answer = self._ask("DELETE", path, fine={"BlobNotFound", "LeaseIdMissing"})
        return error_code(answer) != "LeaseIdMissing"

    def describe(self, path: str, metadata: Mapping[str, str], *, lease: str) -> bool:
        """Set a leased blob's metadata; False when another lease holds it, or none."""
        headers = {f"{_METADATA}{name}": value for name, value in metadata.items()}
        return self._on_lease(path, "metadata", headers | {"x-ms-lease-id": lease})

    def release(self, path: str, *, lease: str) -> bool:
        """Release a lease; False when another one holds the blob, or none."""
        return self._on_lease(
            path, "lease", {"x-ms-lease-action": "release", "x-ms-lease-id": lease}
        )

    def end_lease(self, path: str, *, tag: str) -> bool:
        """End a lease whose id nobody knows, at once; False when the blob is not as it was."""
        headers = {"x-ms-lease-action": "break", "x-ms-lease-break-period": "0", "if-match": tag}
        return self._on_lease(path, "lease", headers)

    def _on_lease(self, path: str, what: str, headers: Mapping[str, str]) -> bool:
        answer = self._ask("PUT", path, query={"comp": what}, headers=headers, fine=_OTHER_LEASE)
        return answer.ok

    def _list(self, start: str, query: Mapping[str, str]) -> Iterator[Blob]:
        marker = ""
        while True:
            page = {"restype": "container", "comp": "list", "maxresults": _PAGE}
            page |= {"prefix": self.key(start), **query} | ({"marker": marker} if marker else {})
            if not page["prefix"]:
                del page["prefix"]
            answer = self._ask("GET", None, query=page, about=start)
            try:
                document = ET.fromstring(answer.content)  # noqa: S314 - see the import
            except ET.ParseError:
                raise self._refusal(start, FailureKind.UNREACHABLE, "the list is no XML") from None
            for entry in document.iter("Blob"):
                yield _read(entry, self.key(""))
            marker = document.findtext("NextMarker") or ""
            if not marker:
                return

    def _ask(
        self,
        method: str,
        path: str | None,
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        content: bytes = b"",
        fine: frozenset[str] | set[str] = frozenset(),
        about: str = "",
    ) -> Response:
        """Ask about a blob, or about the container for None; `fine` are codes to come back with."""
        place = path if path is not None else about
        where = self.config.container
        if path is not None:
            where = f"{where}/{self.key(path)}"
        try:
            answer = self.storage.ask(method, where, query=query, headers=headers, content=content)
        except NoResponseError as error:
            raise self._refusal(place, FailureKind.UNREACHABLE, str(error)) from None
        if answer.ok or error_code(answer) in fine:
            return answer
        raise self._refusal(place, *classify(answer))

    def _refusal(self, path: str, kind: FailureKind, detail: str) -> Exception:
        container = self.config.container
        place = f"azure://{self.config.account}/{container}/{self.key(path)}"
        return store_error(AZURE, place, kind, detail, store=f"container {container}")


def _distinct(blobs: list[Blob]) -> list[StateVersion]:
    """Turn a blob's versions, oldest first, into what a person wants to see, newest first.

    Taking and freeing the lock make versions too, with the content unchanged; and the engine's
    first lock leaves an empty one. Of equal neighbours the first tells the time, the last the id.
    """
    told: list[StateVersion] = []
    last = ""
    for blob in blobs:
        if not blob.size:
            continue
        same = bool(told) and blob.digest != "" and blob.digest == last
        moment = told.pop().modified if same else blob.modified
        told.append(StateVersion(blob.version or _CURRENT, moment, blob.size, latest=blob.current))
        last = blob.digest
    return told[::-1]


def _read(entry: ET.Element, start: str) -> Blob:
    name = entry.find("Name")
    text = (name.text or "") if name is not None else ""
    if name is not None and name.get("Encoded") == "true":
        text = unquote(text)
    version = entry.findtext("VersionId") or ""
    return Blob(
        path=text.removeprefix(start),
        size=int(entry.findtext("Properties/Content-Length") or 0),
        modified=read_date(entry.findtext("Properties/Last-Modified")),
        locked=entry.findtext("Properties/LeaseStatus") == "locked",
        version=version,
        current=entry.findtext("IsCurrentVersion") == "true" or not version,
        digest=entry.findtext("Properties/Content-MD5") or "",
    )


_NO_VERSION = frozenset({"BlobNotFound", "InvalidQueryParameterValue", "InvalidVersionId"})
_OTHER_LEASE = frozenset(
    {
        "ConditionNotMet",
        "BlobNotFound",
        "LeaseIdMismatchWithLeaseOperation",
        "LeaseIdMismatchWithBlobOperation",
        "LeaseNotPresentWithLeaseOperation",
        "LeaseNotPresentWithBlobOperation",
        "LeaseLost",
        "InvalidHeaderValue",  # the id given is no lease's id
    }
)
