"""Objects in Cloud Storage: the requests that Purveyor makes, and their failures in our words."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import quote

from purveyor.backends.model import StateVersion, no_version
from purveyor.backends.stores import ObjectStore, StoredObject, find_age
from purveyor.cloud.errors import store_error
from purveyor.cloud.google import GoogleStorage, classify
from purveyor.cloud.google_login import GOOGLE
from purveyor.dataclass import dataclass
from purveyor.json_text import as_list, dig
from purveyor.transport.errors import FailureKind, NoResponseError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from purveyor.catalog.backend import GoogleBackendConfig
    from purveyor.json_text import JsonObject, JsonValue
    from purveyor.settings import Settings
    from purveyor.transport.connection import Response

_FIELDS = "name,size,updated,generation,timeDeleted"
_PAGE = "1000"  # the most that Google gives in one answer
_NOT_FOUND = 404
_FORBIDDEN = 403
_OTHER_GENERATION = 412


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation(StoredObject):
    """One entry of a listing; `superseded` of an earlier or removed generation."""

    generation: str
    superseded: bool


class GoogleStore(ObjectStore):
    """A bucket's prefix. Each method is one request, or two for what is not there."""

    def __init__(self, config: GoogleBackendConfig, settings: Settings) -> None:
        self.config = config
        self.storage = GoogleStorage(settings)

    def key(self, path: str) -> str:
        return f"{self.config.prefix}/{path}" if self.config.prefix else path

    def objects(self, begin: str) -> Iterator[Generation]:
        return self._list(begin, {})

    def versions(self, path: str) -> list[StateVersion]:
        found = [each for each in self._list(path, {"versions": "true"}) if each.path == path]
        newest_first = sorted(found, key=lambda each: -int(each.generation))
        return [
            StateVersion(each.generation, each.modified, each.size, latest=not each.superseded)
            for each in newest_first
        ]

    def content(self, path: str) -> tuple[str, str] | None:
        """Return an object's text and the number of its generation; None without an object."""
        answer = self._ask("GET", path, query={"alt": "media"}, fine={_NOT_FOUND}, encrypted=True)
        if not answer.ok:
            return None
        return answer.text, answer.headers.get("x-goog-generation", "")

    def read(self, path: str) -> str | None:
        found = self.content(path)
        return None if found is None else found[0]

    def age(self, path: str) -> float | None:
        answer = self._ask("GET", path, query={"fields": "updated"}, fine={_NOT_FOUND})
        if not answer.ok:
            return None
        written = _moment(self._document(answer, path).get("updated"))
        return find_age(written, answer.headers.get("date"))

    def version(self, path: str, version_id: str) -> str:
        if not version_id.isdecimal():
            raise no_version(path, version_id)
        query = {"alt": "media", "generation": version_id}
        answer = self._ask("GET", path, query=query, fine={_NOT_FOUND}, encrypted=True)
        if not answer.ok:
            raise no_version(path, version_id)
        return answer.text

    def put(self, path: str, text: str) -> None:
        self._upload(path, text, {}, frozenset())

    def create(self, path: str, text: str) -> bool:
        return self._upload(path, text, {"ifGenerationMatch": "0"}, {_OTHER_GENERATION})

    def _upload(
        self, path: str, text: str, query: Mapping[str, str], fine: frozenset[int] | set[int]
    ) -> bool:
        query = {"uploadType": "media", "name": self.key(path), **query}
        if self.config.kms_key:
            query["kmsKeyName"] = self.config.kms_key
        answer = self._ask(
            "POST", "", query=query, content=text, fine=fine, about=path, encrypted=True
        )
        return answer.ok

    def remove(self, path: str) -> None:
        self.remove_generation(path, "")

    def remove_generation(self, path: str, generation: str) -> bool:
        """Delete an object if it is of this generation, or of any; False when it is another."""
        query = {"ifGenerationMatch": generation} if generation else None
        answer = self._ask("DELETE", path, query=query, fine={_NOT_FOUND, _OTHER_GENERATION})
        return answer.status != _OTHER_GENERATION

    def unversioned(self) -> str:
        """Ask for the bucket's versioning; silent where the run may not ask."""
        answer = self._ask("GET", None, query={"fields": "versioning"}, fine={_FORBIDDEN})
        if not answer.ok:
            return ""
        if dig(self._document(answer, ""), "versioning", "enabled") is True:
            return ""
        return f"The versioning of the bucket {self.config.bucket} is off."

    def _list(self, start: str, query: Mapping[str, str]) -> Iterator[Generation]:
        token = ""
        while True:
            page = {"prefix": self.key(start), "maxResults": _PAGE, **query}
            page["fields"] = f"nextPageToken,items({_FIELDS})"
            answer = self._ask(
                "GET", "", query=page | ({"pageToken": token} if token else {}), about=start
            )
            found = self._document(answer, start)
            for entry in as_list(found.get("items")):
                if isinstance(entry, dict):
                    yield _read(entry, self.key(""))
            token = str(found.get("nextPageToken") or "")
            if not token:
                return

    def _ask(
        self,
        method: str,
        path: str | None,
        *,
        query: Mapping[str, str] | None = None,
        fine: frozenset[int] | set[int] = frozenset(),
        content: str | None = None,
        about: str = "",
        encrypted: bool = False,
    ) -> Response:
        """Ask about an object, all of them for an empty path, or the bucket itself for None."""
        where = f"b/{quote(self.config.bucket, safe='')}"
        if path is not None:
            where += f"/o/{quote(self.key(path), safe='')}" if path else "/o"
        try:
            answer = self.storage.ask(
                method, where, query=query, content=content, encrypted=encrypted
            )
        except NoResponseError as error:
            raise self._refusal(path or about, FailureKind.UNREACHABLE, str(error)) from None
        if answer.ok or answer.status in fine:
            # Not every answer tells a missing object from a missing bucket: then a listing does.
            if answer.status == _NOT_FOUND and "No such object" not in answer.text:
                next(self._list("", {"maxResults": "1"}), None)
            return answer
        raise self._refusal(path or about, *classify(answer))

    def _document(self, answer: Response, path: str) -> JsonObject:
        found = answer.document()
        if found is None:
            raise self._refusal(path, FailureKind.UNREACHABLE, "the answer is no JSON object")
        return found

    def _refusal(self, path: str, kind: FailureKind, detail: str) -> Exception:
        bucket = self.config.bucket
        place = f"gs://{bucket}/{self.key(path)}"
        return store_error(GOOGLE, place, kind, detail, store=f"bucket {bucket}")


def _read(entry: JsonObject, start: str) -> Generation:
    return Generation(
        path=str(entry.get("name") or "").removeprefix(start),
        size=int(str(entry.get("size") or 0)),
        modified=_moment(entry.get("updated")),
        generation=str(entry.get("generation") or 0),
        superseded=_moment(entry.get("timeDeleted")) is not None,
    )


def _moment(text: JsonValue | None) -> datetime | None:
    """Read RFC 3339; an emulator may tell Go's zero time for no time."""
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return moment if moment.year > 1 else None
