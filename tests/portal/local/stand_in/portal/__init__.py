"""Stands in for the portal, so that the supervisor is tried without Django."""
