output "queue_url" {
  description = "Where messages are sent to."
  value       = "https://sqs.${var.region}.example.com/000000000000/${terraform_data.queue.output.name}"
}

output "queue_arn" {
  description = "The queue's ARN."
  value       = "arn:aws:sqs:${var.region}:000000000000:${terraform_data.queue.output.name}"
}
