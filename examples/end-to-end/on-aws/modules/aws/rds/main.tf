# A MySQL server of RDS.
terraform {
  required_providers {
    aws = { source = "hashicorp/aws", version = "~> 5.0" }
  }
}

variable "name" {
  description = "The server's name; another name is another server."
  type        = string
}

variable "engine_version" {
  type = string
}

variable "storage_gb" {
  type = number
}

variable "region" {
  type = string
}

# A platform-wide default: change it here, and every database gets it with its next update.
variable "backup_days" {
  description = "How many days backups are kept."
  type        = number
  default     = 7
}

data "aws_secretsmanager_random_password" "admin" {
  password_length     = 32
  exclude_punctuation = true
}

# Drawn once; from then on the secret is the one place where the password lives.
resource "aws_secretsmanager_secret" "admin" {
  name_prefix             = "${var.name}-admin-"
  recovery_window_in_days = 0
}

resource "aws_secretsmanager_secret_version" "admin" {
  secret_id     = aws_secretsmanager_secret.admin.id
  secret_string = data.aws_secretsmanager_random_password.admin.random_password

  lifecycle {
    ignore_changes = [secret_string]
  }
}

resource "aws_db_instance" "instance" {
  identifier                = var.name
  engine                    = "mysql"
  engine_version            = var.engine_version
  instance_class            = "db.t4g.micro"
  username                  = "admin"
  password                  = aws_secretsmanager_secret_version.admin.secret_string
  allocated_storage         = var.storage_gb
  storage_type              = "gp3"
  storage_encrypted         = true
  backup_retention_period   = var.backup_days
  apply_immediately         = true
  skip_final_snapshot       = false
  final_snapshot_identifier = "${var.name}-final"
}

output "id" {
  value = aws_db_instance.instance.identifier
}

output "address" {
  value = aws_db_instance.instance.address
}

output "port" {
  value = aws_db_instance.instance.port
}

output "password" {
  value     = aws_secretsmanager_secret_version.admin.secret_string
  sensitive = true
}
