"""Stands in for the gateway."""
