"""Measurements: what is printed here is what the documentation may quote."""
