# Stand-ins for machines and a load balancer: folders and a process on this one.
variable "folder" {
  description = "Where this machine keeps what it plays."
  type        = string
}

variable "port" {
  description = "Where consumers reach the service, on the loopback interface."
  type        = number
}

variable "nodes" {
  description = "How many nodes carry the traffic."
  type        = number
  default     = 5
  nullable    = false

  validation {
    condition     = var.nodes >= 2
    error_message = "Ask for 2 nodes or more: while one gets a new release, another carries the traffic."
  }
}

variable "service_id" {
  description = "Given by Purveyor."
  type        = string
}

locals {
  root  = "${var.folder}/${var.service_id}"
  names = toset([for number in range(var.nodes) : format("node-%d", number + 1)])
}

resource "terraform_data" "balancer" {
  input = { root = local.root, port = var.port }

  provisioner "local-exec" {
    command = "python3 '${path.module}/balancer.py' '${self.input.root}' ${self.input.port}"
  }

  provisioner "local-exec" {
    when    = destroy
    command = "kill \"$(cat '${self.input.root}/balancer.pid')\"; rm -rf '${self.input.root}'"
  }
}

resource "terraform_data" "node" {
  for_each = local.names
  input    = "${local.root}/${each.key}"

  provisioner "local-exec" {
    command = "mkdir -p '${self.input}'"
  }

  provisioner "local-exec" {
    when    = destroy
    command = "rm -rf '${self.input}'"
  }

  depends_on = [terraform_data.balancer]
}

output "root" {
  description = "The folder of this service."
  value       = local.root
}

output "address" {
  description = "Where consumers reach the service."
  value       = "http://127.0.0.1:${var.port}"
}

output "nodes" {
  description = "Each node's folder, by its name."
  value       = { for name, node in terraform_data.node : name => node.output }
}
