"""Where a stack's state lies, for each kind of backend."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest

from purveyor.engines.pulumi.state_place import find_place
from purveyor.errors import CatalogError, CredentialsError
from purveyor.state_key import own_key
from purveyor.step import BackendBlock

if TYPE_CHECKING:
    from pathlib import Path

    from purveyor.json_text import JsonObject

KEY = f"team/{own_key('services/5a1f', 'bucket').path}"
S3: JsonObject = {"bucket": "states", "key": KEY, "region": "eu-west-1"}


def test_s3_is_an_address_with_a_region(tmp_path: Path) -> None:
    place = find_place(BackendBlock("s3", S3), {}, tmp_path)
    assert place.url == "s3://states/team/pulumi/services/5a1f/bucket?region=eu-west-1"
    assert place.environment == {}


def test_an_endpoint_a_role_and_a_key_are_kept(tmp_path: Path) -> None:
    more: JsonObject = {
        "endpoints": {"s3": "http://127.0.0.1:9000"},
        "use_path_style": True,
        "assume_role": {"role_arn": "arn:aws:iam::111111111111:role/states"},
        "kms_key_id": "alias/states",
    }
    url = find_place(BackendBlock("s3", {**S3, **more}), {}, tmp_path).url
    assert "endpoint=http%3A%2F%2F127.0.0.1%3A9000&use_path_style=true" in url
    assert "role=arn%3Aaws%3Aiam%3A%3A111111111111%3Arole%2Fstates" in url
    assert "ssetype=aws%3Akms&kmskeyid=alias%2Fstates" in url


def test_the_states_profile_and_the_accounts_come_into_one_private_file(tmp_path: Path) -> None:
    for name in ("state-config", "account-config"):
        (tmp_path / name).write_text(f"[profile {name}]\n")
    more: JsonObject = {
        "profile": "purveyor-state",
        "shared_config_files": [str(tmp_path / "state-config")],
    }
    account = {"AWS_CONFIG_FILE": str(tmp_path / "account-config")}
    (folder := tmp_path / "stack").mkdir()
    place = find_place(BackendBlock("s3", {**S3, **more}), account, folder)
    assert place.url.endswith("&profile=purveyor-state")
    joined = folder / "aws_config_file"
    assert place.environment == {"AWS_CONFIG_FILE": str(joined)}
    assert joined.read_text() == "[profile state-config]\n\n[profile account-config]\n"
    assert stat.S_IMODE(joined.stat().st_mode) == 0o600


def test_azure_gets_its_library_s_own_variables(tmp_path: Path) -> None:
    said: JsonObject = {
        "storage_account_name": "acme",
        "container_name": "states",
        "key": KEY,
        "environment": "china",
        "client_id": "the-run",
    }
    block = BackendBlock("azurerm", said, {"ARM_CLIENT_SECRET": "s"})
    place = find_place(block, {"ARM_TENANT_ID": "t", "ARM_CLIENT_ID": "the-account"}, tmp_path)
    assert place.url == (
        "azblob://states/team/pulumi/services/5a1f/bucket"
        "?storage_account=acme&domain=blob.core.chinacloudapi.cn"
    )
    assert place.environment == {
        "AZURE_CLIENT_ID": "the-run",
        "AZURE_TENANT_ID": "t",
        "AZURE_CLIENT_SECRET": "s",
    }


def test_google_takes_a_file_or_its_text(tmp_path: Path) -> None:
    block = BackendBlock("gcs", {"bucket": "states", "prefix": KEY.removesuffix(".tfstate")})
    for login, name in (
        ("/key.json", "GOOGLE_APPLICATION_CREDENTIALS"),
        ("{}", "GOOGLE_CREDENTIALS"),
    ):
        place = find_place(block, {"GOOGLE_BACKEND_CREDENTIALS": login}, tmp_path)
        assert place.url == "gs://states/team/pulumi/services/5a1f/bucket"
        assert place.environment == {name: login}


def test_google_cannot_be_two_at_once(tmp_path: Path) -> None:
    own = {"GOOGLE_BACKEND_CREDENTIALS": "/key.json"}
    block = BackendBlock("gcs", {"bucket": "states", "prefix": "p"}, own)
    with pytest.raises(CredentialsError, match="cannot be told from the account's"):
        find_place(block, {"GOOGLE_CREDENTIALS": "{}"}, tmp_path)


def test_a_folder_is_not_made_before_there_is_a_stack(tmp_path: Path) -> None:
    block = BackendBlock("local", {"path": str(tmp_path / "a b.tfstate")})
    place = find_place(block, {}, tmp_path)
    assert (place.url, place.missing) == (f"file://{tmp_path}/a%20b?create_dir=true", True)
    assert not (tmp_path / "a b").exists()
    (tmp_path / "a b").mkdir()
    assert not find_place(block, {}, tmp_path).missing


def test_any_other_store_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="backend of type pg"):
        find_place(BackendBlock("pg", {}), {}, tmp_path)
