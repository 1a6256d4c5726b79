output "endpoint" {
  description = "Host name of the database."
  value       = "${terraform_data.database.output.name}.mysql.${var.region}.example.com"
}

output "port" {
  description = "Its port."
  value       = 3306
}

output "password" {
  description = "The administrator's password."
  value       = substr(sha256(terraform_data.password.triggers_replace), 0, 32)
  sensitive   = true
}
