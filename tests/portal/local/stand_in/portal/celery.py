"""A worker and a clock on the broker that they are given."""

import os

import celery

app = celery.Celery("stand-in", broker=os.environ["REDIS_URL"])
app.conf.task_default_queue = "quick"
