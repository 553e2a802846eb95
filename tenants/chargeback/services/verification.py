"""Does the ledger hold? Every invariant that can be asked of the rows themselves."""

from django.db import connection

from portal.core import tenancy
from tenants.chargeback import upward
from tenants.chargeback.models import Statement
from tenants.chargeback.services.statements import digest_of

SHOWN = 20
CHECKS = (
    (
        "Transaction {0} does not sum to zero in {1}: {2} nano-units are left.",
        """
        SELECT transaction, currency, sum(nano) FROM tenants_posting
        GROUP BY transaction, currency HAVING sum(nano) <> 0
        """,
    ),
    (
        "Call {0} cost {1} nano-units, and the ledger holds {2} in {3} lines for it.",
        """
        SELECT c.id, c.amount_nano, coalesce(sum(p.nano) FILTER (WHERE p.account = 'usage'), 0),
          count(p.transaction)
        FROM tenants_call c
        LEFT JOIN tenants_posting p ON p.transaction = c.id AND p.cause = 'call'
          AND p.tenant_id = CASE p.line WHEN 1 THEN c.tenant_id ELSE c.provider_id END
          AND p.currency = c.currency AND p.account = CASE p.line WHEN 1 THEN 'usage'
          ELSE 'revenue' END
        WHERE c.ended_as IN ('settled', 'estimated') AND c.amount_nano > 0
        GROUP BY c.id, c.amount_nano
        HAVING count(p.transaction) <> 2
          OR sum(p.nano) FILTER (WHERE p.account = 'usage') <> c.amount_nano
        """,
    ),
    (
        "Transaction {0} bills a call that was not answered, or does not exist.",
        """
        SELECT DISTINCT p.transaction FROM tenants_posting p
        LEFT JOIN tenants_call c ON c.id = p.transaction
        WHERE p.cause = 'call' AND (c.id IS NULL OR c.ended_as IS NULL
          OR c.ended_as = 'voided' OR c.amount_nano <= 0)
        """,
    ),
    (
        "Entry {0} corrects {1}, which the ledger does not hold.",
        """
        SELECT p.transaction, p.corrects FROM tenants_posting p
        WHERE p.cause IN ('correction', 'refund') AND p.account = 'usage' AND NOT EXISTS (
          SELECT 1 FROM tenants_posting o WHERE o.transaction = p.corrects
          AND o.cause = CASE p.cause WHEN 'refund' THEN 'job' ELSE o.cause END
          AND o.cause IN ('call', 'job'))
        """,
    ),
    (
        "Run {0} has {1} lines in the ledger, and {2} nano-units in usage.",
        """
        SELECT transaction, count(*), coalesce(sum(nano) FILTER (WHERE account = 'usage'), 0)
        FROM tenants_posting WHERE cause = 'job' GROUP BY transaction
        HAVING count(*) <> 2 OR coalesce(sum(nano) FILTER (WHERE account = 'usage'), 0) <= 0
        """,
    ),
    (
        "{0} cost {1} nano-units, and {2} of it were given back.",
        """
        SELECT o.transaction, o.nano, -sum(p.nano) FROM tenants_posting o
        JOIN tenants_posting p ON p.corrects = o.transaction AND p.account = 'usage'
          AND p.tenant_id = o.tenant_id
        WHERE o.account = 'usage' AND o.cause IN ('call', 'job')
        GROUP BY o.transaction, o.nano HAVING o.nano + sum(p.nano) < 0
        """,
    ),
    (
        "Statement {0} ({1}) says {2}, and the ledger of its month says {3} nano-units.",
        """
        SELECT t.slug, s.period, s.total_nano, coalesce(sum(p.nano), 0)
        FROM tenants_statement s JOIN tenants_tenant t ON t.id = s.tenant_id
        LEFT JOIN tenants_posting p ON p.tenant_id = s.tenant_id AND p.period = s.period
          AND p.account = 'usage' AND p.currency = s.currency
        WHERE s.status = 'closed'
        GROUP BY s.id, t.slug, s.period, s.total_nano
        HAVING s.total_nano IS DISTINCT FROM coalesce(sum(p.nano), 0)
        """,
    ),
)


def verify_ledger() -> list[str]:
    """What is wrong, in words; empty when all holds. At most 20 findings of each kind."""
    with tenancy.as_system():
        found = [said for words, sql in CHECKS for said in _ask(words, sql)]
        return found + _frozen() + upward.sources.amiss()


def _ask(words: str, sql: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(f"{sql} LIMIT {SHOWN}")
        return [words.format(*row) for row in cursor.fetchall()]


def _frozen() -> list[str]:
    """Closed statements whose lines are no longer those that were certified."""
    wrong = []
    closed = Statement.objects.filter(status="closed").select_related("tenant")
    for statement in closed.iterator(chunk_size=200):
        same = statement.certificate.get("digest") == digest_of(statement.lines)
        total = sum(line["nano"] for line in statement.lines)
        if not same or total != statement.total_nano:
            wrong.append(f"The lines of {statement} are not those that were closed.")
    return wrong
