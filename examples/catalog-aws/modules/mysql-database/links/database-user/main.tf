# The user's credentials, kept in Secrets Manager. Creating the user inside MySQL is left to a
# program that can reach the database's network; it reads this secret. A user that is identified with
# AWSAuthenticationPlugin also logs in with the tokens that the action get-credentials issues.

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

data "aws_secretsmanager_random_password" "user" {
  password_length     = 32
  exclude_punctuation = true
}

# Another name is another secret, with a password of its own.
resource "aws_secretsmanager_secret" "user" {
  name_prefix             = "mysql-database/users/${var.username}-"
  description             = "Credentials of a database user"
  recovery_window_in_days = 0
  tags                    = { access = var.access }
}

resource "aws_secretsmanager_secret_version" "user" {
  secret_id = aws_secretsmanager_secret.user.id

  secret_string = jsonencode({
    username = var.username
    password = data.aws_secretsmanager_random_password.user.random_password
  })

  lifecycle {
    ignore_changes = [secret_string] # drawn once
  }
}

locals {
  user = jsondecode(aws_secretsmanager_secret_version.user.secret_string)
}
