# Checks what was asked for as a whole, before anything is made; all faults are told at once.
resource "terraform_data" "request" {
  lifecycle {
    precondition {
      condition     = can(regex("^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$", var.name))
      error_message = "A machine's name is a host name: small letters, digits and hyphens, a letter first, 63 at most."
    }
    precondition {
      condition     = contains(keys(local.offers), var.region)
      error_message = "There is no region ${var.region}; there are ${join(", ", keys(local.offers))}."
    }
    precondition {
      condition     = local.flavor != null
      error_message = "There is no flavor ${var.flavor} in ${var.region}; there are ${join(", ", keys(local.offer.flavors))}."
    }
    precondition {
      condition     = local.image != null
      error_message = "There is no image ${var.image} in ${var.region}; there are ${join(", ", keys(local.offer.images))}."
    }
    precondition {
      condition     = try(local.image.ram_gb <= local.flavor.ram_gb, true)
      error_message = "${var.image} needs ${try(local.image.ram_gb, 0)} GB of memory, and ${var.flavor} has ${try(local.flavor.ram_gb, 0)} GB: choose a larger flavor."
    }
    precondition {
      condition     = try(local.flavor.disk_gb, 1) > 0 || var.boot_volume_gb != null
      error_message = "${var.flavor} has no disk of its own: ask for a boot_volume_gb of ${try(local.image.disk_gb, 10)} or more."
    }
    precondition {
      condition     = try(local.flavor.disk_gb, 0) == 0 || var.boot_volume_gb == null
      error_message = "${var.flavor} boots from its own disk of ${try(local.flavor.disk_gb, 0)} GB: leave boot_volume_gb out."
    }
    precondition {
      condition     = local.disk_gb == 0 || try(local.disk_gb >= local.image.disk_gb, true)
      error_message = "${var.image} needs a disk of at least ${try(local.image.disk_gb, 0)} GB, and this one has ${local.disk_gb} GB."
    }
    precondition {
      condition     = length(var.networks) > 0 || var.new_network != null
      error_message = "A machine needs a network: name one of ${join(", ", local.offer.networks)} in networks, or ask for a new_network."
    }
    precondition {
      condition     = length(setsubtract(var.networks, local.offer.networks)) == 0
      error_message = "There is no network ${join(", ", setsubtract(var.networks, local.offer.networks))} in ${var.region}; there are ${join(", ", local.offer.networks)}."
    }
    precondition {
      condition     = var.new_network == null || can(cidrhost(var.new_network.cidr, 1))
      error_message = "new_network.cidr is a range of addresses such as 10.1.2.0/24."
    }
    precondition {
      condition     = !var.router || var.new_network != null
      error_message = "A router joins a new network to the outside: ask for a new_network, or leave router out."
    }
    precondition {
      condition     = length(setsubtract(var.security_groups, keys(local.offer.security_groups))) == 0
      error_message = "There is no security group ${join(", ", setsubtract(var.security_groups, keys(local.offer.security_groups)))} in ${var.region}; there are ${join(", ", keys(local.offer.security_groups))}."
    }
    precondition {
      condition     = contains(local.ports, 22)
      error_message = "Nobody could secure this machine: add the group ssh-from-pipelines, or 22 to open_ports."
    }
    precondition {
      condition     = var.ssh_key_name == null || contains(keys(local.offer.ssh_keys), coalesce(var.ssh_key_name, "-"))
      error_message = "There is no key pair ${coalesce(var.ssh_key_name, "-")} in ${var.region}; give the key itself as ssh_public_key."
    }
    precondition {
      condition     = (var.ssh_public_key == null) != (var.ssh_key_name == null)
      error_message = "Give either ssh_key_name or ssh_public_key: somebody has to be able to log in."
    }
    precondition {
      condition     = var.ssh_public_key == null || can(regex("^(ssh-ed25519|ecdsa-sha2-nistp256|ssh-rsa) [A-Za-z0-9+/=]+( [^\n]*)?$", var.ssh_public_key))
      error_message = "ssh_public_key is one line such as `ssh-ed25519 AAAA… you@example.com`, and never a private key."
    }
  }
}
