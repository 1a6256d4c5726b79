"""Cloud credentials from GitHub's identity token, without a stored secret and without an action.

AWS: the token is exchanged at once, because it expires within minutes (docs.github.com, OpenID
Connect) and engines start later. Google's own libraries fetch a fresh one themselves, told by a
file where; so does Azure's Terraform provider.
"""

from __future__ import annotations

import html
import json
import os
import re
import tempfile
import time
import urllib.error
import urllib.request
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from token_login import log_in_by_file

if TYPE_CHECKING:
    from collections.abc import Mapping

SECONDS = 10
TRIES = 3
LARGEST = 1 << 20
SERVER_FAULT = 500
KEYS = {
    "AccessKeyId": "AWS_ACCESS_KEY_ID",
    "SecretAccessKey": "AWS_SECRET_ACCESS_KEY",
    "SessionToken": "AWS_SESSION_TOKEN",
}


class LoginError(Exception):
    """A cloud gave no credentials; the message holds no token."""


def log_in(environ: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """Return variables for the clouds that are asked for, and what went wrong.

    A failed login is no reason to end here: the run fails by itself then, and the platform hears
    why. Files with tokens are in a new folder of the job's own, for this user only.
    """
    if not environ.get("ACTIONS_ID_TOKEN_REQUEST_URL"):
        return log_in_by_file(environ), []
    found: dict[str, str] = {}
    faults: list[str] = []
    if environ.get("AWS_ROLE_ARN") and not has_any(
        environ, "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ACCESS_KEY_ID"
    ):
        try:
            found.update(aws(environ))
        except LoginError as error:
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


def aws(environ: Mapping[str, str]) -> dict[str, str]:
    """Exchange the identity token for a session of the role, one hour long."""
    form = {
        "Action": "AssumeRoleWithWebIdentity",
        "Version": "2011-06-15",
        "RoleArn": environ["AWS_ROLE_ARN"],
        "RoleSessionName": f"purveyor-{environ.get('GITHUB_RUN_ID') or 'run'}",
        "WebIdentityToken": identity_token(environ, "sts.amazonaws.com"),
    }
    request = urllib.request.Request(sts_address(environ), urlencode(form).encode())  # noqa: S310 - ours or the user's address
    answer = ask(request, "the token service")
    found = {}
    for element, name in KEYS.items():
        value = re.search(f"<{element}>([^<]+)</{element}>", answer)
        if value is None:
            raise LoginError(f"the token service's answer has no {element}")
        found[name] = html.unescape(value[1]).strip()
    return found


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
    request = identity_request(environ, f"https://iam.googleapis.com/{provider}")
    account = environ.get("GOOGLE_SERVICE_ACCOUNT")
    found: dict[str, object] = {
        "type": "external_account",
        "audience": f"//iam.googleapis.com/{provider}",
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "token_url": "https://sts.googleapis.com/v1/token",
        "credential_source": {
            "url": request.full_url,
            "headers": {"Authorization": request.get_header("Authorization")},
            "format": {"type": "json", "subject_token_field_name": "value"},
        },
    }
    if account:
        found["service_account_impersonation_url"] = (
            "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/"
            f"{quote(account)}:generateAccessToken"
        )
    return found


def identity_token(environ: Mapping[str, str], audience: str) -> str:
    """Fetch the workflow's identity token for one audience."""
    answer = ask(identity_request(environ, audience), "GitHub's token service")
    try:
        return str(json.loads(answer)["value"])
    except (ValueError, KeyError, TypeError):
        raise LoginError("GitHub's token service's answer has no token") from None


def identity_request(environ: Mapping[str, str], audience: str) -> urllib.request.Request:
    """Return the request for the token, as docs.github.com describes it."""
    address = environ["ACTIONS_ID_TOKEN_REQUEST_URL"]
    address += ("&" if "?" in address else "?") + urlencode({"audience": audience})
    bearer = environ.get("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "")
    return urllib.request.Request(address, headers={"Authorization": f"Bearer {bearer}"})  # noqa: S310 - the runner's address


def ask(request: urllib.request.Request, whom: str) -> str:
    """Send a request, again after a fault that may pass; raise LoginError when none was heard."""
    fault = ""
    for turn in range(TRIES):
        time.sleep(turn)
        try:
            with urllib.request.urlopen(request, timeout=SECONDS) as answer:  # noqa: S310 - see its makers
                return str(answer.read(LARGEST).decode("utf-8", "replace"))
        except urllib.error.HTTPError as error:
            told = re.search(
                "<Message>([^<]*)</Message>", error.read(LARGEST).decode("utf-8", "replace")
            )
            fault = f"{whom} answers {error.code}" + (f": {told[1].strip()}" if told else "")
            if error.code < SERVER_FAULT:
                break
        except OSError as error:
            fault = f"{whom} cannot be reached: {getattr(error, 'reason', error)}"
    raise LoginError(fault)


def write(environ: Mapping[str, str], name: str, text: str) -> str:
    """Write a file that only this user can read, and return its path."""
    folder = tempfile.mkdtemp(prefix="purveyor-", dir=environ.get("RUNNER_TEMP") or None)
    path = os.path.join(folder, name)  # noqa: PTH118 - variables hold text
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    return path
