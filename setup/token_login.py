"""Cloud credentials from an identity token that the CI's job has put into a file.

GitLab's `id_tokens` and Azure's service connections give such a token before the job's work
begins. All three clouds' own libraries read it from the file, when they are told where.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Mapping

AWS_OWN = ("AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ACCESS_KEY_ID")
GOOGLE_OWN = ("GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_CREDENTIALS")
AZURE_OWN = ("ARM_CLIENT_SECRET", "ARM_USE_OIDC")


def log_in_by_file(environ: Mapping[str, str]) -> dict[str, str]:
    """Return variables for the clouds that are asked for; none without a token in the file.

    PURVEYOR_ID_TOKEN_FILE names it. A cloud for which somebody logged in already is left alone.
    Google's configuration is written beside the token; it holds no secret.
    """
    given = environ.get("PURVEYOR_ID_TOKEN_FILE")
    try:
        token = Path(given) if given else None
        if token is None or not token.is_file() or not token.stat().st_size:
            return {}
    except OSError:
        return {}
    found: dict[str, str] = {}
    if environ.get("AWS_ROLE_ARN") and not any(map(environ.get, AWS_OWN)):
        found["AWS_WEB_IDENTITY_TOKEN_FILE"] = str(token)
    if environ.get("GOOGLE_WORKLOAD_IDENTITY_PROVIDER") and not any(map(environ.get, GOOGLE_OWN)):
        file = token.with_name("google.json")
        file.write_text(json.dumps(google(environ, token)), encoding="utf-8")
        found["GOOGLE_APPLICATION_CREDENTIALS"] = str(file)
    if environ.get("ARM_CLIENT_ID") and not any(map(environ.get, AZURE_OWN)):
        found.update({"ARM_USE_OIDC": "true", "ARM_OIDC_TOKEN_FILE_PATH": str(token)})
    return found


def google(environ: Mapping[str, str], token: Path) -> dict[str, object]:
    """Return Google's external account configuration (its AIP-4117) with the file as source."""
    provider = environ["GOOGLE_WORKLOAD_IDENTITY_PROVIDER"]
    found: dict[str, object] = {
        "type": "external_account",
        "audience": f"//iam.googleapis.com/{provider}",
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "token_url": "https://sts.googleapis.com/v1/token",
        "credential_source": {"file": str(token)},
    }
    account = environ.get("GOOGLE_SERVICE_ACCOUNT")
    if account:
        found["service_account_impersonation_url"] = (
            "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/"
            f"{quote(account)}:generateAccessToken"
        )
    return found
