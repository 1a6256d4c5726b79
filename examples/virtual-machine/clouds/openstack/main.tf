# The machine on OpenStack, with the interface of the stand-in beside it.
terraform {
  required_providers {
    openstack = {
      source  = "terraform-provider-openstack/openstack"
      version = "~> 3.4"
    }
  }
}

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

data "openstack_images_image_v2" "image" {
  region      = var.region
  name        = var.image
  most_recent = true
}

data "openstack_networking_network_v2" "outside" {
  count    = var.router ? 1 : 0
  region   = var.region
  external = true
}

resource "openstack_compute_keypair_v2" "automation" {
  region     = var.region
  name       = "${var.name}-${substr(var.service_id, 0, 8)}"
  public_key = var.public_keys[0]
}

resource "openstack_networking_network_v2" "new" {
  count  = var.new_network == null ? 0 : 1
  region = var.region
  name   = var.new_network.name
}

resource "openstack_networking_subnet_v2" "new" {
  count      = var.new_network == null ? 0 : 1
  region     = var.region
  name       = var.new_network.name
  network_id = openstack_networking_network_v2.new[0].id
  cidr       = var.new_network.cidr
}

resource "openstack_networking_router_v2" "new" {
  count               = var.router ? 1 : 0
  region              = var.region
  name                = var.name
  external_network_id = data.openstack_networking_network_v2.outside[0].id
}

resource "openstack_networking_router_interface_v2" "new" {
  count     = var.router ? 1 : 0
  region    = var.region
  router_id = openstack_networking_router_v2.new[0].id
  subnet_id = openstack_networking_subnet_v2.new[0].id
}

resource "openstack_networking_secgroup_v2" "own" {
  count  = length(var.open_ports) > 0 ? 1 : 0
  region = var.region
  name   = var.name
}

resource "openstack_networking_secgroup_rule_v2" "own" {
  for_each          = toset([for port in var.open_ports : tostring(port)])
  region            = var.region
  security_group_id = openstack_networking_secgroup_v2.own[0].id
  direction         = "ingress"
  ethertype         = "IPv4"
  protocol          = "tcp"
  port_range_min    = tonumber(each.key)
  port_range_max    = tonumber(each.key)
  remote_ip_prefix  = "0.0.0.0/0"
}

resource "openstack_blockstorage_volume_v3" "boot" {
  count    = var.boot_volume_gb == null ? 0 : 1
  region   = var.region
  name     = "${var.name}-boot"
  size     = var.boot_volume_gb
  image_id = data.openstack_images_image_v2.image.id
}

resource "openstack_compute_instance_v2" "machine" {
  region      = var.region
  name        = var.name
  flavor_name = var.flavor
  image_id    = var.boot_volume_gb == null ? data.openstack_images_image_v2.image.id : null
  key_pair    = openstack_compute_keypair_v2.automation.name
  security_groups = concat(
    var.security_groups, openstack_networking_secgroup_v2.own[*].name
  )

  dynamic "network" {
    for_each = concat(var.networks, openstack_networking_network_v2.new[*].name)
    content {
      name = network.value
    }
  }

  dynamic "block_device" {
    for_each = openstack_blockstorage_volume_v3.boot[*].id
    content {
      uuid                  = block_device.value
      source_type           = "volume"
      destination_type      = "volume"
      boot_index            = 0
      delete_on_termination = false
    }
  }

  depends_on = [openstack_networking_subnet_v2.new]
}

output "address" {
  value = "ssh://${openstack_compute_instance_v2.machine.access_ip_v4}:22"
}

output "host" {
  value = {
    ansible_host = openstack_compute_instance_v2.machine.access_ip_v4
    ansible_port = 22
    ansible_user = "debian"
    root         = ""
    reload       = "systemctl reload ssh"
  }
}
