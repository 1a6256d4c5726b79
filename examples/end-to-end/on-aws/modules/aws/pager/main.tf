# A topic where alarms go, and from there to whoever is on call.
terraform {
  required_providers {
    aws = { source = "hashicorp/aws", version = "~> 5.0" }
  }
}

variable "name" {
  type = string
}

variable "team" {
  description = "The team that is called."
  type        = string
}

resource "aws_sns_topic" "pager" {
  name = var.name
}

resource "aws_sns_topic_subscription" "on_call" {
  topic_arn = aws_sns_topic.pager.arn
  protocol  = "email"
  endpoint  = "${var.team}@example.com"
}

output "address" {
  value = aws_sns_topic.pager.arn
}
