# A user that exists in the state only: it shows what a run does, without a cloud.

terraform {
  required_version = ">= 1.5"
}

resource "terraform_data" "user" {
  input = {
    username = var.username
    access   = var.access
  }

  # Another name is another user, with a password of its own.
  triggers_replace = [var.username]
}

# A password without a further provider: drawn once, and marked so that no plan shows it.
resource "terraform_data" "password" {
  triggers_replace = sensitive(uuid())

  lifecycle {
    ignore_changes       = [triggers_replace]
    replace_triggered_by = [terraform_data.user.id]
  }
}
