terraform {
  required_providers {
    nullplatform = { source = "nullplatform/nullplatform" }
  }
}
provider "nullplatform" {}
# What the emulator is asked for by the vendor's own provider.
variable "release" {
  type    = string
  default = "1.0.0"
}

resource "nullplatform_service_specification" "queue" {
  name        = "Provider Queue"
  description = "Release ${var.release}"
  visible_to  = ["organization=4001"]
  attributes = jsonencode({
    schema = { type = "object", properties = { size = { type = "integer", editableOn = ["create"] } } }
    values = {}
  })
  use_default_actions = true
  selectors {
    category     = "Messaging"
    imported     = false
    provider     = "AWS"
    sub_category = "Queue"
  }
}
resource "nullplatform_link_specification" "reader" {
  name             = "Reader"
  unique           = false
  specification_id = nullplatform_service_specification.queue.id
  visible_to       = ["organization=4001"]
  attributes       = jsonencode({ schema = { type = "object", properties = {} }, values = {} })
  selectors {
    category     = "Messaging"
    imported     = false
    provider     = "AWS"
    sub_category = "Queue"
  }
}
resource "nullplatform_action_specification" "purge" {
  name                     = "Purge"
  type                     = "custom"
  service_specification_id = nullplatform_service_specification.queue.id
  parameters               = jsonencode({ schema = { type = "object", properties = {} }, values = {} })
  results                  = jsonencode({ schema = { type = "object", properties = {} }, values = {} })
}
resource "nullplatform_notification_channel" "ci" {
  nrn    = "organization=4001"
  type   = "github"
  source = ["service"]
  configuration {
    github {
      account         = "acme"
      reference       = "main"
      repository      = "services"
      workflow_id     = "purveyor.yml"
      installation_id = "1"
    }
  }
  filters = jsonencode({ "service.specification.slug" = nullplatform_service_specification.queue.slug })
}
resource "nullplatform_api_key" "runner" {
  name = "runner"
  grants {
    nrn       = "organization=4001"
    role_slug = "nullplatform:services-runner-terraform"
  }
}
resource "nullplatform_artifact" "catalog" {
  nrn  = "organization=4001"
  type = "git_repository"
  meta = jsonencode({ url = "https://example.com/catalog.git", reference = "1111111111111111111111111111111111111111" })
}
resource "nullplatform_package" "queue" {
  nrn     = "organization=4001"
  slug    = "provider-queue"
  name    = "Queue"
  version = var.release
  components {
    name                 = "spec"
    resource_type        = "service_specification"
    resource_id          = nullplatform_service_specification.queue.id
    resource_revision_id = nullplatform_service_specification.queue.last_snapshot_id
  }
  components {
    name                 = "source"
    resource_type        = "artifact"
    resource_id          = nullplatform_artifact.catalog.artifact_id
    resource_revision_id = nullplatform_artifact.catalog.id
  }
}
