output "username" {
  description = "Name of the user."
  value       = terraform_data.user.output.username
}

output "password" {
  description = "The user's password."
  value       = substr(sha256(terraform_data.password.triggers_replace), 0, 32)
  sensitive   = true
}
