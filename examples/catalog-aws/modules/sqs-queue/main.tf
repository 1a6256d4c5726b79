terraform {
  required_version = ">= 1.5"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.0"
    }
  }
}

provider "aws" {
  region = var.region
}

# The provider waits until SQS shows every attribute: half a minute for a new queue is normal.
resource "aws_sqs_queue" "main" {
  name                       = var.fifo ? "${var.queue_name}.fifo" : var.queue_name
  fifo_queue                 = var.fifo
  visibility_timeout_seconds = var.visibility_timeout
  sqs_managed_sse_enabled    = true
  tags                       = var.tags
}
