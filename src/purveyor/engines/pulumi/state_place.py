"""Where a stack's state lies: the address that Pulumi takes, made from a backend's block."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from purveyor.dataclass import dataclass
from purveyor.errors import CatalogError, CredentialsError
from purveyor.state_key import SUFFIX

if TYPE_CHECKING:
    from collections.abc import Mapping

    from purveyor.step import BackendBlock

_AZURE_DOMAINS = {
    "usgovernment": "blob.core.usgovcloudapi.net",
    "china": "blob.core.chinacloudapi.cn",
}
# What Azure's library for Go reads, and what says the same to the engines' backend.
_AZURE_NAMES = {
    "AZURE_STORAGE_KEY": "ARM_ACCESS_KEY",
    "AZURE_STORAGE_SAS_TOKEN": "ARM_SAS_TOKEN",
    "AZURE_CLIENT_ID": "ARM_CLIENT_ID",
    "AZURE_TENANT_ID": "ARM_TENANT_ID",
    "AZURE_CLIENT_SECRET": "ARM_CLIENT_SECRET",
    "AZURE_FEDERATED_TOKEN_FILE": "ARM_OIDC_TOKEN_FILE_PATH",
}
_GOOGLE_NAMES = ("GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_CREDENTIALS")  # a file, its text
_AWS_FILES = {
    "AWS_CONFIG_FILE": "shared_config_files",
    "AWS_SHARED_CREDENTIALS_FILE": "shared_credentials_files",
}


@dataclass(frozen=True, slots=True)
class StackAddress:
    url: str
    environment: Mapping[str, str]  # how the store lets Pulumi in, beside the account's login
    missing: bool = False  # whether it is a folder that is not there


def find_place(block: BackendBlock, environment: Mapping[str, str], folder: Path) -> StackAddress:
    """Return where a stack's state lies; `folder` is private and may take a login's files.

    Raise CatalogError for a store that Pulumi does not know.
    """
    said, given = block.arguments, {**environment, **block.environment}
    match block.type:
        case "local":
            place = Path(str(said["path"]).removesuffix(SUFFIX))
            return StackAddress(
                f"file://{quote(str(place))}?create_dir=true", {}, missing=not place.is_dir()
            )
        case "s3":
            return StackAddress(_write_s3(said), _join_profiles(said, environment, folder))
        case "azurerm":
            query = {
                "storage_account": str(said["storage_account_name"]),
                "domain": _AZURE_DOMAINS.get(str(said.get("environment")), ""),
            }
            url = _write("azblob", said["container_name"], said["key"], query)
            who = {n: str(said[n]) for n in ("client_id", "tenant_id") if n in said}
            given |= {f"ARM_{name.upper()}": value for name, value in who.items()}
            return StackAddress(url, {n: given[m] for n, m in _AZURE_NAMES.items() if m in given})
        case "gcs":
            url = _write("gs", said["bucket"], said["prefix"], {})
            return StackAddress(url, _log_in_to_google(block.environment, environment))
        case _:
            raise CatalogError(
                f"Pulumi cannot keep its state in a backend of type {block.type}.",
                hint="Let the catalog's `backend` be of type s3, azurerm, gcs or local.",
            )


def _write(scheme: str, place: object, key: object, query: Mapping[str, str]) -> str:
    asked = urlencode({name: value for name, value in query.items() if value})
    url = f"{scheme}://{place}/{quote(str(key).removesuffix(SUFFIX))}"
    return f"{url}?{asked}" if asked else url


def _write_s3(said: Mapping[str, object]) -> str:
    endpoints, role, key = (said.get(n) for n in ("endpoints", "assume_role", "kms_key_id"))
    query = {
        "region": str(said["region"]),
        "endpoint": str(endpoints["s3"]) if isinstance(endpoints, dict) else "",
        "use_path_style": "true" if said.get("use_path_style") else "",
        "role": str(role["role_arn"]) if isinstance(role, dict) else "",
        "ssetype": "aws:kms" if key else "",
        "kmskeyid": str(key or ""),
        "profile": str(said.get("profile") or ""),
    }
    return _write("s3", said["bucket"], said["key"], query)


def _join_profiles(
    said: Mapping[str, object], environment: Mapping[str, str], folder: Path
) -> dict[str, str]:
    """Write the state's profiles and the account's into one file each: there is one variable."""
    found: dict[str, str] = {}
    for variable, argument in _AWS_FILES.items():
        named = said.get(argument)
        if isinstance(named, list):
            paths = dict.fromkeys([*named, *filter(None, [environment.get(variable)])])
            place = folder / variable.lower()
            place.touch(mode=0o600)
            place.write_text("\n".join(Path(str(each)).read_text() for each in paths))
            found[variable] = str(place)
    return found


def _log_in_to_google(own: Mapping[str, str], environment: Mapping[str, str]) -> dict[str, str]:
    """Return how the store lets us in; Pulumi's providers read the same variables."""
    token = own.get("GOOGLE_OAUTH_ACCESS_TOKEN")
    login = {**environment, **own}.get("GOOGLE_BACKEND_CREDENTIALS")
    if own and any(name in environment for name in _GOOGLE_NAMES):
        raise CredentialsError(
            "The state's login to Google Cloud cannot be told from the account's.",
            hint="Let the account's login reach the bucket, and name none for the account.",
        )
    found = {"GOOGLE_OAUTH_ACCESS_TOKEN": token} if token else {}
    return found | ({_GOOGLE_NAMES[login.lstrip().startswith("{")]: login} if login else {})
