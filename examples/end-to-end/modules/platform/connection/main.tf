# An application's way to a database: the name it looks up, and credentials.
variable "address" {
  description = "From the catalog, which computes it from the database's outputs."
  type        = string
}

variable "link_slug" {
  description = "From Purveyor."
  type        = string
}

variable "service_outputs" {
  description = "The database's outputs, from Purveyor."
  type        = object({ password = string })
  sensitive   = true
}

resource "terraform_data" "connection" {
  input = {
    address  = var.address
    username = substr(replace(var.link_slug, "-", "_"), 0, 32)
  }
}

output "address" {
  value = terraform_data.connection.output.address
}

output "username" {
  value = terraform_data.connection.output.username
}

output "password" {
  value     = var.service_outputs.password
  sensitive = true
}
