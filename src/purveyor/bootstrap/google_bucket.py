"""A Cloud Storage bucket for states: versioned, with uniform access, closed to the public."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from purveyor.bootstrap.model import KEPT_DAYS, Measure, settled
from purveyor.cloud.errors import store_error
from purveyor.cloud.google import GoogleStorage, classify
from purveyor.cloud.google_login import GOOGLE
from purveyor.errors import CatalogError, ReasonCode, RecoveryError
from purveyor.json_text import as_list, dig, write
from purveyor.transport.errors import FailureKind, NoResponseError

if TYPE_CHECKING:
    from collections.abc import Callable

    from purveyor.catalog.backend import GoogleBackendConfig
    from purveyor.errors import PurveyorError
    from purveyor.json_text import JsonObject
    from purveyor.settings import Settings
    from purveyor.transport.connection import Response

_LOCK = "/default.tflock"
_ABSENT = "no bucket"
_NOT_FOUND = 404
_FORBIDDEN = 403
_CONFLICT = 409
_CHANGED = 412
_TRIES = 10
_IAM = "iamConfiguration"


class GoogleSetup:
    """One bucket. `project` and `location` are for making it; Google's default is `US`."""

    def __init__(self, config: GoogleBackendConfig, settings: Settings) -> None:
        self._config = config
        self._storage = GoogleStorage(settings, as_owner=True)
        self._project = settings.first("GOOGLE_PROJECT", "GOOGLE_CLOUD_PROJECT") or ""
        self._location = settings.text("GOOGLE_REGION") or "US"
        self._path = f"b/{quote(config.bucket, safe='')}"

    def survey(self) -> list[Measure]:
        found = self._read()
        wanted = f"{self._config.bucket} in {self._location}"
        measures = [
            settled("bucket", "there", self._config.bucket)
            if found is not None
            else Measure("bucket", "missing", wanted, "make it", self._create)
        ]
        looks = (_versioning, _uniform, _closed, self._encryption, self._locks)
        return measures + [self._compare(found, look) for look in looks]

    def _compare(
        self, found: JsonObject | None, look: Callable[[JsonObject], tuple[Measure, JsonObject]]
    ) -> Measure:
        """Turn what a look finds into a measure that changes the bucket as it is by then."""
        told, patch = look(found or {})
        if not patch:
            return told
        now = _ABSENT if found is None else told.now
        return Measure(
            told.what, now, told.wanted, told.change, lambda: self._change(look), note=told.note
        )

    def _change(self, look: Callable[[JsonObject], tuple[Measure, JsonObject]]) -> None:
        """Patch the bucket unless somebody changed it since we looked: then look again."""
        for _ in range(_TRIES):
            found = self._read() or {}
            _, patch = look(found)
            if not patch:
                return
            answer = self._ask(
                "PATCH",
                self._path,
                {"ifMetagenerationMatch": str(found.get("metageneration") or "")},
                patch,
                fine={_CHANGED},
            )
            if answer.status != _CHANGED:
                return
        raise RecoveryError(
            f"The bucket {self._config.bucket} changes all the time.",
            hint="Run the command again when nobody else changes its settings.",
        )

    def _read(self) -> JsonObject | None:
        answer = self._ask(
            "GET", self._path, {"projection": "noAcl"}, fine={_NOT_FOUND, _FORBIDDEN}
        )
        if answer.status == _FORBIDDEN:
            raise self._taken(answer)
        if not answer.ok:
            return None
        found = answer.document()
        if found is None:
            raise self._refuse(FailureKind.UNREACHABLE, "the answer is no JSON object")
        return found

    def _create(self) -> None:
        """Make the bucket closed from its first moment; another run of ours may be faster."""
        if not self._project:
            raise CatalogError(
                f"The bucket {self._config.bucket} is missing, and no project to make it in.",
                hint="Set GOOGLE_PROJECT, and GOOGLE_REGION if it is not to lie in the US.",
            )
        body: JsonObject = {
            "name": self._config.bucket,
            "location": self._location,
            "versioning": {"enabled": True},
            _IAM: {
                "uniformBucketLevelAccess": {"enabled": True},
                "publicAccessPrevention": "enforced",
            },
        }
        answer = self._ask("POST", "b", {"project": self._project}, body, fine={_CONFLICT})
        if answer.status == _CONFLICT and self._read() is None:
            raise self._taken(answer)

    def _encryption(self, found: JsonObject) -> tuple[Measure, JsonObject]:
        what, key = "encryption", self._config.kms_key
        there = str(dig(found, "encryption", "defaultKmsKeyName") or "")
        wanted = f"KMS key {key}" if key else "Google's own keys"
        now = f"KMS key {there}" if there else "Google's own keys"
        if there or not key:
            differs = there and key and there != key
            note = f"the bucket's own default stays; states use {key}" if differs else ""
            return settled(what, now, wanted, note=note), {}
        return Measure(what, now, wanted, "set the default"), {
            "encryption": {"defaultKmsKeyName": key}
        }

    def _locks(self, found: JsonObject) -> tuple[Measure, JsonObject]:
        """Google can select by the end of a name; rules of others all stay."""
        what, wanted = "old lock versions", f"removed after {KEPT_DAYS} days"
        there = as_list(dig(found, "lifecycle", "rule"))
        if any(_LOCK in as_list(dig(each, "condition", "matchesSuffix")) for each in there):
            return settled(what, wanted, wanted), {}
        ours: JsonObject = {
            "action": {"type": "Delete"},
            "condition": {
                "matchesSuffix": [_LOCK],
                "isLive": False,
                "daysSinceNoncurrentTime": KEPT_DAYS,
            },
        }
        patch: JsonObject = {"lifecycle": {"rule": [*there, ours]}}
        return Measure(what, "kept for ever", wanted, "add a lifecycle rule"), patch

    def _ask(
        self,
        method: str,
        path: str,
        query: dict[str, str],
        body: JsonObject | None = None,
        *,
        fine: set[int],
    ) -> Response:
        resource = None if body is None else write(body)
        try:
            answer = self._storage.ask(
                method,
                path,
                query={name: value for name, value in query.items() if value},
                resource=resource,
            )
        except NoResponseError as error:
            raise self._refuse(FailureKind.UNREACHABLE, str(error)) from None
        if answer.ok or answer.status in fine:
            return answer
        raise self._refuse(*classify(answer))

    def _taken(self, answer: Response) -> CatalogError:
        return CatalogError(
            f"The bucket {self._config.bucket} belongs to somebody else, or may not be looked at.",
            reason=ReasonCode.NAME_TAKEN,
            hint="Choose another name in the catalog, or grant `storage.buckets.get` on it.",
            details=[classify(answer)[1]],
        )

    def _refuse(self, trouble: FailureKind, detail: str) -> PurveyorError:
        bucket = self._config.bucket
        return store_error(GOOGLE, f"gs://{bucket}", trouble, detail, store=f"bucket {bucket}")


def _versioning(found: JsonObject) -> tuple[Measure, JsonObject]:
    if dig(found, "versioning", "enabled") is True:
        return settled("versioning", "on", "on"), {}
    return Measure("versioning", "off", "on", "turn it on"), {"versioning": {"enabled": True}}


def _uniform(found: JsonObject) -> tuple[Measure, JsonObject]:
    what, wanted = "access", "uniform: by the bucket's roles alone"
    if dig(found, _IAM, "uniformBucketLevelAccess", "enabled") is True:
        return settled(what, wanted, wanted), {}
    note = "what single objects' lists of rights grant ends with it"
    patch: JsonObject = {_IAM: {"uniformBucketLevelAccess": {"enabled": True}}}
    return Measure(what, "objects have lists of their own", wanted, "make it so", note=note), patch


def _closed(found: JsonObject) -> tuple[Measure, JsonObject]:
    now = str(dig(found, _IAM, "publicAccessPrevention") or "inherited")
    if now == "enforced":
        return settled("public access", "prevented", "prevented"), {}
    patch: JsonObject = {_IAM: {"publicAccessPrevention": "enforced"}}
    return Measure("public access", now, "prevented", "prevent it"), patch
