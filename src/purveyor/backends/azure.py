"""The backend `azurerm`: leases as its locks, and how the engines are told where a state is."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING

from purveyor.backends.model import another_lock, held, parse_lock
from purveyor.backends.object_states import ObjectStates, StateLocks
from purveyor.backends.stores.azure import AzureStore
from purveyor.lock import Lock
from purveyor.state_key import combine
from purveyor.step import BackendBlock

if TYPE_CHECKING:
    from purveyor.backends.stores.azure import BlobProperties
    from purveyor.catalog.backend import AzureBackendConfig
    from purveyor.json_text import JsonValue
    from purveyor.settings import Settings

# Where the engine's azurerm backend keeps the lock's holder: JSON in base64 in this metadata.
_HOLDER = "terraformlockid"


class AzureLeases(StateLocks):
    def __init__(self, store: AzureStore) -> None:
        self._store = store

    def holder(self, path: str) -> Lock | None:
        """Read the blob's headers: one request. A lease without a name still is a held lock."""
        properties = self._store.properties(path)
        return None if properties is None else _holder(properties)

    def unlock(self, path: str, lock_id: str) -> bool:
        """Release the lease `lock_id`; its holder's name is forgotten first, as the engine does.

        An engine that died before it wrote its name left a lease without an id: an empty `lock_id`
        ends it, if nobody has written a name meanwhile.
        """
        properties = self._store.properties(path)
        if properties is None or (holder := _holder(properties)) is None:
            return False
        if not holder.id and not lock_id and self._store.end_lease(path, tag=properties.tag):
            return True
        others = {name: text for name, text in properties.metadata.items() if name != _HOLDER}
        # Azure itself refuses both for any other lease.
        if not lock_id or not (
            self._store.describe(path, others, lease=lock_id)
            and self._store.release(path, lease=lock_id)
        ):
            raise another_lock(path, lock_id, self.holder(path) or holder)
        return True

    def remove_state(self, path: str) -> None:
        """Delete the blob, which Azure itself refuses while a lease holds it: one request."""
        if not self._store.remove_free(path):
            raise held(path, self.holder(path) or Lock(id=""))


def _holder(properties: BlobProperties) -> Lock | None:
    if not properties.leased:
        return None
    try:
        text = base64.b64decode(properties.metadata.get(_HOLDER, "")).decode(errors="replace")
    except binascii.Error:
        return Lock(id="")
    return parse_lock(text)


def open_azure(config: AzureBackendConfig, settings: Settings) -> ObjectStates:
    store = AzureStore(config, settings)

    def block(path: str) -> BackendBlock:
        arguments: dict[str, JsonValue] = {
            "storage_account_name": config.account,
            "container_name": config.container,
            "key": store.key(path),
        }
        if config.environment:
            arguments["environment"] = config.environment
        # Without a key and a signature, Entra ID lets the engine in, as it does Purveyor:
        # otherwise the engine would want to look up the account's keys.
        if store.storage.uses_entra:
            arguments["use_azuread_auth"] = True
        return BackendBlock("azurerm", arguments)

    return ObjectStates(store, AzureLeases(store), block, combine(config.keys))
