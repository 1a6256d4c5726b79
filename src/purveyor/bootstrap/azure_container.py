"""A container for states: private, with soft delete; the rest is a command for a person."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET  # the store's own answers; expat bounds entities

from purveyor.bootstrap.model import KEPT_DAYS, Measure, settled
from purveyor.cloud.azure import AzureStorage, classify, error_code
from purveyor.cloud.azure_token import AZURE
from purveyor.cloud.errors import store_error
from purveyor.transport.errors import FailureKind, NoResponseError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from purveyor.catalog.backend import AzureBackendConfig
    from purveyor.settings import Settings
    from purveyor.transport.connection import Response

_ABSENT = "no container"
_ACL = {"restype": "container", "comp": "acl"}
_SERVICE = {"restype": "service", "comp": "properties"}
_PUBLIC = "x-ms-blob-public-access"
_XML = {"content-type": "application/xml"}
_NO_LIST = b'<?xml version="1.0" encoding="utf-8"?><SignedIdentifiers/>'
_SOFT_DELETE = (
    '<?xml version="1.0" encoding="utf-8"?><StorageServiceProperties><DeleteRetentionPolicy>'
    "<Enabled>true</Enabled><Days>{days}</Days></DeleteRetentionPolicy></StorageServiceProperties>"
)


class AzureSetup:
    """One container and, as far as a storage key reaches, its account."""

    def __init__(self, config: AzureBackendConfig, settings: Settings) -> None:
        self._config = config
        self._storage = AzureStorage(config.account, config.environment, settings)

    def survey(self) -> list[Measure]:
        """Look at the container and the account's blob settings: up to three requests."""
        acl = self._ask("GET", self._config.container, _ACL, fine={"ContainerNotFound"})
        name = self._config.container
        existence = settled("container", "there", name)
        if not acl.ok:
            existence = Measure("container", "missing", name, "make it", self._create)
        return [existence, self._privacy(acl), self._soft_delete(), self._versioning(there=acl.ok)]

    def _create(self) -> None:
        """Make the container, private; another run of ours may be faster."""
        self._ask(
            "PUT",
            self._config.container,
            {"restype": "container"},
            fine={"ContainerAlreadyExists"},
        )

    def _privacy(self, acl: Response) -> Measure:
        what, wanted = "public access", "none"
        level = acl.headers.get(_PUBLIC, "") if acl.ok else ""
        if not level:
            return settled(what, wanted if acl.ok else _ABSENT, wanted)
        return Measure(what, level, wanted, "end it", self._close)

    def _close(self) -> None:
        """End public access; access policies that the container stores stay as they are."""
        acl = self._ask("GET", self._config.container, _ACL)
        if acl.headers.get(_PUBLIC):
            content = acl.content or _NO_LIST
            self._ask("PUT", self._config.container, _ACL, headers=_XML, content=content)

    def _soft_delete(self) -> Measure:
        what, wanted = "soft delete of blobs", f"{KEPT_DAYS} days"
        command = self._command(
            f"--enable-delete-retention true --delete-retention-days {KEPT_DAYS}"
        )
        answer = self._ask("GET", "", _SERVICE, fine=_NOT_FOR_US)
        if not answer.ok:
            note = "these credentials may not look at the account's settings"
            return Measure(what, "unknown", wanted, by_hand=command, note=note)
        days = _retention(answer)
        if days >= KEPT_DAYS:
            return settled(what, f"{days} days", wanted)
        now = f"{days} days" if days else "off"
        return Measure(what, now, wanted, "turn it on for the account", self._keep)

    def _keep(self) -> None:
        """Set this one property: what a request leaves out stays (Set Blob Service Properties)."""
        if _retention(self._ask("GET", "", _SERVICE)) >= KEPT_DAYS:
            return
        content = _SOFT_DELETE.format(days=KEPT_DAYS).encode()
        self._ask("PUT", "", _SERVICE, headers=_XML, content=content)

    def _versioning(self, *, there: bool) -> Measure:
        """Versioning is a setting of Azure Resource Manager: no storage key reaches it.

        A blob that has a version proves it; without any blob nothing can be told.
        """
        what, wanted = "versioning", "on"
        now = self._see_versions() if there else "unknown"
        if now == "on":
            return settled(what, now, wanted)
        days = f"--container-delete-retention-days {KEPT_DAYS}"
        command = self._command(
            f"--enable-versioning true --enable-container-delete-retention true {days}"
        )
        note = "a setting of the account that no storage key reaches"
        return Measure(what, now, wanted, by_hand=command, note=note)

    def _see_versions(self) -> str:
        query = {"restype": "container", "comp": "list", "include": "versions", "maxresults": "1"}
        answer = self._ask("GET", self._config.container, query)
        if b"<VersionId>" in answer.content:
            return "on"
        return "off" if b"<Blob>" in answer.content else "unknown"

    def _command(self, options: str) -> str:
        account = self._config.account
        return (
            "az storage account blob-service-properties update"
            f" --account-name {account} --resource-group <its group> {options}"
        )

    def _ask(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes = b"",
        fine: set[str] | frozenset[str] = frozenset(),
    ) -> Response:
        place = f"azure://{self._config.account}/{path}"
        store = f"container {self._config.container}"
        try:
            answer = self._storage.ask(method, path, query=query, headers=headers, content=content)
        except NoResponseError as error:
            raise store_error(
                AZURE, place, FailureKind.UNREACHABLE, str(error), store=store
            ) from None
        if answer.ok or error_code(answer) in fine:
            return answer
        raise store_error(AZURE, place, *classify(answer), store=store)


_NOT_FOR_US = frozenset(
    {
        "AuthorizationFailure",
        "AuthorizationPermissionMismatch",
        "AuthorizationResourceTypeMismatch",
        "AuthorizationServiceMismatch",
        "InsufficientAccountPermissions",
    }
)


def _retention(answer: Response) -> int:
    """Return for how many days deleted blobs are kept; 0 for not at all."""
    try:
        found = ET.fromstring(answer.content).find("DeleteRetentionPolicy")  # noqa: S314 - see the import
    except ET.ParseError:
        found = None
    if found is None or found.findtext("Enabled") != "true":
        return 0
    return int(found.findtext("Days") or 0)
