"""Storing what was read of logs: numbered without a gap, with how far each pod is read.

One statement takes pieces of many pods at once. It changes a run only where the run is read as
far as the writer believes and the writer still leads, and numbers the lines of a job by adding
to its `last_line`, whose row is locked by that. So two writers never store a line twice, and a
crash loses nothing: the next one follows from the stored mark.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from django.db import connection

from compute.engines.jobs import LogPiece
from compute.jobs.leasing import HELD, KEEPING, NotLeading
from compute.jobs.logs.cleaning import clean, last_mark
from compute.jobs.logs.telling import told
from compute.jobs.models import Run
from portal.core import tenancy

MOST_LINES = 1_000_000
HEAD = 100_000  # of those, how many are the first ones
STEP = 10_000  # lines beyond, at which the middle is dropped again
PATIENCE = "15s"  # a writer that stops in the middle of a transaction is put out of the way

STORE = f"""
WITH moved AS (
    UPDATE compute_run run SET log_mark = batch.mark
    FROM unnest(%(runs)s::uuid[], %(befores)s::text[], %(marks)s::text[]) batch(id, before, mark)
    WHERE run.id = batch.id AND run.log_mark = batch.before AND run.log_read_at IS NULL AND {HELD}
    RETURNING run.id, run.job_id, run.tenant_id
), piece AS (
    SELECT moved.job_id, moved.tenant_id, line.*,
        row_number() OVER (PARTITION BY moved.job_id ORDER BY line.place) AS step
    FROM unnest(%(run_of)s::uuid[], %(at)s::timestamptz[], %(stream)s::text[],
        %(redraw)s::boolean[], %(text)s::text[])
        WITH ORDINALITY line(run_id, at, stream, redraw, text, place)
    JOIN moved ON moved.id = line.run_id
), grown AS (
    UPDATE compute_job job SET last_line = job.last_line + fresh.lines
    FROM (SELECT job_id, count(*) AS lines FROM piece GROUP BY job_id) fresh
    WHERE job.id = fresh.job_id
    RETURNING job.id, job.last_line, fresh.lines
), written AS (
    INSERT INTO compute_logline (job_id, n, tenant_id, run_id, at, stream, redraw, text)
    SELECT piece.job_id, grown.last_line - grown.lines + piece.step, piece.tenant_id,
        piece.run_id, piece.at, piece.stream, piece.redraw, piece.text
    FROM piece JOIN grown ON grown.id = piece.job_id
)
SELECT moved.id, grown.id, grown.last_line, grown.lines
FROM moved JOIN grown ON grown.id = moved.job_id
"""  # noqa: S608 - the condition is a constant of ours
TELL = f"""
UPDATE compute_job job SET
    checkpointed_at = greatest(job.checkpointed_at, news.checkpointed_at),
    progress = coalesce(news.progress, job.progress),
    progress_words = CASE WHEN news.progress IS NULL THEN job.progress_words ELSE news.words END
FROM unnest(%(jobs)s::uuid[], %(at)s::timestamptz[], %(progress)s::float8[], %(words)s::text[])
    news(id, checkpointed_at, progress, words)
WHERE job.id = news.id AND {HELD}
"""  # noqa: S608
THIN = "DELETE FROM compute_logline WHERE job_id = %s AND n > %s AND n <= %s"


@dataclass(frozen=True)
class Batch:
    """Pieces of one run, and the mark behind which they were read."""

    run_id: UUID
    before: str
    pieces: Sequence[LogPiece] = field(repr=False)


@dataclass(frozen=True)
class Stored:
    """What came of a batch: its job, the number of the job's newest line now, and whether its
    program told how far it is."""

    job_id: UUID
    last_line: int
    told: bool = False


def store(run: Run, pieces: Sequence[LogPiece], *, token: int) -> int:
    """Store what was read of one run behind its mark; the number of the job's newest line.

    Raises `NotLeading` if another writer took over or has stored behind that mark already.
    """
    if not pieces:
        return run.job.last_line
    done = store_all([Batch(run.pk, run.log_mark, pieces)], token=token)
    run.log_mark = last_mark(pieces)
    return done[run.pk].last_line


def store_all(batches: Iterable[Batch], *, token: int, duty: str = KEEPING) -> dict[UUID, Stored]:
    """Store batches of different runs in one transaction; what became of each, by run.

    Raises `NotLeading` when any of them was not as the writer believes; then nothing is stored.
    """
    wanted = [batch for batch in batches if batch.pieces]
    lease = {"duty": duty, "token": token}
    if not wanted:
        return {}
    with tenancy.as_system(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('idle_in_transaction_session_timeout', %s, true)", [PATIENCE]
        )
        kept = {batch.run_id: clean(batch.pieces) for batch in wanted}
        cursor.execute(STORE, _columns(wanted, kept) | lease)
        rows = cursor.fetchall()
        if len(rows) != len(wanted):
            raise NotLeading("Another process reads these logs now.")
        job_of = {run: job for run, job, _, _ in rows}
        told_of = _tell(cursor, job_of, wanted, lease)
        stored = {run: Stored(job, last, job in told_of) for run, job, last, _ in rows}
        for job, last, lines in {row[1:] for row in rows}:
            _thin(cursor, job, last, lines)
    return stored


def _columns(batches: list[Batch], kept: dict[UUID, list[LogPiece]]) -> dict:
    """The batches as one array for each column."""
    lines = [(batch.run_id, piece) for batch in batches for piece in kept[batch.run_id]]
    return {
        "runs": [batch.run_id for batch in batches],
        "befores": [batch.before for batch in batches],
        "marks": [last_mark(batch.pieces) for batch in batches],
        "run_of": [run for run, _ in lines],
        "at": [piece.at for _, piece in lines],
        "stream": [piece.stream for _, piece in lines],
        "redraw": [piece.redraw for _, piece in lines],
        "text": [piece.text for _, piece in lines],
    }


def _tell(cursor, job_of: dict[UUID, UUID], batches: list[Batch], lease: dict) -> set[UUID]:
    """Write down what programs told of themselves; the jobs of which one did."""
    news: dict[UUID, list[LogPiece]] = defaultdict(list)
    for batch in batches:
        news[job_of[batch.run_id]] += batch.pieces
    said = {job: found for job, pieces in news.items() if (found := told(pieces))}
    if said:
        columns = {
            "jobs": list(said),
            "at": [one.checkpointed_at for one in said.values()],
            "progress": [one.progress for one in said.values()],
            "words": [one.words for one in said.values()],
        }
        cursor.execute(TELL, columns | lease)
    return set(said)


def _thin(cursor, job_id: UUID, last: int, lines: int) -> None:
    """Of a log that is too long its head and its tail stay; the numbers tell where the gap is."""
    beyond = last - MOST_LINES
    if beyond > 0 and beyond // STEP != (beyond - lines) // STEP:
        cursor.execute(THIN, [job_id, HEAD, last - (MOST_LINES - HEAD)])
