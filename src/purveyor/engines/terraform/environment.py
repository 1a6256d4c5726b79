"""What the engine sees of the environment: what is ours to set, what may pass, what is dropped."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

# TF_VAR_*, TF_CLI_ARGS*, TF_WORKSPACE, TF_LOG and their kin would change what a run means, so that
# of the engine's own variables only those pass that give it rights or ways.
_PASSING = (
    "TF_TOKEN_",
    "TF_HTTP_",
    "TF_ENCRYPTION",
    "TF_REGISTRY_",
    "TF_APPEND_USER_AGENT",
    "TF_CLI_CONFIG_FILE",
)
WORKSPACE = "TF_WORKSPACE"


def build_environment(
    outer: Mapping[str, str],
    *,
    backend: Mapping[str, str],
    cli_config: Path | None,
    cache: Path | None,
    workspace: str = "",
) -> dict[str, str]:
    """Return the engine's environment: `outer` cleaned, the backend's secrets, and our own.

    `cli_config` stands in for the user's configuration of the engine. `cache` is the folder for
    provider plugins, if there is to be one. `workspace` is the state's
    name where the backend block leads to many.
    """
    passing = {
        name: value
        for name, value in outer.items()
        if not name.startswith("TF_") or name.startswith(_PASSING)
    }
    own = {
        "TF_INPUT": "0",
        "TF_IN_AUTOMATION": "1",
        "CHECKPOINT_DISABLE": "1",
    }
    if cli_config is not None:
        own["TF_CLI_CONFIG_FILE"] = str(cli_config)
    if workspace:
        own[WORKSPACE] = workspace
    if cache is not None:
        own["TF_PLUGIN_CACHE_DIR"] = str(cache)
        # Without it a module that has no lock file downloads every time. The lock file that it
        # leaves incomplete is in the private copy only.
        own["TF_PLUGIN_CACHE_MAY_BREAK_DEPENDENCY_LOCK_FILE"] = "1"
    return {**passing, **backend, **own}
