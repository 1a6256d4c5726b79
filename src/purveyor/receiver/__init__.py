"""Receives the platform's notifications over HTTP, and has each of them carried out."""
