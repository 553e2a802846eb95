#!/usr/bin/env python
"""The command line of the portal: every verb has --help."""

import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line

from portal.local.environment import adopt

if __name__ == "__main__":
    if os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings.local").endswith(".local"):
        adopt()
    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as wrong:
        sys.exit(f"Settings: {wrong}")
