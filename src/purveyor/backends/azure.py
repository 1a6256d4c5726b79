"""The backend `azurerm`: its store, its locks, and how the engines are told where a state is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from purveyor.backends.locks.azure_lease import AzureLeases
from purveyor.backends.object_states import ObjectStates
from purveyor.backends.stores.azure import AzureStore
from purveyor.state_key import combine
from purveyor.step import BackendBlock

if TYPE_CHECKING:
    from purveyor.catalog.backend import AzureBackendConfig
    from purveyor.json_text import JsonValue
    from purveyor.settings import Settings


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
