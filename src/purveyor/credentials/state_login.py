"""Lets the engine reach the state with the run's own credentials, whatever its environment says."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

from purveyor.cloud import aws
from purveyor.credentials.other_states import keep_for_azure, keep_for_google
from purveyor.credentials.private_file import write_private
from purveyor.errors import CredentialsError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from purveyor.json_text import JsonObject, JsonValue
    from purveyor.settings import Settings
    from purveyor.step import BackendBlock

STATE_PROFILE = "purveyor-state"
# Where a container's role is asked for; no key itself.
_CONTAINER = (
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
)


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
    container = {} if all(keys) else {n: v for n in _CONTAINER if (v := settings.text(n))}
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
