# An alarm that watches one figure. This one exists in the state only.
variable "name" {
  type = string
}

variable "namespace" {
  description = "Whose figures: AWS/RDS, AWS/ElastiCache."
  type        = string
}

variable "dimension" {
  description = "What is watched, such as { DBInstanceIdentifier = \"orders\" }."
  type        = map(string)
}

variable "metric" {
  type = string
}

variable "above" {
  description = "The alarm is raised above this value."
  type        = number
}

variable "call" {
  description = "Whom the alarm calls: addresses of pagers."
  type        = list(string)
}

resource "terraform_data" "alarm" {
  input = {
    name      = var.name
    watches   = "${var.namespace} ${var.metric} > ${var.above}"
    dimension = var.dimension
    call      = var.call
  }
}

output "name" {
  value = terraform_data.alarm.output.name
}
