# A small stand-in for a database: a file that SQLite fills.
variable "folder" {
  description = "Where databases lie on this machine."
  type        = string
}

variable "service_id" {
  description = "Given by Purveyor."
  type        = string
}

resource "terraform_data" "database" {
  input = "${var.folder}/${var.service_id}.sqlite"

  provisioner "local-exec" {
    command = "mkdir -p '${var.folder}' && touch '${self.output}'"
  }

  provisioner "local-exec" {
    when    = destroy
    command = "rm -f '${self.output}'"
  }
}

output "endpoint" {
  description = "Where the database answers."
  value       = terraform_data.database.output
}
