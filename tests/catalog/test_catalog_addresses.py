"""Modules from elsewhere carry a pin; folders stay below the catalog's."""

from __future__ import annotations

import pytest

from purveyor.catalog.address import find_address_fault, is_remote


@pytest.mark.parametrize(
    ("module", "version"),
    [
        ("modules/mysql", None),
        ("./modules/aws/mysql", None),
        ("modules/../other/mysql", None),
        ("git::https://example.com/network.git?ref=v1.2.0", None),
        ("git::https://example.com/network.git//modules/vpc?depth=1&ref=v1.2.0", None),
        ("git::ssh://git@example.com/network.git?ref=0f1e2d3c", None),
        ("git@github.com:acme/network.git?ref=v1", None),
        ("github.com/acme/network?ref=v1", None),
        ("https://example.com/vpc.zip?checksum=sha256:aa", None),
        ("s3::https://s3.amazonaws.com/acme/vpc.zip?checksum=sha256:aa", None),
        ("terraform-aws-modules/rds/aws", "5.1.2"),
        ("terraform-aws-modules/rds/aws//modules/db", "5.1.2"),
        ("registry.example.com/acme/rds/aws", "5.1.2"),
    ],
)
def test_pinned_addresses_and_folders_are_let_through(module: str, version: str | None) -> None:
    assert find_address_fault(module, version) is None


@pytest.mark.parametrize(
    ("module", "version", "fault"),
    [
        ("../mysql", None, "leaves it"),
        ("modules/../../mysql", None, "leaves it"),
        ("/srv/mysql", None, "relative"),
        ("~/mysql", None, "relative"),
        ("git::https://example.com/network.git", None, "no pin"),
        ("git::https://example.com/network.git?ref=", None, "no pin"),
        ("git::https://example.com/network.git?ref=main", None, "branch"),
        ("github.com/acme/network", None, "no pin"),
        ("github.com/acme/network?ref=v1", "1.0.0", "?ref="),
        ("https://example.com/vpc.zip", None, "no pin"),
        ("https://example.com/vpc.zip", "1.0.0", "?checksum="),
        ("https://me:secret@example.com/vpc.zip?checksum=sha256:aa", None, "credentials"),
        ("git::https://token@example.com/network.git?ref=v1", None, "credentials"),
        ("git::ssh://git:secret@example.com/network.git?ref=v1", None, "credentials"),
        ("hg::https://example.com/network?rev=1", None, "not served"),
        ("modules/mysql", "1.0.0", "this is none"),
    ],
)
def test_loose_addresses_are_refused(module: str, version: str | None, fault: str) -> None:
    found = find_address_fault(module, version)
    assert found is not None
    assert fault in found


def test_a_folder_of_three_parts_is_no_registry_address_without_a_version() -> None:
    assert not is_remote("modules/aws/mysql", None)
    assert is_remote("modules/aws/mysql", "1.0.0")
