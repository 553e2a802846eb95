"""Engines of compute: the only doors to the programs and clusters that run models."""
