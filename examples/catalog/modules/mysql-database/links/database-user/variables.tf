variable "username" {
  description = "Name of the user."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9_]{0,31}$", var.username))
    error_message = "A user's name begins with a letter and has up to 32 small letters, digits and underscores."
  }
}

variable "access" {
  description = "What the user may do: read or write."
  type        = string
  default     = "read"
  nullable    = false

  validation {
    condition     = contains(["read", "write"], var.access)
    error_message = "The access is read or write."
  }
}
