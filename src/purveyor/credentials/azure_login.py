"""An account's identity in Azure, as the engine's providers want it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from purveyor.client.login import claimed_end
from purveyor.credentials.identity_token import (
    PIPELINES,
    asks_pipelines,
    read_variable,
    request_address,
)
from purveyor.credentials.model import AccountCredentials, as_text
from purveyor.credentials.renewal import write_private
from purveyor.errors import CredentialsError

if TYPE_CHECKING:
    from purveyor.catalog.logins import AzureEntry
    from purveyor.settings import Settings

_AUDIENCE = "api://AzureADTokenExchange"
# The provider reads a token when it starts and never again, but trades the same one again when its
# access token is over, after an hour at least (go-azure-sdk, `OIDCAuthorizer`).
_HOUR = 3600.0
_ONCE = (
    "The account's identity token for Azure cannot be renewed: the login ends about an hour after"
    " the engine's first request."
)


def log_in_to_azure(entry: AzureEntry, *, folder: Path, settings: Settings) -> AccountCredentials:
    """Return the variables of one identity; nothing is asked of Azure here.

    A token is left in a private file in `folder`. Raise CredentialsError.
    """
    identity = {
        "ARM_CLIENT_ID": entry.client_id,
        "ARM_TENANT_ID": entry.tenant_id,
        "ARM_SUBSCRIPTION_ID": entry.subscription_id,
        # Whoever has logged in on the runner is not the account.
        "ARM_USE_CLI": "false",
    }
    if entry.client_secret_from is not None:
        secret = read_variable(entry.client_secret_from, settings)
        return AccountCredentials({**identity, "ARM_CLIENT_SECRET": secret}, (secret,), "")
    identity["ARM_USE_OIDC"] = "true"
    if entry.token_from is not None:
        token = read_variable(entry.token_from, settings)
        path = write_private(folder / "azure-token", token)
        return _by_token({**identity, "ARM_OIDC_TOKEN_FILE_PATH": path}, token)
    if entry.token_file is not None:
        return _by_file(identity, entry.token_file)
    return _by_ci(identity, entry.audience or _AUDIENCE, settings)


def _by_ci(identity: dict[str, str], audience: str, settings: Settings) -> AccountCredentials:
    """Let the provider itself ask the CI, as often as it needs a token."""
    if (found := request_address(settings, audience)) is not None:
        url, token = found
        # The provider adds its own audience where the address has none.
        bare = settings.text("ACTIONS_ID_TOKEN_REQUEST_URL") or ""
        asking = {
            "ARM_OIDC_REQUEST_URL": bare if audience == _AUDIENCE else url,
            "ARM_OIDC_REQUEST_TOKEN": token,
        }
        return AccountCredentials({**identity, **asking}, (token,), "")
    if asks_pipelines(settings):
        url, token, connection = (settings.text(name) or "" for name in PIPELINES)
        asking = {
            "ARM_OIDC_REQUEST_URL": url,
            "ARM_OIDC_REQUEST_TOKEN": token,
            "ARM_ADO_PIPELINE_SERVICE_CONNECTION_ID": connection,
        }
        return AccountCredentials({**identity, **asking}, (token,), "")
    if (path := settings.text("ARM_OIDC_TOKEN_FILE_PATH")) is not None:
        return _by_file(identity, path)
    if (token := settings.text("ARM_OIDC_TOKEN") or "") != "":
        return _by_token({**identity, "ARM_OIDC_TOKEN": token}, token)
    raise CredentialsError(
        "There is no identity token for the account's login to Azure.",
        hint="On GitHub grant the job `id-token: write`, on Azure map SYSTEM_ACCESSTOKEN and set"
        " the service connection; elsewhere name `token_from` or `token_file` in the catalog.",
    )


def _by_file(identity: dict[str, str], path: str) -> AccountCredentials:
    """Point at somebody else's file; whoever fills it may do so again before the engine starts."""
    try:
        token = Path(path).read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        token = ""  # the provider says what it thinks of the file
    given = {**identity, "ARM_OIDC_TOKEN_FILE_PATH": path}
    return _by_token(given, token) if token else AccountCredentials(given, (), "")


def _by_token(given: dict[str, str], token: str) -> AccountCredentials:
    end = claimed_end(token)
    if end is None or end < time.time() + _HOUR:
        return AccountCredentials(given, (token,), "", notes=(_ONCE,))
    return AccountCredentials(given, (token,), as_text(end))
