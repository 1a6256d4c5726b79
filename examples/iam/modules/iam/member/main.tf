# A person's user in a project, with a key of its own. Here a folder stands for the identity provider.
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
    place   = object({ directory = string })
  })
}

locals {
  groups = sort([for each in var.groups : "${var.service_outputs.project}-${each}"])
}

resource "terraform_data" "key" {}

resource "terraform_data" "user" {
  triggers_replace = {
    file = "${var.service_outputs.place.directory}/users/${var.username}.json"
    text = jsonencode({
      person = var.person
      groups = local.groups
      key    = sha256(terraform_data.key.id)
    })
  }

  lifecycle {
    precondition {
      condition     = length(setsubtract(local.groups, keys(var.service_outputs.groups))) == 0
      error_message = "The project has only the groups ${join(", ", keys(var.service_outputs.groups))}."
    }
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

output "username" {
  value      = var.username
  depends_on = [terraform_data.user]
}

output "groups" {
  value = local.groups
}

output "access_key" {
  value = var.username
}

output "secret_key" {
  value     = terraform_data.key.id
  sensitive = true
}
