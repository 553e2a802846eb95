"""Stands in for the services of a real installation on one machine; knows no Django."""
