"""The least and the most that a job may ask for: the same for forms, programs and services."""

from decimal import Decimal

LEAST_CPU, MOST_CPU = Decimal("0.05"), 1024
LEAST_MEMORY_GB, MOST_MEMORY_GB = Decimal("0.07"), 16_384
MOST_GPUS, MOST_GPU_MEMORY_GB = 64, 1024  # of one node, of one GPU
MOST_RETRIES = 10
MOST_SERIES = 500  # jobs that are submitted at once
