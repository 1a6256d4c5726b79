# A queue that exists in the state only: it shows what a run does, without a cloud.

terraform {
  required_version = ">= 1.5"
}

locals {
  name = var.fifo ? "${var.queue_name}.fifo" : var.queue_name
}

resource "terraform_data" "queue" {
  input = {
    name               = local.name
    visibility_timeout = var.visibility_timeout
    tags               = var.tags
  }

  # As on AWS: neither the name nor the kind of a queue can be changed in place.
  triggers_replace = [local.name]
}
