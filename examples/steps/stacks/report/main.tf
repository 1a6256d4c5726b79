# A second module, which gets what the first one gave.
variable "steps" {
  description = "The outputs of earlier steps, given by Purveyor."
  type        = object({ database = object({ endpoint = string }) })
}

resource "terraform_data" "report" {
  input = "customers of ${var.steps.database.endpoint}"
}

output "report" {
  description = "What is reported on."
  value       = terraform_data.report.output
}
