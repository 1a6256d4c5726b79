"""What all parts of a catalog have in common."""

import sys
from types import ModuleType

# pydantic looks among all installed packages for plugins that would watch its models. Here none is
# wanted, and the search would cost each run as much as a third of its models (measured).
_NO_PLUGINS = ModuleType("pydantic.plugin._loader")
_NO_PLUGINS.get_plugins = tuple  # type: ignore[attr-defined]
sys.modules.setdefault(_NO_PLUGINS.__name__, _NO_PLUGINS)

from pydantic import BaseModel, ConfigDict  # noqa: E402 - after its plugins are settled


class Strict(BaseModel):
    """A part of the catalog: no unknown keys, no coercion, no changes later.

    Only the whole catalog is compiled, when the first one is read.
    """

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, hide_input_in_errors=True, defer_build=True
    )
