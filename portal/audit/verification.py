"""Reading the whole trail again: is every line as it was written, and what is missing."""

from dataclasses import dataclass, field

from django.db import connection

from portal.audit.models import Event
from portal.audit.services import genuine

CHUNK = 5000
AT_MOST = 1000  # findings of one kind; more of them say nothing new
COPIES = """
SELECT writer, wseq, count(*) FROM portal_event
GROUP BY writer, wseq HAVING count(*) > 1 ORDER BY writer, wseq LIMIT %s
"""
HOLES = """
SELECT writer, before + 1, wseq - 1 FROM (
  SELECT writer, wseq, lag(wseq, 1, 0::bigint) OVER (PARTITION BY writer ORDER BY wseq) AS before
  FROM portal_event
) AS lines WHERE wseq > before + 1 ORDER BY writer, wseq LIMIT %s
"""
AHEAD = """
SELECT xid::text || '-' || id FROM portal_event
WHERE xid >= pg_snapshot_xmax(pg_current_snapshot()) ORDER BY xid, id LIMIT %s
"""


@dataclass
class Report:
    """What was found. `edited`, `copied` and `ahead` are alarms; `holes` are not.

    A hole is (writer, first, last): lines that a writer numbered and that are not there. A
    transaction that was rolled back leaves one, and so does a line that was deleted.
    """

    lines: int = 0
    writers: int = 0
    edited: list[str] = field(default_factory=list)
    copied: list[tuple[str, int, int]] = field(default_factory=list)
    ahead: list[str] = field(default_factory=list)
    holes: list[tuple[str, int, int]] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        return not (self.edited or self.copied or self.ahead)


def verify() -> Report:
    """Check every seal and every writer's count, within a transaction that reaches all rows."""
    report = Report()
    writers = set()
    for event in Event.objects.oldest_first().iterator(chunk_size=CHUNK):
        report.lines += 1
        writers.add(event.writer)
        if not genuine(event) and len(report.edited) < AT_MOST:
            report.edited.append(event.reference)
    report.writers = len(writers)
    with connection.cursor() as cursor:
        report.copied = _ask(cursor, COPIES)
        report.holes = _ask(cursor, HOLES)
        report.ahead = [row[0] for row in _ask(cursor, AHEAD)]
    return report


def _ask(cursor, question: str) -> list[tuple]:
    cursor.execute(question, [AT_MOST])
    return cursor.fetchall()
