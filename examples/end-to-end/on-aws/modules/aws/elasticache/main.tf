# A Redis cluster of ElastiCache, of one node.
terraform {
  required_providers {
    aws = { source = "hashicorp/aws", version = "~> 5.0" }
  }
}

variable "name" {
  type = string
}

variable "memory_mb" {
  type = number
}

variable "region" {
  type = string
}

locals {
  # The smallest node that has as much memory.
  node_type = (
    var.memory_mb <= 512 ? "cache.t4g.micro" :
    var.memory_mb <= 1400 ? "cache.t4g.small" : "cache.t4g.medium"
  )
}

resource "aws_elasticache_cluster" "cluster" {
  cluster_id      = var.name
  engine          = "redis"
  node_type       = local.node_type
  num_cache_nodes = 1
}

output "id" {
  value = aws_elasticache_cluster.cluster.cluster_id
}

output "address" {
  value = aws_elasticache_cluster.cluster.cache_nodes[0].address
}

output "port" {
  value = aws_elasticache_cluster.cluster.port
}
