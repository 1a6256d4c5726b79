"""States in Azure Blob Storage: found with one request, read with one, locked by a blob's lease."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING

from purveyor.backends.azure_container import CURRENT, Container, tell
from purveyor.backends.lock_text import held, parse_lock
from purveyor.backends.model import MOVED, ListedState, StateVersion, another_lock, no_version
from purveyor.lock import Lock
from purveyor.state_key import combine, parse_state
from purveyor.step import BackendBlock

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from purveyor.backends.azure_container import BlobProperties
    from purveyor.backends.object_records import ObjectRecords
    from purveyor.catalog.backend import AzureBackendConfig
    from purveyor.json_text import JsonValue
    from purveyor.settings import Settings
    from purveyor.state_key import Owner, StateDocument, StateKey

# Where the engine's azurerm backend keeps the lock's holder: JSON in base64 in this metadata.
_LOCK = "terraformlockid"


class AzureStates:
    """States below a container's prefix."""

    def __init__(self, config: AzureBackendConfig, settings: Settings) -> None:
        self.container = Container(config, settings)
        self.keys = combine(config.keys)

    @property
    def records(self) -> ObjectRecords:
        """Records beside the states."""
        from purveyor.backends.object_records import ObjectRecords

        return ObjectRecords(self.container)

    def locate(self, entity: Owner) -> StateKey:
        """List what begins as the entity's keys do: one request.

        An empty blob is no state but what the engine leases for the first lock.
        """
        blobs = list(self.container.blobs(self.keys.start(entity)))
        return self.keys.choose(
            entity,
            states=[blob.path for blob in blobs if blob.size],
            traces=[blob.path for blob in blobs if not blob.size],
            marks=[blob.path.removesuffix(MOVED) for blob in blobs if blob.path.endswith(MOVED)],
        )

    def block(self, key: StateKey) -> BackendBlock:
        """Point the engine's `azurerm` backend at the blob.

        Without a key and a signature, Entra ID lets the engine in, as it does Purveyor: otherwise
        the engine would want to look up the account's keys.
        """
        container = self.container
        arguments: dict[str, JsonValue] = {
            "storage_account_name": container.config.account,
            "container_name": container.config.container,
            "key": container.key(key.path),
        }
        if container.config.environment:
            arguments["environment"] = container.config.environment
        if container.storage.uses_entra:
            arguments["use_azuread_auth"] = True
        return BackendBlock("azurerm", arguments)

    def access(self, key: StateKey) -> AzureAccess:
        """Return the reader of one state."""
        return AzureAccess(self.container, key.path)

    def remove(self, key: StateKey) -> None:
        """Delete the blob, which Azure itself refuses while a lease holds it: one request."""
        if not self.container.delete(key.path):
            raise held(key.path, self.access(key).holder() or Lock(id=""))

    def list(self) -> Iterator[ListedState]:
        """List all keys: a request for each five thousand blobs."""
        for start in self.keys.starts():
            for blob in self.container.blobs(start):
                parts = self.keys.read(blob.path)
                if parts and blob.size:
                    yield ListedState(
                        blob.path,
                        *parts,
                        size=blob.size,
                        modified=blob.modified,
                        locked=blob.leased,
                    )

    def versions(self, key: StateKey) -> Sequence[StateVersion]:
        """List the blob's versions, without those that only a lock has made."""
        return tell(self.container.versions(key.path))

    def unversioned(self) -> str:
        """Look whether some blob has a version; the account's own settings ask for more rights."""
        found = self.container.any_version()
        if found is None or found.version:
            return ""
        account = self.container.config.account
        return f"Blob versioning of the storage account {account} is off."

    def read_version(self, key: StateKey, version_id: str) -> str:
        """Read one version of the blob, or the blob itself where the account keeps none."""
        if version_id != CURRENT:
            return self.container.version(key.path, version_id)
        content = self.container.content(key.path)
        if content is None:
            raise no_version(key.path, version_id)
        return content

    def unlock(self, key: StateKey, lock_id: str) -> bool:
        """Release the lease and forget its holder, as the engine would: three requests."""
        return self.access(key).unlock(lock_id)

    def paths(self) -> Iterator[str]:
        """List the whole prefix."""
        return (blob.path for blob in self.container.blobs(""))

    def read_moved_marker(self, key: StateKey) -> str | None:
        """Read the blob beside the state."""
        return self.container.content(f"{key.path}{MOVED}")

    def mark_moved(self, key: StateKey, text: str) -> None:
        """Write the blob beside the state."""
        self.container.put(f"{key.path}{MOVED}", text)

    def unmark_moved(self, key: StateKey) -> None:
        """Remove the blob beside the state."""
        self.container.delete(f"{key.path}{MOVED}")

    def create(self, key: StateKey, text: str) -> bool:
        """Write the blob if there is none: one request, which the store itself decides."""
        return self.container.create(key.path, text)


class AzureAccess:
    """One state blob."""

    def __init__(self, container: Container, path: str) -> None:
        self._container = container
        self._path = path

    def read(self) -> StateDocument | None:
        """Read the blob: one request; None when it is missing, or empty for a first lock."""
        content = self._container.content(self._path)
        return parse_state(content, where=self._path) if content else None

    def holder(self) -> Lock | None:
        """Read the blob's headers: one request. A lease without a name still is a held lock."""
        properties = self._container.properties(self._path)
        return None if properties is None else _holder(properties)

    def unlock(self, lock_id: str) -> bool:
        """Release the lease `lock_id`; its holder's name is forgotten first, as the engine does.

        An engine that died before it wrote its name left a lease without an id: an empty `lock_id`
        ends it, if nobody has written a name meanwhile.
        """
        properties = self._container.properties(self._path)
        if properties is None or (holder := _holder(properties)) is None:
            return False
        if (
            not holder.id
            and not lock_id
            and self._container.end_lease(self._path, tag=properties.tag)
        ):
            return True
        others = {name: text for name, text in properties.metadata.items() if name != _LOCK}
        # Azure itself refuses both for any other lease.
        if not lock_id or not (
            self._container.describe(self._path, others, lease=lock_id)
            and self._container.release(self._path, lease=lock_id)
        ):
            raise another_lock(self._path, lock_id, self.holder() or holder)
        return True


def _holder(properties: BlobProperties) -> Lock | None:
    if not properties.leased:
        return None
    try:
        text = base64.b64decode(properties.metadata.get(_LOCK, "")).decode(errors="replace")
    except binascii.Error:
        return Lock(id="")
    return parse_lock(text)
