"""Logs in to everything that an account names."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from purveyor.client.login import claimed_end
from purveyor.cloud import aws
from purveyor.credentials.aws_profile import offer_session
from purveyor.credentials.identity_token import read_token, read_variable
from purveyor.credentials.model import AccountCredentials, as_text, own_end
from purveyor.credentials.sts import assume, assume_by_token, session_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from purveyor.catalog.logins import KeysEntry
    from purveyor.catalog.recipe import Account
    from purveyor.settings import Settings

_AUDIENCE = "sts.amazonaws.com"
# The least that STS gives; a role on the way is only used to take on the next.
_PASSING_SECONDS = 900


def log_in(
    account: Account,
    *,
    settings: Settings,
    session_name: str,
    folder: Path,
    seconds: float | None = None,
) -> AccountCredentials:
    """Return the account's credentials; empty ones where the run's own do.

    `folder` is private to the run and takes what an engine reads. `seconds` is how long whoever
    gets them works, if that is known. Raise CredentialsError.
    """
    found = []
    if account.role_arn is not None:
        take = partial(_take_roles, account, settings, session_name)
        variables, kept = offer_session(take, folder=folder, settings=settings, seconds=seconds)
        end = _last_end(account, settings, kept.first.ends)
        found.append(AccountCredentials(variables, kept.first.secrets, end, kept=(kept,)))
    elif account.keys is not None:
        found.append(_read_keys(account.keys, account.region, settings))
    elif account.region is not None:
        found.append(AccountCredentials(_region(account.region), (), ""))
    found += _log_in_elsewhere(account, settings, folder)
    return AccountCredentials(
        environment={name: value for each in found for name, value in each.environment.items()},
        secrets=tuple(secret for each in found for secret in each.secrets),
        expires=min((each.expires for each in found if each.expires), default=""),
        notes=tuple(note for each in found for note in each.notes),
        kept=tuple(kept for each in found for kept in each.kept),
    )


def _log_in_elsewhere(
    account: Account, settings: Settings, folder: Path
) -> Iterator[AccountCredentials]:
    if account.azure is not None:
        from purveyor.credentials.azure_login import log_in_to_azure

        yield log_in_to_azure(account.azure, folder=folder, settings=settings)
    if account.google is not None:
        from purveyor.credentials.google_login import log_in_to_google

        yield log_in_to_google(
            account.google, region=account.region, folder=folder, settings=settings
        )


def _last_end(account: Account, settings: Settings, first_ends: float) -> str:
    """Return when no session can be had any more; empty when that is not known to come."""
    if account.web_identity is not None:
        name = account.web_identity.token_from
        source = None if name is None else claimed_end(read_variable(name, settings))
    elif account.keys is not None:
        source = None
    else:
        source = own_end(settings)
    return "" if source is None else as_text(max(source, first_ends))


def _take_roles(account: Account, settings: Settings, session_name: str) -> AccountCredentials:
    """Take on the roles one after the other: a request to STS for each."""
    region = account.region or aws.home_region(settings)
    held = None if account.keys is None else _read_keys(account.keys, account.region, settings)
    roles = [*account.through, *([account.role_arn] if account.role_arn else [])]
    for role in roles:
        last = role is roles[-1]
        seconds = account.session_seconds if last else _PASSING_SECONDS
        if held is None and account.web_identity is not None:
            held = assume_by_token(
                role,
                read_token(account.web_identity, settings=settings, audience=_AUDIENCE),
                settings=settings,
                region=account.region,
                session_name=session_name,
                session_seconds=seconds,
            )
            continue
        held = assume(
            role,
            settings=settings,
            region=account.region,
            session_name=session_name,
            external_id=account.external_id if last else None,
            session_seconds=seconds,
            source=None if held is None else session_of(held, region),
        )
    assert held is not None  # noqa: S101 - there is a role at least
    return held


def _read_keys(keys: KeysEntry, region: str | None, settings: Settings) -> AccountCredentials:
    given = {
        "AWS_ACCESS_KEY_ID": read_variable(keys.access_key_from, settings),
        "AWS_SECRET_ACCESS_KEY": read_variable(keys.secret_key_from, settings),
    }
    secrets = [given["AWS_SECRET_ACCESS_KEY"]]
    if keys.session_token_from is not None:
        token = read_variable(keys.session_token_from, settings)
        given["AWS_SESSION_TOKEN"] = token
        secrets.append(token)
    return AccountCredentials({**given, **_region(region)}, tuple(secrets), "")


def _region(region: str | None) -> dict[str, str]:
    return {} if region is None else {"AWS_REGION": region, "AWS_DEFAULT_REGION": region}
