"""Open pages, each with its socket, that note when a line reached them; a program of its own.

Reads `{url, cookie, paths, naive, seconds}` as JSON from its input, says "ready" once all are
open, and in the end the delays in ms as JSON. A line tells in its text when it was printed.
"""

import asyncio
import json
import re
import sys
import time

import aiohttp

PRINTED = re.compile(r"@(\d+\.\d+)")
PAUSE = 0.08  # seconds between two questions of a page, as in static/js/joblog.js


class Page:
    """One page; `naive` ones are sent each line, others ask when they hear of news."""

    def __init__(self, naive: bool):
        self.naive, self.delays, self.last, self.newest, self.asks = naive, [], 0, 0, False
        self.opened = asyncio.Event()

    async def watch(self, session, url: str) -> None:
        """Until the socket ends or this is cancelled."""
        async with session.ws_connect(url, max_msg_size=0) as socket:
            if self.naive:
                self.opened.set()
            async for message in socket:
                await self.hear(socket, message.data)

    async def hear(self, socket, text: str) -> None:
        if self.naive:
            return self.note(text)
        if text.lstrip().startswith("<"):
            self.opened.set()  # the state of the job: from now on this page is a page
            return None
        said = json.loads(text)
        self.newest = max(self.newest, said.get("log", 0))
        if lines := said.get("lines"):
            self.note(lines["html"])
            self.last = lines["last"]
            await asyncio.sleep(PAUSE)
            self.asks = False
        if self.newest > self.last and not self.asks:
            self.asks = True
            await socket.send_str(json.dumps({"after": self.last}))
        return None

    def note(self, text: str) -> None:
        now = time.time()
        self.delays += [(now - float(at)) * 1000 for at in PRINTED.findall(text)]


async def main(asked: dict) -> None:
    headers = {"Cookie": f"sessionid={asked['cookie']}", "Origin": asked["url"]}
    line = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(headers=headers, connector=line) as session:
        pages = [Page(asked["naive"]) for _ in asked["paths"]]
        tasks = [
            asyncio.create_task(page.watch(session, asked["url"] + path))
            for page, path in zip(pages, asked["paths"], strict=True)
        ]
        await asyncio.wait_for(asyncio.gather(*(page.opened.wait() for page in pages)), 300)
        print("ready", flush=True)
        await asyncio.sleep(asked["seconds"])
        for task in tasks:
            task.cancel()
    print(json.dumps([round(delay, 2) for page in pages for delay in page.delays]))


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.stdin.readline())))
