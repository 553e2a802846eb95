"""Stands in for what runs."""
