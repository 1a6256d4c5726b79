# A person's user in a project, with a key of its own.
terraform {
  required_providers {
    aws = { source = "hashicorp/aws", version = "~> 5.0" }
  }
}

variable "username" {
  description = "From the catalog; decided once."
  type        = string
}

variable "person" {
  description = "Whose user it is: an address of the company's."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9.+-]+@[a-z0-9.-]+$", var.person))
    error_message = "A person is an address such as ada@example.com."
  }
}

variable "groups" {
  description = "The groups of the project that she is in, such as [\"readers\"]."
  type        = list(string)

  validation {
    condition     = length(var.groups) > 0
    error_message = "A member is in one group at least."
  }
}

variable "service_outputs" {
  description = "The project's outputs, from Purveyor."
  type = object({
    project = string
    groups  = map(list(string))
  })
}

locals {
  groups = sort([for each in var.groups : "${var.service_outputs.project}-${each}"])
}

resource "aws_iam_user" "user" {
  name = var.username
  tags = { person = var.person }

  # What she adds by herself goes, too, when she goes.
  force_destroy = true

  lifecycle {
    precondition {
      condition     = length(setsubtract(local.groups, keys(var.service_outputs.groups))) == 0
      error_message = "The project has only the groups ${join(", ", keys(var.service_outputs.groups))}."
    }
  }
}

resource "aws_iam_user_group_membership" "groups" {
  user   = aws_iam_user.user.name
  groups = local.groups
}

resource "aws_iam_access_key" "key" {
  user = aws_iam_user.user.name
}

output "username" {
  value = aws_iam_user.user.name
}

output "groups" {
  value = aws_iam_user_group_membership.groups.groups
}

output "access_key" {
  value = aws_iam_access_key.key.id
}

output "secret_key" {
  value     = aws_iam_access_key.key.secret
  sensitive = true
}
