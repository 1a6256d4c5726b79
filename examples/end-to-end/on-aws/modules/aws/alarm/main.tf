# A CloudWatch alarm that watches one figure.
terraform {
  required_providers {
    aws = { source = "hashicorp/aws", version = "~> 5.0" }
  }
}

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

resource "aws_cloudwatch_metric_alarm" "alarm" {
  alarm_name          = var.name
  namespace           = var.namespace
  metric_name         = var.metric
  dimensions          = var.dimension
  statistic           = "Average"
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.above
  period              = 300
  evaluation_periods  = 3
  alarm_actions       = var.call
}

output "name" {
  value = aws_cloudwatch_metric_alarm.alarm.alarm_name
}
