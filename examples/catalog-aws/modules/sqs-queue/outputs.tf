output "queue_url" {
  description = "Where messages are sent to."
  value       = aws_sqs_queue.main.url
}

output "queue_arn" {
  description = "The queue's ARN."
  value       = aws_sqs_queue.main.arn
}
