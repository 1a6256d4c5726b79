"""Carries out steps with Ansible."""

from purveyor.engines.ansible.engine import AnsibleEngine

__all__ = ["AnsibleEngine"]
