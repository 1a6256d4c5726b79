"""What opens a resource to everybody, by the attributes of its change."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from purveyor.engines.terraform.plans.resource_types import STATEFUL, find_openings

if TYPE_CHECKING:
    from purveyor.json_text import JsonObject

RULE = "aws_security_group_rule"
GROUP: JsonObject = {"ingress": [{"cidr_blocks": ["10.0.0.0/8", "0.0.0.0/0"], "self": True}]}
NETWORK = "settings.ip_configuration.authorized_networks.value"


def test_the_list_of_what_holds_data_names_types_of_providers() -> None:
    assert {"aws_db_instance", "azurerm_managed_disk", "google_storage_bucket"} <= STATEFUL


@pytest.mark.parametrize(
    ("kind", "after", "by"),
    [
        ("aws_db_instance", {"publicly_accessible": True}, "publicly_accessible"),
        ("aws_s3_bucket_acl", {"acl": "public-read"}, "acl"),
        ("aws_security_group", GROUP, "ingress.cidr_blocks"),
        (RULE, {"type": "ingress", "ipv6_cidr_blocks": ["::/0"]}, "ipv6_cidr_blocks"),
        ("aws_s3_bucket_public_access_block", {"block_public_acls": False}, "block_public_acls"),
        ("azurerm_network_security_rule", {"source_address_prefix": "*"}, "source_address_prefix"),
        ("google_storage_bucket_iam_member", {"member": "allUsers"}, "member"),
        (
            "google_sql_database_instance",
            {
                "settings": [
                    {"ip_configuration": [{"authorized_networks": [{"value": "0.0.0.0/0"}]}]}
                ]
            },
            NETWORK,
        ),
    ],
)
def test_what_opens_a_resource_is_named_unless_it_was_open_before(
    kind: str, after: JsonObject, by: str
) -> None:
    assert find_openings(kind, {}, after) == (by,)
    assert find_openings(kind, after, after) == ()


@pytest.mark.parametrize(
    ("kind", "after"),
    [
        ("aws_db_instance", {"publicly_accessible": False, "apply_immediately": True}),
        (RULE, {"type": "egress", "cidr_blocks": ["0.0.0.0/0"]}),
        ("aws_security_group", {"ingress": [{"cidr_blocks": ["10.0.0.0/8"], "self": True}]}),
        ("google_sql_database_instance", {"settings": [{"disk_autoresize": True}]}),
        ("aws_s3_bucket_public_access_block", {"block_public_acls": True}),
        ("unknown_thing", {"publicly_accessible": True}),
    ],
)
def test_what_stays_shut_is_not_named(kind: str, after: JsonObject) -> None:
    assert find_openings(kind, {}, after) == ()
