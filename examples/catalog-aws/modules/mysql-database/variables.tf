variable "database_name" {
  description = "Name of the database."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9_]{0,62}$", var.database_name))
    error_message = "A database's name begins with a letter and has up to 63 small letters, digits and underscores."
  }
}

variable "storage_gb" {
  description = "Size of its disk, in gigabytes."
  type        = number
  default     = 20
  nullable    = false

  validation {
    condition     = var.storage_gb >= 20 && var.storage_gb <= 65536 && floor(var.storage_gb) == var.storage_gb
    error_message = "The disk has between 20 and 65536 whole gigabytes."
  }
}

variable "engine_version" {
  description = "MySQL's version; it cannot be changed later."
  type        = string
  default     = "8.0"
  nullable    = false
}

variable "backups" {
  description = "Whether it is backed up, and for how many days backups are kept."
  type = object({
    enabled        = bool
    retention_days = optional(number, 7)
  })
  default  = { enabled = false }
  nullable = false
}

variable "region" {
  description = "Where it is built; from the catalog's account."
  type        = string
  default     = "us-east-1"
  nullable    = false
}

variable "service_id" {
  description = "The service's id; Purveyor offers it."
  type        = string
  default     = ""
  nullable    = false
}
