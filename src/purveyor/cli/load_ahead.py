"""What a run will need, loaded while the platform answers its first question."""

from __future__ import annotations

import importlib

# The half of it is pydantic. The causes of failures (4 ms) stand here since a CI may clean up while
# the engine still ends in order, and then nothing more can be loaded.
_NEEDED = (
    "catalog.model",
    "catalog.document",
    "engines.terraform",
    "engines.terraform.error_patterns",
    "engines.binary",
    "hcl",
)


def load_ahead() -> None:
    """Load it."""
    for name in _NEEDED:
        importlib.import_module(f"purveyor.{name}")
