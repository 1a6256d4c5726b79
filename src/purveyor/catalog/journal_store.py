"""Where the journal lies when it is not to lie beside the states: backends that keep records."""

from typing import Annotated, TypeAlias, get_args

from pydantic import Field

from purveyor.catalog.backend import (
    AzureBackendConfig,
    GoogleBackendConfig,
    LocalBackendConfig,
    PgBackendConfig,
    S3BackendConfig,
)

JournalStore: TypeAlias = Annotated[
    LocalBackendConfig
    | S3BackendConfig
    | PgBackendConfig
    | AzureBackendConfig
    | GoogleBackendConfig,
    Field(discriminator="type"),
]

KEEPING: tuple[str, ...] = tuple(
    get_args(model.model_fields["type"].annotation)[0]
    for model in get_args(get_args(JournalStore)[0])
)
"""The types of backend that keep a journal, in the order of the models above."""

# What a backend says of states only.
_OF_STATES = ("lock", "table", "keys")


def find_useless_key(store: JournalStore) -> str | None:
    """Return a key of the store that means nothing for a journal; None when there is none."""
    return next((each for each in _OF_STATES if each in store.model_fields_set), None)
