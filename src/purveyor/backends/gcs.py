"""The backend `gcs`: its store, its locks, and how the engines are told where a state is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from purveyor.backends.locks.gcs_object import STATE, GoogleLocks
from purveyor.backends.model import MOVED
from purveyor.backends.object_states import Naming, ObjectStates
from purveyor.backends.stores.gcs import GoogleStore
from purveyor.state_key import SUFFIX, combine
from purveyor.step import BackendBlock

if TYPE_CHECKING:
    from purveyor.catalog.backend import GoogleBackendConfig
    from purveyor.json_text import JsonValue
    from purveyor.settings import Settings


def open_gcs(config: GoogleBackendConfig, settings: Settings) -> ObjectStates:
    store = GoogleStore(config, settings)

    def block(path: str) -> BackendBlock:
        arguments: dict[str, JsonValue] = {
            "bucket": config.bucket,
            "prefix": store.key(path.removesuffix(SUFFIX)),
        }
        if config.kms_key:
            arguments["kms_encryption_key"] = config.kms_key
        return BackendBlock("gcs", arguments)

    naming = Naming(STATE, f"{STATE}{MOVED}", SUFFIX)
    return ObjectStates(store, GoogleLocks(store), block, combine(config.keys), naming)
