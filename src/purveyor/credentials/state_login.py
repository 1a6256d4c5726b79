"""Lets the engine reach the state with the run's own login, whatever its environment says."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

from purveyor.cloud import aws
from purveyor.cloud.azure_token import is_on
from purveyor.credentials.narrowing import (
    AWS_CONTAINER,
    AZURE_KEYS,
    AZURE_NAMES,
    AZURE_PROOFS,
    AZURE_SWITCHES,
    GOOGLE_LOGINS,
)
from purveyor.credentials.renewal import write_private
from purveyor.errors import CredentialsError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from purveyor.json_text import JsonObject, JsonValue
    from purveyor.settings import Settings
    from purveyor.step import BackendBlock

_WELL_KNOWN = ".config/gcloud/application_default_credentials.json"
STATE_PROFILE = "purveyor-state"


def keep_for_azure(
    block: BackendBlock, settings: Settings, given: Mapping[str, str]
) -> BackendBlock:
    """Pass the key on, which the provider does not read; without one, name the run's identity.

    The block's arguments go before the environment in both engines, so that who the run is stands
    there, and only what proves it stays in the environment, beside the account's.
    """
    keys = {name: value for name in AZURE_KEYS if (value := settings.text(name))}
    if keys:
        return dataclasses.replace(block, environment={**block.environment, **keys})
    arguments: JsonObject = {
        name: value for name, names in AZURE_NAMES.items() if (value := settings.first(*names))
    }
    arguments |= {name: is_on(settings, variable) for name, variable in AZURE_SWITCHES.items()}
    proofs = {name: value for name in AZURE_PROOFS if (value := settings.text(name))}
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
    if any(name in given for name in GOOGLE_LOGINS):
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
    theirs = {name for name in AZURE_PROOFS if name in given and name not in proofs}
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


def keep_for_state(
    block: BackendBlock,
    *,
    folder: Path,
    settings: Settings,
    given: Mapping[str, str] | None = None,
) -> BackendBlock:
    """Keep the run's own credentials for the state; `given` are the account's, for the engine.

    The engine's environment will hold an account's role, and that role must not need the state
    bucket. A backend's `profile` beats the environment (measured on both engines), so the run's
    own credentials become a profile in two private files in `folder`, a directory that goes away
    with the run. Roles of a container, an instance or a web identity go on renewing themselves.
    Raise CredentialsError where Azure or Google cannot tell the state's login from the account's.
    """
    if block.type == "azurerm":
        return keep_for_azure(block, settings, given or {})
    if block.type == "gcs":
        return keep_for_google(block, settings, given or {})
    return _keep_for_aws(block, folder, settings) if block.type == "s3" else block


def _keep_for_aws(block: BackendBlock, folder: Path, settings: Settings) -> BackendBlock:
    keys = settings.text("AWS_ACCESS_KEY_ID"), settings.text("AWS_SECRET_ACCESS_KEY")
    named = None if all(keys) else _named_profile(settings)
    if named is not None:
        return _with(block, {"profile": named, **_profile_files(settings)})
    secret = folder / "state-credentials"
    config = folder / "state-config"
    _write(secret, STATE_PROFILE, _static(settings) if all(keys) else {})
    _write(config, f"profile {STATE_PROFILE}", {} if all(keys) else _web_identity(settings))
    container = {} if all(keys) else {n: v for n in AWS_CONTAINER if (v := settings.text(n))}
    block = dataclasses.replace(block, environment={**block.environment, **container})
    return _with(
        block,
        {
            "profile": STATE_PROFILE,
            "shared_credentials_files": [str(secret)],
            "shared_config_files": [str(config)],
        },
    )


def _named_profile(settings: Settings) -> str | None:
    name = settings.text("AWS_PROFILE")
    if name or settings.text("AWS_WEB_IDENTITY_TOKEN_FILE"):
        return name
    profiles = aws.open_session(settings, aws.home_region(settings)).core.available_profiles
    return "default" if "default" in profiles else None


def _profile_files(settings: Settings) -> JsonObject:
    """Name the files of the run's own profiles: the account's environment names others."""
    home = Path(settings.text("HOME") or "~").expanduser() / ".aws"
    places: dict[str, JsonValue] = {}
    for argument, variable, name in (
        ("shared_config_files", "AWS_CONFIG_FILE", "config"),
        ("shared_credentials_files", "AWS_SHARED_CREDENTIALS_FILE", "credentials"),
    ):
        path = Path(settings.text(variable) or home / name).expanduser()
        if path.is_file():
            places[argument] = [str(path)]
    return places


def _static(settings: Settings) -> dict[str, str | None]:
    return {
        "aws_access_key_id": settings.text("AWS_ACCESS_KEY_ID"),
        "aws_secret_access_key": settings.text("AWS_SECRET_ACCESS_KEY"),
        "aws_session_token": settings.text("AWS_SESSION_TOKEN"),
    }


def _web_identity(settings: Settings) -> dict[str, str | None]:
    token_file = settings.text("AWS_WEB_IDENTITY_TOKEN_FILE")
    if token_file is None:
        # An empty profile makes the SDK ask the container's or the instance's endpoint.
        return {}
    return {
        "role_arn": settings.text("AWS_ROLE_ARN"),
        "web_identity_token_file": token_file,
        "role_session_name": settings.text("AWS_ROLE_SESSION_NAME") or STATE_PROFILE,
    }


def _with(block: BackendBlock, arguments: JsonObject) -> BackendBlock:
    return dataclasses.replace(block, arguments={**block.arguments, **arguments})


def _write(path: Path, section: str, values: Mapping[str, str | None]) -> None:
    lines = [f"[{section}]"]
    for name, value in values.items():
        if value is None:
            continue
        if not value.isprintable():
            raise CredentialsError(
                f"`{name.upper()}` holds a line break or another control character.",
                hint="Set the variable again, without the line break at its end.",
            )
        lines.append(f"{name} = {value}")
    write_private(path, "\n".join([*lines, ""]))
