"""A role's session as AWS's SDKs read it again and again: a profile whose program prints a file."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from purveyor import json_text, process
from purveyor.credentials.narrowing import AWS_KEYS
from purveyor.credentials.renewal import Fresh, KeptFile, write_private
from purveyor.errors import CredentialsError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from purveyor.credentials.model import AccountCredentials
    from purveyor.settings import Settings

ACCOUNT_PROFILE = "purveyor-account"
# Go's SDK asks the program again when the time it was told is over, not a moment before
# (`processcreds` has no window), and a request may be under way then: it is told an earlier time.
_PART, _MOST_SECONDS = 12, 300.0
_ODD = re.compile(r"[^\w@%+=:,./-]")


def offer_session(
    take: Callable[[], AccountCredentials],
    *,
    folder: Path,
    settings: Settings,
    seconds: float | None,
) -> tuple[dict[str, str], KeptFile]:
    """Take on a session; return the variables that lead to it, and the file to keep fresh.

    The program is `cat`, which every runner has and which needs nothing that makes the session: no
    key, no identity token and no Purveyor that still runs. For who is done within `seconds`, and
    that before the session ends, the keys themselves stand in the environment instead of the
    profile: programs that know no profiles find them, too. Raise CredentialsError.
    """
    held = take()
    path, config = folder / "account-session.json", folder / "account-config"
    first = _fresh(held)
    write_private(path, first.text)
    cat = process.find("cat", settings.for_children())
    if cat is None:
        raise CredentialsError(
            "The program `cat` is not on PATH: it hands an account's session to the engine.",
            hint="Give the runner the usual programs of its system.",
        )
    program = f"{_escape(cat)} {_escape(path)}"
    write_private(config, f"[profile {ACCOUNT_PROFILE}]\ncredential_process = {program}\n")
    kept = KeptFile(path, lambda: _fresh(take()), first)
    files = {
        "AWS_CONFIG_FILE": str(config),
        # The runner's own profiles are not the account's.
        "AWS_SHARED_CREDENTIALS_FILE": write_private(folder / "account-credentials", ""),
    }
    if seconds is not None and first.begins + seconds < _early(first.begins, first.ends):
        return dict(held.environment) | files, kept
    # Keys beat a profile in an SDK, so that none may stand beside one (aws-sdk-go-v2,
    # `resolveCredentialChain`; botocore, "Configuring credentials").
    rest = {name: value for name, value in held.environment.items() if name not in AWS_KEYS}
    # SDKs of the first generation read no profile without the second.
    return rest | files | {"AWS_PROFILE": ACCOUNT_PROFILE, "AWS_SDK_LOAD_CONFIG": "1"}, kept


def _escape(path: Path) -> str:
    """Write a path as a shell and every SDK's own reader take it.

    Backslashes, since Go's SDK takes away quotes around a whole value, and what follows ` #` or
    ` ;` even within quotes (`internal/ini`; measured on both engines).
    """
    return _ODD.sub(r"\\\g<0>", str(path))


def _early(now: float, ends: float) -> float:
    return ends - min(_MOST_SECONDS, max(0.0, ends - now) / _PART)


def _fresh(held: AccountCredentials) -> Fresh:
    given, now = held.environment, time.time()
    ends = datetime.fromisoformat(held.expires).timestamp()
    told = _early(now, ends)
    document = {
        "Version": 1,
        "AccessKeyId": given["AWS_ACCESS_KEY_ID"],
        "SecretAccessKey": given["AWS_SECRET_ACCESS_KEY"],
        "SessionToken": given["AWS_SESSION_TOKEN"],
        "Expiration": datetime.fromtimestamp(told, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    return Fresh(json_text.write(document), held.secrets, now, ends)
