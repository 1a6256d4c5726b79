"""Specifications of the platform, made from modules and compared with them."""
