"""Which resource types hold data, and which attributes open one to everybody."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from purveyor.json_text import JsonObject, JsonValue

STATEFUL_VERSION = "2026.12"
"""Changes with the list: told with a refusal, so that people can look it up."""
# From the providers' documentation: what is gone with such a resource cannot be made again.
STATEFUL = frozenset(
    f"{provider}_{name}"
    for provider, names in {
        "aws": (
            *("backup_vault", "cognito_user_pool", "db_instance", "docdb_cluster"),
            *("dynamodb_global_table", "dynamodb_table", "ebs_volume", "ecr_repository"),
            *("efs_file_system", "elasticache_cluster", "elasticache_replication_group"),
            *("elasticsearch_domain", "fsx_lustre_file_system", "fsx_ontap_file_system"),
            *("fsx_openzfs_file_system", "fsx_windows_file_system", "kms_key"),
            *("memorydb_cluster", "msk_cluster", "neptune_cluster", "opensearch_domain"),
            *("rds_cluster", "rds_global_cluster", "redshift_cluster", "s3_bucket"),
            *("secretsmanager_secret", "timestreamwrite_table"),
        ),
        "azurerm": (
            *("cosmosdb_account", "cosmosdb_sql_database", "key_vault", "key_vault_key"),
            *("key_vault_secret", "managed_disk", "mariadb_server", "mssql_database"),
            *("mssql_managed_instance", "mssql_server", "mysql_flexible_server"),
            *("postgresql_flexible_server", "postgresql_server", "redis_cache"),
            *("storage_account", "storage_container", "storage_share"),
        ),
        "google": (
            *("alloydb_cluster", "artifact_registry_repository", "bigquery_dataset"),
            *("bigquery_table", "bigtable_instance", "compute_disk", "filestore_instance"),
            *("firestore_database", "kms_crypto_key", "redis_instance", "secret_manager_secret"),
            *("spanner_database", "spanner_instance", "sql_database", "sql_database_instance"),
            *("storage_bucket",),
        ),
        "mongodbatlas": (*("cluster",),),
        "mysql": (*("database",),),
        "postgresql": (*("database",),),
        "vault": (*("mount",),),
        "kubernetes": (*("persistent_volume_claim", "persistent_volume_claim_v1"),),
    }.items()
    for name in names
)
_EVERYBODY = frozenset(
    {
        *("0.0.0.0/0", "::/0", "*", "Internet", "Any", "allUsers", "allAuthenticatedUsers"),
        *("public-read", "public-read-write", "blob", "container", "NONE"),
    }
)
_OPENING = {
    **dict.fromkeys(
        (
            *("aws_db_instance", "aws_dms_replication_instance", "aws_mq_broker"),
            *("aws_rds_cluster_instance", "aws_redshift_cluster"),
        ),
        ("publicly_accessible",),
    ),
    "aws_lambda_function_url": ("authorization_type",),
    "aws_s3_bucket": ("acl",),
    "aws_s3_bucket_acl": ("acl",),
    "aws_security_group": ("ingress.cidr_blocks", "ingress.ipv6_cidr_blocks"),
    "aws_security_group_rule": ("cidr_blocks", "ipv6_cidr_blocks"),
    "aws_vpc_security_group_ingress_rule": ("cidr_ipv4", "cidr_ipv6"),
    "azurerm_network_security_rule": ("source_address_prefix", "source_address_prefixes"),
    "azurerm_storage_account": ("allow_nested_items_to_be_public",),
    "azurerm_storage_container": ("container_access_type",),
    "google_compute_firewall": ("source_ranges",),
    "google_sql_database_instance": ("settings.ip_configuration.authorized_networks.value",),
    "google_storage_bucket_iam_binding": ("members",),
    "google_storage_bucket_iam_member": ("member",),
}
# These open it by being false.
_CLOSING = {
    "aws_s3_bucket_public_access_block": (
        *("block_public_acls", "block_public_policy", "ignore_public_acls"),
        "restrict_public_buckets",
    ),
}


def find_openings(resource_type: str, before: JsonObject, after: JsonObject) -> tuple[str, ...]:
    """Return the attributes by which a change opens a resource to everybody that it was shut to."""
    if after.get("type") == "egress":  # of aws_security_group_rule
        return ()
    opening = [
        path
        for path in _OPENING.get(resource_type, ())
        if _is_open(_walk(after, path)) and not _is_open(_walk(before, path))
    ]
    closing = [
        name
        for name in _CLOSING.get(resource_type, ())
        if after.get(name) is False and before.get(name) is not False
    ]
    return (*opening, *closing)


def _walk(value: JsonValue, path: str) -> list[JsonValue]:
    """Return what stands at a path, in all elements of the lists on its way."""
    found = [value]
    for name in path.split("."):
        inside = [each.get(name) for each in found if isinstance(each, dict)]
        found = [e for each in inside for e in (each if isinstance(each, list) else [each])]
    return found


def _is_open(values: list[JsonValue]) -> bool:
    return any(each is True or (isinstance(each, str) and each in _EVERYBODY) for each in values)
