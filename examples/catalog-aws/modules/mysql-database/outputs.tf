output "endpoint" {
  description = "Host name of the database."
  value       = aws_db_instance.main.address
}

output "port" {
  description = "Its port."
  value       = aws_db_instance.main.port
}

output "password" {
  description = "The administrator's password."
  value       = aws_secretsmanager_secret_version.admin.secret_string
  sensitive   = true
}
