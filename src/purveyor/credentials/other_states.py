"""Keeps the run's own login for states in Azure and Google while the engine has an account's."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

from purveyor.errors import CredentialsError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from purveyor.json_text import JsonObject
    from purveyor.settings import Settings
    from purveyor.step import BackendBlock

# Secrets and addresses that only the environment can carry: a block's arguments are written down.
_AZURE_KEYS = ("ARM_ACCESS_KEY", "ARM_SAS_TOKEN")
_AZURE_SECRETS = (
    "ARM_CLIENT_SECRET",
    "ARM_CLIENT_SECRET_FILE_PATH",
    "ARM_OIDC_TOKEN",
    "ARM_OIDC_TOKEN_FILE_PATH",
    "ARM_OIDC_REQUEST_URL",
    "ARM_OIDC_REQUEST_TOKEN",
    "ACTIONS_ID_TOKEN_REQUEST_URL",
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
    "SYSTEM_ACCESSTOKEN",
    "SYSTEM_OIDCREQUESTURI",
    "ARM_ADO_PIPELINE_SERVICE_CONNECTION_ID",
    "AZURE_FEDERATED_TOKEN_FILE",
    "ARM_MSI_ENDPOINT",
)
_AZURE_NAMES = {
    "client_id": ("ARM_CLIENT_ID", "AZURE_CLIENT_ID"),
    "tenant_id": ("ARM_TENANT_ID", "AZURE_TENANT_ID"),
    "subscription_id": ("ARM_SUBSCRIPTION_ID",),
}
_AZURE_SWITCHES = {
    "use_oidc": "ARM_USE_OIDC",
    "use_msi": "ARM_USE_MSI",
    "use_aks_workload_identity": "ARM_USE_AKS_WORKLOAD_IDENTITY",
}
_TRUE = frozenset({"1", "t", "true", "T", "TRUE", "True"})  # Go's strconv.ParseBool
_GOOGLE_LOGINS = (
    "GOOGLE_APPLICATION_CREDENTIALS",
    "GOOGLE_CREDENTIALS",
    "GOOGLE_IMPERSONATE_SERVICE_ACCOUNT",
)
_WELL_KNOWN = ".config/gcloud/application_default_credentials.json"


def keep_for_azure(
    block: BackendBlock, settings: Settings, given: Mapping[str, str]
) -> BackendBlock:
    """Pass the key on, which the provider does not read; without one, name the run's identity.

    The block's arguments go before the environment in both engines, so that who the run is stands
    there, and only what proves it stays in the environment, beside the account's.
    """
    keys = {name: value for name in _AZURE_KEYS if (value := settings.text(name))}
    if keys:
        return dataclasses.replace(block, environment={**block.environment, **keys})
    arguments: JsonObject = {
        name: value for name, names in _AZURE_NAMES.items() if (value := settings.first(*names))
    }
    arguments |= {
        name: settings.text(variable) in _TRUE for name, variable in _AZURE_SWITCHES.items()
    }
    proofs = {name: value for name in _AZURE_SECRETS if (value := settings.text(name))}
    if "ARM_CLIENT_ID" in given:
        _refuse_two_proofs(proofs, given)
    return dataclasses.replace(
        block,
        arguments={**block.arguments, **arguments},
        environment={**block.environment, **proofs},
    )


def keep_for_google(
    block: BackendBlock, settings: Settings, given: Mapping[str, str]
) -> BackendBlock:
    """Hand the run's own login over in the variables that the backend alone reads."""
    token = settings.text("GOOGLE_OAUTH_ACCESS_TOKEN")
    own = settings.first(
        "GOOGLE_BACKEND_CREDENTIALS", "GOOGLE_CREDENTIALS", "GOOGLE_APPLICATION_CREDENTIALS"
    )
    acting = settings.first(
        "GOOGLE_BACKEND_IMPERSONATE_SERVICE_ACCOUNT", "GOOGLE_IMPERSONATE_SERVICE_ACCOUNT"
    )
    if any(name in given for name in _GOOGLE_LOGINS):
        own = own or _well_known(settings)
        if token or not own:
            raise CredentialsError(
                "The states' login to Google Cloud cannot be told from the account's.",
                hint="Let the run log in for its states by GOOGLE_BACKEND_CREDENTIALS, or keep"
                " the states' project and the account's login the same.",
            )
    wanted = {
        "GOOGLE_OAUTH_ACCESS_TOKEN": token,
        "GOOGLE_BACKEND_CREDENTIALS": own,
        "GOOGLE_BACKEND_IMPERSONATE_SERVICE_ACCOUNT": acting,
        "GOOGLE_ENCRYPTION_KEY": settings.text("GOOGLE_ENCRYPTION_KEY"),
    }
    kept = {name: value for name, value in wanted.items() if value}
    return dataclasses.replace(block, environment={**block.environment, **kept})


def _refuse_two_proofs(proofs: Mapping[str, str], given: Mapping[str, str]) -> None:
    """One environment can hold one proof: fine when both identities use the same one."""
    ours = {name for name, value in proofs.items() if given.get(name, value) != value}
    theirs = {name for name in _AZURE_SECRETS if name in given and name not in proofs}
    if ours or theirs:
        raise CredentialsError(
            "The states' login to Azure cannot be told from the account's.",
            hint="Use the CI's token for both, or ARM_ACCESS_KEY for the states.",
            details=sorted(ours | theirs),
        )


def _well_known(settings: Settings) -> str | None:
    """Return the file that a person's login leaves (Application Default Credentials)."""
    home = settings.text("HOME")
    path = Path(home) / _WELL_KNOWN if home else None
    return str(path) if path is not None and path.is_file() else None
