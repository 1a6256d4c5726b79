# A stand-in for a machine: a folder on this one, with an SSH server of its own on loopback.
variable "name" { type = string }
variable "region" { type = string }
variable "flavor" { type = string }
variable "image" { type = string }
variable "boot_volume_gb" { type = number }
variable "networks" { type = list(string) }
variable "new_network" { type = object({ name = string, cidr = string }) }
variable "router" { type = bool }
variable "security_groups" { type = list(string) }
variable "open_ports" { type = list(number) }
variable "public_keys" { type = list(string) }
variable "service_id" { type = string }
variable "folder" { type = string }
variable "port" { type = number }

locals {
  root = "${var.folder}/${var.service_id}"
}

resource "terraform_data" "attachments" {
  input = {
    flavor   = var.flavor
    disk     = var.boot_volume_gb
    networks = concat(var.networks, var.new_network == null ? [] : [var.new_network.name])
    router   = var.router
    groups   = var.security_groups
    ports    = var.open_ports
  }
}

# Only what it boots from makes it another machine: all else is attached, and changed in place.
resource "terraform_data" "machine" {
  input            = local.root
  triggers_replace = [var.name, var.region, var.image, var.port]

  provisioner "local-exec" {
    command     = "sh '${path.module}/boot.sh' '${self.input}' '${var.name}' ${var.port}"
    environment = { PUBLIC_KEYS = join("\n", var.public_keys) }
  }

  provisioner "local-exec" {
    when    = destroy
    command = "kill \"$(cat '${self.input}/sshd.pid')\"; rm -rf '${self.input}'"
  }
}

output "address" {
  value = "ssh://127.0.0.1:${var.port}"
}

output "host" {
  value = {
    ansible_host = "127.0.0.1"
    ansible_port = var.port
    root         = terraform_data.machine.output # a real machine's is empty
    reload       = "kill -HUP $(cat '${local.root}/sshd.pid')"
  }
}
