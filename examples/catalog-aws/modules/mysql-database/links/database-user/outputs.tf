output "username" {
  description = "Name of the user."
  value       = var.username
}

output "password" {
  description = "The user's password."
  value       = local.user.password
  sensitive   = true
}
