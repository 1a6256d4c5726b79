terraform {
  required_version = ">= 1.5"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.0"
    }
  }
}

provider "aws" {
  region = var.region
}

data "aws_secretsmanager_random_password" "admin" {
  password_length     = 32
  exclude_punctuation = true
}

# Drawn once; from then on the secret is the one place where the password lives.
resource "aws_secretsmanager_secret" "admin" {
  name_prefix             = "mysql-database/${var.database_name}/admin-"
  description             = "Administrator's password of a database"
  recovery_window_in_days = 0
}

resource "aws_secretsmanager_secret_version" "admin" {
  secret_id     = aws_secretsmanager_secret.admin.id
  secret_string = data.aws_secretsmanager_random_password.admin.random_password

  lifecycle {
    ignore_changes = [secret_string]
  }
}

locals {
  # RDS knows no underscores in an instance's name, and no two instances of one name.
  identifier = "${replace(var.database_name, "_", "-")}-${substr(sha256(var.service_id), 0, 8)}"
}

resource "aws_db_instance" "main" {
  identifier              = local.identifier
  engine                  = "mysql"
  engine_version          = var.engine_version
  instance_class          = "db.t4g.micro"
  db_name                 = var.database_name
  username                = "admin"
  password                = aws_secretsmanager_secret_version.admin.secret_string
  allocated_storage       = var.storage_gb
  storage_type            = "gp3"
  storage_encrypted       = true
  backup_retention_period = var.backups.enabled ? var.backups.retention_days : 0
  apply_immediately       = true

  iam_database_authentication_enabled = true # for logins that end

  # A last copy is kept when the service is deleted.
  skip_final_snapshot       = false
  final_snapshot_identifier = "${local.identifier}-final"
}
