"""Finding and installing Terraform and OpenTofu."""
