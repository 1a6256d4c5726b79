# Where alarms go, and from there to whoever is on call. This one exists in the state only.
variable "name" {
  type = string
}

variable "team" {
  description = "The team that is called."
  type        = string
}

resource "terraform_data" "pager" {
  input = { name = var.name, subscriber = "${var.team}@example.com" }
}

output "address" {
  value = "arn:aws:sns:eu-west-1:000000000000:${terraform_data.pager.output.name}"
}
