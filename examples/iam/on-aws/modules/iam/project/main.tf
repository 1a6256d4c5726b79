# A project's bucket, its groups, what each may do, and the role that deploys it.
terraform {
  required_providers {
    aws = { source = "hashicorp/aws", version = "~> 5.0" }
  }
}

variable "project" {
  description = "Its name, from the catalog; decided once."
  type        = string
}

variable "groups" {
  description = "The project's groups, and the grants of each: read, write, deploy."
  type        = map(list(string))
  default     = { readers = ["read"], operators = ["read", "write", "deploy"] }

  validation {
    condition     = alltrue([for each in flatten(values(var.groups)) : contains(["read", "write", "deploy"], each)])
    error_message = "A grant is one of read, write and deploy."
  }
}

variable "service_id" {
  description = "From Purveyor; makes the bucket's name the only one of its kind."
  type        = string
}

data "aws_caller_identity" "here" {}

locals {
  bucket = "${var.project}-${substr(sha256(var.service_id), 0, 8)}"
  role   = "arn:aws:iam::${data.aws_caller_identity.here.account_id}:role/${var.project}-deployer"

  grants = {
    read   = { Action = ["s3:ListBucket", "s3:GetObject"], Resource = ["arn:aws:s3:::${local.bucket}", "arn:aws:s3:::${local.bucket}/*"] }
    write  = { Action = ["s3:PutObject", "s3:DeleteObject"], Resource = ["arn:aws:s3:::${local.bucket}/*"] }
    deploy = { Action = ["sts:AssumeRole"], Resource = [local.role] }
  }
}

resource "aws_s3_bucket" "project" {
  bucket = local.bucket
}

resource "aws_s3_object" "welcome" {
  bucket  = aws_s3_bucket.project.bucket
  key     = "welcome.txt"
  content = "What ${var.project} keeps.\n"
}

resource "aws_iam_group" "group" {
  for_each = var.groups
  name     = "${var.project}-${each.key}"
}

# One policy a grant, of the grant's name: that is what the review reads.
resource "aws_iam_group_policy" "grant" {
  for_each = { for each in flatten([
    for group, grants in var.groups : [for grant in grants : { group = group, grant = grant }]
  ]) : "${each.group}/${each.grant}" => each }

  group = aws_iam_group.group[each.value.group].name
  name  = each.value.grant
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [merge({ Effect = "Allow" }, local.grants[each.value.grant])]
  })
}

# Who may deploy takes on this role; whom its trust admits is decided by the grant `deploy`.
resource "aws_iam_role" "deployer" {
  name = "${var.project}-deployer"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { AWS = "arn:aws:iam::${data.aws_caller_identity.here.account_id}:root" }
    }]
  })
}

resource "aws_iam_role_policy" "deployer" {
  role = aws_iam_role.deployer.name
  name = "deploy"
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "s3:*", Resource = local.grants.read.Resource }]
  })
}

output "project" {
  value = var.project
}

output "groups" {
  value = { for name, grants in var.groups : "${var.project}-${name}" => sort(grants) }
}

output "place" {
  description = "What the programs that look at users and groups need to know."
  value       = { bucket = aws_s3_bucket.project.bucket, role = aws_iam_role.deployer.arn }
}
