"""The Celery application: lanes, routing and what happens by the clock."""

import os

from celery import Celery
from celery.schedules import crontab
from celery.signals import task_prerun
from django.db import close_old_connections

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings.local")
app = Celery("portal")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.task_routes = {
    "catalog.*": {"queue": "engine"},
    "endpoints.*": {"queue": "engine"},
    "jobs.drop_old_logs": {"queue": "period"},
    "jobs.*": {"queue": "engine"},
    "capacity.*": {"queue": "engine"},
    "chargeback.close_*": {"queue": "period"},
    "imports.work": {"queue": "period"},
}
app.conf.beat_schedule = {
    "catalog.follow_registry": {"task": "catalog.follow_registry", "schedule": 4.0},
    "catalog.compare_shelf": {
        "task": "catalog.compare_shelf",
        "schedule": crontab(hour=2, minute=40),
    },
    "endpoints.sweep": {"task": "endpoints.sweep", "schedule": 5.0},
    "jobs.drop_old_logs": {
        "task": "jobs.drop_old_logs",
        "schedule": crontab(hour=3, minute=20),
    },
    "jobs.sweep": {"task": "jobs.sweep", "schedule": 10.0},
    "jobs.sweep_pipelines": {"task": "jobs.sweep_pipelines", "schedule": 10.0},
    "jobs.refresh_estimates": {"task": "jobs.refresh_estimates", "schedule": 20.0},
    "jobs.reclaim_idle": {"task": "jobs.reclaim_idle", "schedule": 30.0},
    "capacity.look": {"task": "capacity.look", "schedule": 15.0},
    "access.sweep": {"task": "access.sweep", "schedule": 10.0},
    "access.compare_index": {
        "task": "access.compare_index",
        "schedule": crontab(hour=2, minute=10),
    },
    "service_levels.measure": {"task": "service_levels.measure", "schedule": 60.0},
    "imports.sweep": {"task": "imports.sweep", "schedule": 30.0},
    "notices.sweep": {"task": "notices.sweep", "schedule": 10.0},
    "chargeback.sweep": {"task": "chargeback.sweep", "schedule": 30.0},
    "chargeback.keep_partitions": {"task": "chargeback.keep_partitions", "schedule": 3600.0},
}
app.autodiscover_tasks()


@task_prerun.connect
def begin_afresh(**kwargs) -> None:
    """A connection that broke meanwhile is not used again."""
    close_old_connections()
