"""Cloud credentials from the CI's identity token, without a stored secret and without an action.

AWS: a profile whose program exchanges the token for a session, and a new token for the next one
(`aws_session.py`): a token expires within minutes (docs.github.com, OpenID Connect), a session
within an hour, and a run may last longer. Google's own libraries fetch a fresh token themselves,
told by a file where; so does Azure's Terraform provider.
"""

from __future__ import annotations

import json
import os
import re
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

import aws_session
from aws_session import LoginError
from token_login import log_in_by_file

if TYPE_CHECKING:
    from collections.abc import Mapping

PROFILE = "purveyor-login"


def log_in(environ: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """Return variables for the clouds that are asked for, and what went wrong.

    A failed login is no reason to end here: the run fails by itself then, and the platform hears
    why. Files with tokens are in a new folder of the job's own, for this user only.
    """
    if not environ.get("ACTIONS_ID_TOKEN_REQUEST_URL"):
        return by_file(environ)
    found: dict[str, str] = {}
    faults: list[str] = []
    if environ.get("AWS_ROLE_ARN") and not has_any(
        environ, "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ACCESS_KEY_ID"
    ):
        try:
            address, authorization = identity_request(environ, "sts.amazonaws.com")
            source = {"token_address": address, "authorization": authorization, "part": "value"}
            found.update(aws(environ, source, private_folder(environ)))
        except (LoginError, OSError, ValueError) as error:
            faults.append(f"AWS: {error}")
            # An SDK without keys would go on to the machine's own role: an empty file stops it.
            found["AWS_WEB_IDENTITY_TOKEN_FILE"] = write(environ, "aws-token", "")
    if environ.get("GOOGLE_WORKLOAD_IDENTITY_PROVIDER") and not has_any(
        environ, "GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_CREDENTIALS"
    ):
        text = json.dumps(google(environ))
        found["GOOGLE_APPLICATION_CREDENTIALS"] = write(environ, "google.json", text)
    if environ.get("ARM_CLIENT_ID") and not has_any(environ, "ARM_CLIENT_SECRET", "ARM_USE_OIDC"):
        found["ARM_USE_OIDC"] = "true"
    return found, faults


def has_any(environ: Mapping[str, str], *names: str) -> bool:
    """Tell whether one of the variables is set: somebody logged in already."""
    return any(environ.get(name) for name in names)


def by_file(environ: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """Log in with the token that is in a file.

    One of GitLab lives as long as its job; one of Azure Pipelines for ten minutes, and a run starts
    programs after that. For AWS that one is exchanged at once, and all of them share the session, a
    later step too. Where Azure Pipelines can be asked for more, it is.
    """
    found = log_in_by_file(environ)
    if not environ.get("TF_BUILD"):
        return found, []
    asked = pipelines_request(environ)
    if asked is not None and "ARM_OIDC_TOKEN_FILE_PATH" in found:
        del found["ARM_OIDC_TOKEN_FILE_PATH"]  # the provider would take it first
        found["ARM_OIDC_REQUEST_URL"] = environ["SYSTEM_OIDCREQUESTURI"]
        found["ARM_OIDC_REQUEST_TOKEN"] = environ["SYSTEM_ACCESSTOKEN"]
    token = found.get("AWS_WEB_IDENTITY_TOKEN_FILE")
    if token is None:
        return found, []
    try:
        profile = aws(environ, asked or {"token_file": token}, Path(token).with_name("aws-login"))
    except (LoginError, OSError, ValueError) as error:
        return found, [f"AWS: {error}"]
    # SDKs take a token's file before a profile.
    del found["AWS_WEB_IDENTITY_TOKEN_FILE"]
    if asked is None:
        session = aws_session.read(Path(profile["PURVEYOR_AWS_SESSION"]))
        profile["AWS_CREDENTIAL_EXPIRATION"] = session["Expiration"]
    return found | profile, []


def pipelines_request(environ: Mapping[str, str]) -> dict[str, str] | None:
    """Return how Azure Pipelines is asked for a token; None without a leave to do so.

    As learn.microsoft.com describes it (Azure DevOps REST API, "Oidctoken - Create").
    """
    address, token, connection = (
        environ.get(name)
        for name in (
            "SYSTEM_OIDCREQUESTURI",
            "SYSTEM_ACCESSTOKEN",
            "ARM_ADO_PIPELINE_SERVICE_CONNECTION_ID",
        )
    )
    if not (address and token and connection):
        return None
    query = urlencode({"api-version": "7.1", "serviceConnectionId": connection})
    address += f"{'&' if '?' in address else '?'}{query}"
    return {"token_address": address, "authorization": f"Bearer {token}", "part": "oidcToken"}


def aws(environ: Mapping[str, str], source: Mapping[str, str], folder: Path) -> dict[str, str]:
    """Get a session of the role, and return what leads SDKs to it and to those after it.

    `source` is where tokens come from, `folder` a private one for what programs share; a session
    that an earlier step has left there is good while it lives.
    """
    run = environ.get("GITHUB_RUN_ID") or environ.get("BUILD_BUILDID") or "run"
    login = {
        **source,
        "role": environ["AWS_ROLE_ARN"],
        "session_name": f"purveyor-{run}",
        "sts_address": sts_address(environ),
    }
    folder.mkdir(mode=0o700, exist_ok=True)
    file, session = folder / "login.json", folder / "session.json"
    if aws_session.read(file).get("role") != login["role"]:
        session.unlink(missing_ok=True)
    aws_session.replace(file, json.dumps(login))
    aws_session.current(folder)
    command = [sys.executable, "-I", str(Path(aws_session.__file__).resolve()), str(folder)]
    # Go's SDK takes away quotes around a whole value, and what follows ` #` even within quotes.
    program = " ".join(re.sub(r"[^\w@%+=:,./-]", r"\\\g<0>", word) for word in command)
    profile = f"[profile {PROFILE}]\ncredential_process = {program}\n"
    config = folder / "config"
    # Other profiles that the machine has stay what they are.
    aws_session.replace(config, f"{own_profiles(environ)}\n{profile}")
    return {
        "AWS_CONFIG_FILE": str(config),
        "AWS_PROFILE": PROFILE,
        "AWS_SDK_LOAD_CONFIG": "1",
        "PURVEYOR_AWS_SESSION": str(session),
    }


def own_profiles(environ: Mapping[str, str]) -> str:
    """Return what the machine's own configuration file holds, if there is one."""
    given = environ.get("AWS_CONFIG_FILE")
    try:
        path = Path(given) if given else Path(environ.get("HOME") or "~") / ".aws" / "config"
        return path.expanduser().read_text("utf-8")
    except (OSError, ValueError, RuntimeError):
        return ""


def sts_address(environ: Mapping[str, str]) -> str:
    """Return the token service's address: the one set, the region's, or the global one."""
    own = environ.get("AWS_ENDPOINT_URL_STS") or environ.get("AWS_ENDPOINT_URL")
    region = environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION")
    if own or not region:
        return own or "https://sts.amazonaws.com/"
    return f"https://sts.{region}.amazonaws.com{'.cn' if region.startswith('cn-') else ''}/"


def google(environ: Mapping[str, str]) -> dict[str, object]:
    """Return the configuration with which Google's libraries fetch the identity token."""
    provider = environ["GOOGLE_WORKLOAD_IDENTITY_PROVIDER"]
    address, authorization = identity_request(environ, f"https://iam.googleapis.com/{provider}")
    account = environ.get("GOOGLE_SERVICE_ACCOUNT")
    found: dict[str, object] = {
        "type": "external_account",
        "audience": f"//iam.googleapis.com/{provider}",
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "token_url": "https://sts.googleapis.com/v1/token",
        "credential_source": {
            "url": address,
            "headers": {"Authorization": authorization},
            "format": {"type": "json", "subject_token_field_name": "value"},
        },
    }
    if account:
        found["service_account_impersonation_url"] = (
            "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/"
            f"{quote(account)}:generateAccessToken"
        )
    return found


def identity_request(environ: Mapping[str, str], audience: str) -> tuple[str, str]:
    """Return the address that gives the token for one audience, and what to say there.

    As docs.github.com describes it.
    """
    address = environ["ACTIONS_ID_TOKEN_REQUEST_URL"]
    address += ("&" if "?" in address else "?") + urlencode({"audience": audience})
    return address, f"Bearer {environ.get('ACTIONS_ID_TOKEN_REQUEST_TOKEN', '')}"


def temporary(environ: Mapping[str, str]) -> str | None:
    """Return the job's own folder for what goes away with it: GitHub's name, then Azure's."""
    return environ.get("RUNNER_TEMP") or environ.get("AGENT_TEMPDIRECTORY") or None


def private_folder(environ: Mapping[str, str]) -> Path:
    """Make a new folder for this user only."""
    return Path(tempfile.mkdtemp(prefix="purveyor-", dir=temporary(environ)))


def write(environ: Mapping[str, str], name: str, text: str) -> str:
    """Write a file that only this user can read, and return its path."""
    path = os.path.join(private_folder(environ), name)  # noqa: PTH118 - variables hold text
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    return path
