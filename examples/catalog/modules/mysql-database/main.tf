# A database that exists in the state only: it shows what a run does, without a cloud.

terraform {
  required_version = ">= 1.5"
}

resource "terraform_data" "database" {
  input = {
    name           = var.database_name
    storage_gb     = var.storage_gb
    retention_days = var.backups.enabled ? var.backups.retention_days : 0
  }

  # As on AWS: another name is another database. The catalog's guard refuses to replace it.
  triggers_replace = [var.database_name]
}

# A password without a further provider: drawn once, and marked so that no plan shows it.
resource "terraform_data" "password" {
  triggers_replace = sensitive(uuid())

  lifecycle {
    ignore_changes       = [triggers_replace]
    replace_triggered_by = [terraform_data.database.id]
  }
}
