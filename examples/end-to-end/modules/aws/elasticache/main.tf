# A cache of AWS. This one exists in the state only; ../../../on-aws has the real one.
variable "name" {
  type = string
}

variable "memory_mb" {
  type = number
}

variable "region" {
  type = string
}

resource "terraform_data" "cluster" {
  input = {
    address   = local.address
    memory_mb = var.memory_mb
  }

  triggers_replace = [var.name]
}

locals {
  # Known before anything is built, so that more memory does not register the cluster anew.
  address = "${var.name}.cache.${var.region}.example.com"
}

output "id" {
  value = var.name
}

output "address" {
  value      = local.address
  depends_on = [terraform_data.cluster]
}

output "port" {
  value = 6379
}
