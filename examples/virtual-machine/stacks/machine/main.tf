# The machine that was asked for. Another cloud is another module here, with the same interface.
variable "folder" {
  description = "Where this machine keeps those that it plays."
  type        = string
}

variable "port" {
  description = "Where the machine takes logins."
  type        = number
}

variable "service_id" {
  description = "Given by Purveyor."
  type        = string
}

locals {
  offers  = jsondecode(file("${path.module}/offers.json"))
  offer   = try(local.offers[var.region], local.offers["north"])
  flavor  = try(local.offer.flavors[var.flavor], null)
  image   = try(local.offer.images[var.image], null)
  disk_gb = var.boot_volume_gb != null ? var.boot_volume_gb : try(local.flavor.disk_gb, 0)
  ports   = concat(var.open_ports, flatten([for each in var.security_groups : try(local.offer.security_groups[each], [])]))
  key     = var.ssh_public_key != null ? var.ssh_public_key : try(local.offer.ssh_keys[var.ssh_key_name], "")
}

module "machine" {
  source = "../../clouds/twin" # or "../../clouds/openstack"

  name            = var.name
  region          = var.region
  flavor          = var.flavor
  image           = var.image
  boot_volume_gb  = var.boot_volume_gb
  networks        = var.networks
  new_network     = var.new_network
  router          = var.router
  security_groups = var.security_groups
  open_ports      = var.open_ports
  # The pipeline's key lets Ansible in at first; from then on the playbook says who may log in.
  public_keys = [trimspace(file("${path.module}/../../keys/automation.pub")), local.key]
  service_id  = var.service_id
  folder      = var.folder
  port        = var.port
}

output "address" {
  description = "Where the machine takes logins."
  value       = module.machine.address
}

output "disk_gb" {
  description = "How large the disk is that it boots from."
  value       = local.disk_gb
}

output "hosts" {
  description = "The machine as Ansible has to know it."
  value       = { (var.name) = merge(module.machine.host, { developer_key = local.key }) }
}
