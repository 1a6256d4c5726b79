# A project's groups and what each may do. Here a folder stands for the identity provider.
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

variable "directory" {
  description = "Where users and groups are kept; from the catalog's account."
  type        = string
}

resource "terraform_data" "group" {
  for_each = var.groups

  triggers_replace = {
    file = "${var.directory}/groups/${var.project}-${each.key}.json"
    text = jsonencode({ grants = sort(each.value) })
  }

  provisioner "local-exec" {
    command     = "mkdir -p \"$(dirname \"$FILE\")\" && printf '%s' \"$TEXT\" > \"$FILE\""
    environment = { FILE = self.triggers_replace.file, TEXT = self.triggers_replace.text }
  }

  provisioner "local-exec" {
    when        = destroy
    command     = "rm -f \"$FILE\""
    environment = { FILE = self.triggers_replace.file }
  }
}

output "project" {
  value = var.project
}

output "groups" {
  value = { for name, grants in var.groups : "${var.project}-${name}" => sort(grants) }
}

output "place" {
  description = "What the programs that look at users and groups need to know."
  value       = { directory = var.directory }
}
