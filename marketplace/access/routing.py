"""Addresses of live pages."""

live_urls: list = []
