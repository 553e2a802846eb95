"""Engines of the marketplace: the only door to the model registry."""
