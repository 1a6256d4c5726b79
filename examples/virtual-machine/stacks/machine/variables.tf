# What a developer may ask for; `checks.tf` checks each value against the others.
variable "name" {
  description = "The machine's name."
  type        = string
}

variable "region" {
  description = "Where it runs."
  type        = string
  default     = "north"
  nullable    = false
}

variable "flavor" {
  description = "How large it is."
  type        = string
}

variable "image" {
  description = "What it boots."
  type        = string
}

variable "boot_volume_gb" {
  description = "The disk to boot from, for a flavor that has none of its own."
  type        = number
  default     = null
}

variable "networks" {
  description = "Networks that exist, the first one with the default route."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "new_network" {
  description = "A network to be made for it."
  type        = object({ name = string, cidr = string })
  default     = null
}

variable "router" {
  description = "Whether the new network leads outside."
  type        = bool
  default     = false
  nullable    = false
}

variable "security_groups" {
  description = "Groups that exist."
  type        = list(string)
  default     = ["ssh-from-pipelines"]
  nullable    = false
}

variable "open_ports" {
  description = "Ports that a group of its own opens."
  type        = list(number)
  default     = []
  nullable    = false
}

variable "ssh_key_name" {
  description = "A key pair that exists."
  type        = string
  default     = null
}

variable "ssh_public_key" {
  description = "A public key of the developer's own."
  type        = string
  default     = null
}
