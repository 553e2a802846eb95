"""The live page of a job: how it stands, how far its log goes, and the lines a page asks for."""

import json
import time
from datetime import timedelta
from uuid import UUID

from channels.db import database_sync_to_async
from django.template.loader import render_to_string
from django.utils import timezone

from compute.jobs.broadcast import LOG, group_of
from compute.jobs.logpanel import window
from compute.jobs.models import Job
from compute.jobs.picture import state_of
from compute.jobs.tailing import MOST_AT_ONCE, Tails, bounded
from portal.core import tenancy
from portal.web.live import RECHECK, LivePage, standing

TRUSTED_S = 10.0  # how long a look at whether somebody may read holds for lines
MOST_TEXT = 200
LOOK_EVERY_S = 5.0  # while the job goes on its clock, its bar and its cost move
A_WATCHER_S = 0.3  # as much longer for each who watches, so that a crowd costs no more
ENDING = timedelta(minutes=2)  # and for a while after it: the last lines are being read


class JobLive(LivePage):
    """`live/jobs/<id>/`.

    A hint that the job moved sends its state, read again as this person; so does a look of our
    own every `LOOK_EVERY_S`, or longer in a crowd, until it has ended, if it is another. A hint
    that its log has grown sends `{"log": n}`, nothing else; the page answers with `{"after": n}`
    when it is ready and gets the lines behind that. Who may read them is looked at again every
    `TRUSTED_S`.
    """

    tail = None
    reads = False
    looked_at = 0.0
    newest = 0
    told = 0

    @property
    def wanted(self) -> UUID:
        return self.scope["url_route"]["kwargs"]["pk"]

    def groups_of(self, user) -> list[str]:
        return [group_of(self.wanted)]

    async def connect(self):
        await super().connect()
        if self.ticking:
            self.tail = Tails.of_this_loop().attach(self, self.wanted, self.newest)
            await self._reached()

    async def disconnect(self, code):
        if self.tail:
            Tails.of_this_loop().detach(self, self.wanted)
        await super().disconnect(code)

    async def moved(self, event):
        if event["what"] == LOG:
            Tails.of_this_loop().hint(self.wanted)
        else:
            await super().moved(event)

    async def show(self, what: str = "") -> bool:
        """With the state goes how far the log is, should its own hint have been lost."""
        stays = await super().show(what)
        if stays and self.tail:
            await self._reached()
        return stays

    async def _reached(self) -> None:
        if self.newest > self.tail.last:
            Tails.of_this_loop().hint(self.wanted)
        await self.grown(max(self.newest, self.tail.last))

    async def grown(self, last: int) -> None:
        """The log goes up to `last` now."""
        if self.reads and last > self.told:
            self.told = last
            await self.send(text_data=json.dumps({"log": last}))

    async def receive(self, text_data=None, bytes_data=None):
        """`{"after": n}`: the page has the log up to `n` and wants what follows."""
        after = _asked(text_data)
        if after is None or not await self._may_read():
            return
        lines = self.tail.after(after) if self.tail else None
        if lines is None:
            answer = await database_sync_to_async(self._lines)(after)
        else:
            part = bounded(lines)
            last = part[-1].n if len(part) < len(lines) else max(after, self.tail.last)
            answer = {"html": "".join(line.html for line in part), "after": after, "last": last}
        await self.send(text_data=json.dumps({"lines": answer}))

    def look(self, user, what: str) -> str | None:
        seen = Job.objects.visible_to(user).to_show().with_rights(user)
        job = seen.filter(pk=self.wanted).first()
        if job is None:
            return None
        self.newest = job.last_line
        going = not job.ended or (job.ended_at and timezone.now() - job.ended_at < ENDING)
        self.recheck = self._pause() if going else RECHECK
        self._note(job.may_read)
        return render_to_string("compute/jobs/_state.html", state_of(job, user) | {"live": True})

    def _pause(self) -> float:
        crowd = len(self.tail.watchers) if self.tail else 0
        return min(RECHECK, max(LOOK_EVERY_S, crowd * A_WATCHER_S))

    def _note(self, reads: bool) -> None:
        self.reads = reads
        self.looked_at = time.monotonic()

    async def _may_read(self) -> bool:
        if time.monotonic() - self.looked_at > TRUSTED_S:
            code = await database_sync_to_async(self._look_again)()
            if code:
                await self.close(code=code)
                return False
        return self.reads

    def _look_again(self) -> int:
        code, user = standing(self.scope)
        if not code:
            with tenancy.acting_as(user):
                self._note(Job.objects.readable_by(user).filter(pk=self.wanted).exists())
        return code

    def _lines(self, after: int) -> dict:
        """Behind a number that is not kept in memory: the newest lines where it is far behind."""
        _, user = standing(self.scope)
        with tenancy.acting_as(user):
            job = Job.objects.readable_by(user).get(pk=self.wanted)
            far = job.last_line - after > MOST_AT_ONCE
            found = window(job) if far else window(job, after=after)
        start = found.first - 1 if far else after
        return {"html": found.html, "after": start, "last": max(found.last, after)}


def _asked(text: str | None) -> int | None:
    try:
        after = json.loads((text or "")[:MOST_TEXT])["after"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    return after if type(after) is int and 0 <= after < 2**53 else None
