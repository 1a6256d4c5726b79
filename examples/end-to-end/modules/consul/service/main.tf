# Registers a service: what Consul's API takes at /v1/catalog/register, as a file a service.
# With Consul, a `consul_node` and a `consul_service` stand here.
variable "consul" {
  description = "The folder that stands for Consul; from the catalog's account."
  type        = string
}

variable "node" {
  description = "The output `node` of ../node."
  type        = any
}

variable "name" {
  type = string
}

variable "port" {
  type = number
}

variable "tags" {
  type = list(string)
}

locals {
  entry = merge(var.node, { Service = {
    ID = var.name, Service = var.name, Address = var.node.Address, Port = var.port, Tags = var.tags
  } })
}

resource "terraform_data" "service" {
  triggers_replace = { entry = jsonencode(local.entry), file = "${var.consul}/${var.name}.json" }

  provisioner "local-exec" {
    command     = "mkdir -p \"$(dirname \"$FILE\")\" && printf '%s' \"$ENTRY\" > \"$FILE\""
    environment = { FILE = self.triggers_replace.file, ENTRY = self.triggers_replace.entry }
  }

  provisioner "local-exec" {
    when        = destroy
    command     = "rm -f \"$FILE\""
    environment = { FILE = self.triggers_replace.file }
  }
}

output "name" {
  value = "${var.name}.service.consul"

  # Who gets the name can look it up.
  depends_on = [terraform_data.service]
}
