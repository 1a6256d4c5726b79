# A small stand-in for a machine: a folder on this one, reached without SSH.
variable "folder" {
  description = "Where machines lie."
  type        = string
}

variable "service_id" {
  description = "Given by Purveyor."
  type        = string
}

resource "terraform_data" "machine" {
  input = "${var.folder}/${var.service_id}"

  provisioner "local-exec" {
    command = "mkdir -p '${self.output}'"
  }

  provisioner "local-exec" {
    when    = destroy
    command = "rm -rf '${self.output}'"
  }
}

output "hosts" {
  description = "The machine by its name, with what Ansible has to know of it."
  value = {
    machine = {
      ansible_connection         = "local"
      ansible_python_interpreter = "{{ ansible_playbook_python }}"
      root                       = terraform_data.machine.output
    }
  }
}
