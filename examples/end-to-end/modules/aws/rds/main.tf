# A database server of AWS. This one exists in the state only; ../../../on-aws has the real one.
variable "name" {
  description = "The server's name; another name is another server."
  type        = string
}

variable "engine_version" {
  type = string
}

variable "storage_gb" {
  type = number
}

variable "region" {
  type = string
}

# A platform-wide default: change it here, and every database gets it with its next update.
variable "backup_days" {
  description = "How many days backups are kept."
  type        = number
  default     = 7
}

resource "terraform_data" "instance" {
  input = {
    address        = local.address
    engine_version = var.engine_version
    storage_gb     = var.storage_gb
    backup_days    = var.backup_days
  }

  triggers_replace = [var.name]
}

locals {
  # Known before anything is built, so that a larger disk does not register the server anew.
  address = "${var.name}.rds.${var.region}.example.com"
}

# Drawn once, and marked so that no plan shows it.
resource "terraform_data" "password" {
  triggers_replace = sensitive(uuid())

  lifecycle {
    ignore_changes       = [triggers_replace]
    replace_triggered_by = [terraform_data.instance.id]
  }
}

output "id" {
  value = var.name
}

output "address" {
  value      = local.address
  depends_on = [terraform_data.instance]
}

output "port" {
  value = 3306
}

output "password" {
  value     = replace(terraform_data.password.id, "-", "")
  sensitive = true
}
