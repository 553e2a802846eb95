"""Keeps what the catalogue is listed from in step with what it tells of."""

import logging

from django.db import connection, transaction

from marketplace.catalog.index import Entry
from marketplace.catalog.models import AIModel

log = logging.getLogger(__name__)

MISTOLD = """
SELECT DISTINCT m.id FROM marketplace_aimodelgrouppermission g
JOIN marketplace_aimodel m ON m.id = g.content_object_id
JOIN auth_permission p ON p.id = g.permission_id
WHERE g.tells <> marketplace_tells(m.status, m.visibility, p.codename)
"""
ATTAINED = frozenset({"", "met", "missed", "quiet"})
OUT_OF_STEP = """
SELECT count(*) FROM (
  SELECT id, status = 'published', visibility = 'everyone', tenant_id, slug, task, framework,
    licence, stage, data_class, region, published_at,
    (SELECT amount / per * 1000 FROM tenants_price WHERE model_id = m.id AND valid_to IS NULL)
      ::numeric(24, 9)
  FROM marketplace_aimodel m WHERE status IN ('published', 'reference')
  EXCEPT
  SELECT model_id, served, everyone, tenant_id, slug, task, framework, licence, stage,
    data_class, region, published_at, cost
  FROM marketplace_entry
) AS missing
"""


def note_levels(levels: dict) -> int:
    """Keep {model id: met, missed, quiet or empty} for the facet; the number that changed."""
    changed = 0
    for word in ATTAINED:
        ids = [pk for pk, told in levels.items() if told == word]
        stale = Entry.objects.filter(pk__in=ids).exclude(attainment=word)
        changed += stale.update(attainment=word)
    return changed


@transaction.atomic
def compare_shelf() -> int:
    """Compare entries with models and prices, put right what differs; how many did.

    The database keeps them in step by itself, so a number above 0 is a fault worth a look.
    """
    with connection.cursor() as cursor:
        cursor.execute(OUT_OF_STEP)
        differing = cursor.fetchone()[0]
        cursor.execute("SELECT marketplace_shelve(NULL)")
    if differing:
        log.error("%s catalogue entries were out of step and were put right", differing)
    return differing


def compare_told() -> int:
    """Compare which permissions tell of models with the models, put right; rows that differed.

    The database moves both in one transaction, so one look at them finds no passing difference.
    """
    with connection.cursor() as cursor:
        cursor.execute(MISTOLD)
        models = [row[0] for row in cursor.fetchall()]
    differing = sum(_tell_anew(pk) for pk in models)
    if differing:
        log.error("%s permissions told of the wrong models and were put right", differing)
    return differing


@transaction.atomic
def _tell_anew(pk) -> int:
    AIModel._base_manager.select_for_update(no_key=True).filter(pk=pk).first()
    with connection.cursor() as cursor:
        cursor.execute("SELECT marketplace_tell(%s)", [pk])
        return cursor.fetchone()[0]
