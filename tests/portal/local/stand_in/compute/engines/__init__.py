"""Stands in for the engines."""
