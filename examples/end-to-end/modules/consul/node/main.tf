# A node that runs no Consul agent, such as a server of a cloud's; services belong to one.
variable "name" {
  type = string
}

variable "address" {
  type = string
}

output "node" {
  value = {
    Node     = var.name
    Address  = var.address
    NodeMeta = { external-node = "true", external-probe = "true" }
  }
}
