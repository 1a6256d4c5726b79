# A usable cache: the cluster, its entry in discovery, its alarm, and whom it calls.
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

variable "memory_mb" {
  type    = number
  default = 512
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

module "cluster" {
  source    = "../../aws/elasticache"
  name      = var.name
  memory_mb = var.memory_mb
  region    = var.region
}

module "node" {
  source  = "../../consul/node"
  name    = var.name
  address = module.cluster.address
}

module "service" {
  source = "../../consul/service"
  consul = var.consul
  node   = module.node.node
  name   = var.name
  port   = module.cluster.port
  tags   = ["cache", var.account, var.team]
}

module "pager" {
  source = "../../aws/pager"
  count  = var.on_call ? 1 : 0
  name   = "${var.name}-pager"
  team   = var.team
}

module "alarm" {
  source    = "../../aws/alarm"
  name      = "${var.name}-Evictions"
  namespace = "AWS/ElastiCache"
  dimension = { CacheClusterId = module.cluster.id }
  metric    = "Evictions"
  above     = 100
  call      = module.pager[*].address
}

output "address" {
  value = module.cluster.address
}

output "port" {
  value = module.cluster.port
}

output "discovered_as" {
  value = module.service.name
}

output "monitors" {
  value = [module.alarm.name]
}

output "paged" {
  value = var.on_call ? var.team : "nobody"
}

output "consul" {
  description = "Where it is registered."
  value       = var.consul
}
