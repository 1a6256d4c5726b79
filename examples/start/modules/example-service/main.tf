# An example that needs no provider: put a module of your own in its place.
variable "title" {
  description = "What stands at the top."
  type        = string
  nullable    = false
}

variable "capacity" {
  description = "How many messages it keeps."
  type        = number
  default     = 100
  nullable    = false
}

resource "terraform_data" "board" {
  input = { title = var.title, capacity = var.capacity }
}

output "address" {
  description = "Where it is found."
  value       = "https://boards.example.com/${terraform_data.board.id}"
}
