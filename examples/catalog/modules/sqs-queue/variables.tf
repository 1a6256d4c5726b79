variable "queue_name" {
  description = "Name of the queue."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,75}$", var.queue_name))
    error_message = "A queue's name has 1 to 75 letters, digits, hyphens and underscores."
  }
}

variable "fifo" {
  description = "Whether messages keep their order."
  type        = bool
  default     = false
  nullable    = false
}

variable "visibility_timeout" {
  description = "Seconds for which a received message stays hidden."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.visibility_timeout >= 0 && var.visibility_timeout <= 43200
    error_message = "The visibility timeout is between 0 and 43200 seconds."
  }
}

variable "tags" {
  description = "Tags on the queue."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "region" {
  description = "Where it is built; from the catalog's account."
  type        = string
  default     = "us-east-1"
  nullable    = false
}
