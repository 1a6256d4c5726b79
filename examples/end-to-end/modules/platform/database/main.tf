# A usable database: the server, its entry in discovery, its alarms, and whom they call.
variable "name" {
  description = "From the catalog, decided once."
  type        = string
}

variable "team" {
  description = "Who runs it, and is called."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]*$", var.team))
    error_message = "A team's name is small letters, digits and hyphens."
  }
}

variable "engine_version" {
  type    = string
  default = "8.0"
}

variable "storage_gb" {
  type    = number
  default = 20

  validation {
    condition     = var.storage_gb >= 20 && var.storage_gb <= 65536
    error_message = "A database has between 20 and 65536 GB."
  }
}

variable "account" {
  description = "This and the next three come from the catalog's account."
  type        = string
}

variable "region" {
  type = string
}

variable "consul" {
  type = string
}

variable "on_call" {
  description = "Whether somebody is called at night."
  type        = bool
}

module "instance" {
  source         = "../../aws/rds"
  name           = var.name
  engine_version = var.engine_version
  storage_gb     = var.storage_gb
  region         = var.region
}

module "node" {
  source  = "../../consul/node"
  name    = var.name
  address = module.instance.address
}

module "service" {
  source = "../../consul/service"
  consul = var.consul
  node   = module.node.node
  name   = var.name
  port   = module.instance.port
  tags   = ["database", var.account, var.team]
}

module "pager" {
  source = "../../aws/pager"
  count  = var.on_call ? 1 : 0
  name   = "${var.name}-pager"
  team   = var.team
}

module "alarm" {
  source    = "../../aws/alarm"
  for_each  = { CPUUtilization = 90, DatabaseConnections = 400 }
  name      = "${var.name}-${each.key}"
  namespace = "AWS/RDS"
  dimension = { DBInstanceIdentifier = module.instance.id }
  metric    = each.key
  above     = each.value
  call      = module.pager[*].address
}

output "address" {
  value = module.instance.address
}

output "port" {
  value = module.instance.port
}

output "password" {
  value     = module.instance.password
  sensitive = true
}

output "discovered_as" {
  value = module.service.name
}

output "monitors" {
  value = sort([for each in module.alarm : each.name])
}

output "paged" {
  value = var.on_call ? var.team : "nobody"
}

output "consul" {
  description = "Where it is registered."
  value       = var.consul
}
