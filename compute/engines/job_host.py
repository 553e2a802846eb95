"""The job host as a program: its control interface, its start and its end."""

import asyncio
import json
import os
import sys
import time
from contextlib import suppress
from typing import Any

from aiohttp import web

from compute.engines import hosting, job_log, job_wire
from compute.engines.hosting import WrongSettings
from compute.engines.job_attempts import Attempt
from compute.engines.job_hosting import JobHost, Settings, Taken
from compute.engines.job_pods import moment
from compute.engines.job_queue import guaranteed
from compute.engines.jobs import EngineRefused

MAX_BODY = 512 * 1024
HEARTBEAT = 1.0
LOOK_EVERY = 0.05
NOBODY = "Nobody ordered a job of this name."

HOST = web.AppKey("host", JobHost)


async def healthz(request: web.Request) -> web.Response:
    """`GET /healthz`."""
    return web.json_response({"ok": True, "jobs": len(request.app[HOST].attempts())})


async def listing(request: web.Request) -> web.Response:
    """`GET /jobs`."""
    host = request.app[HOST]
    there = {one.order.name: one.order.uid for one in host.attempts()}
    return web.json_response({"jobs": there})


async def order(request: web.Request) -> web.Response:
    """`PUT /jobs/{name}` with a JobOrder as JSON."""
    host = request.app[HOST]
    content = hosting.content_of(await request.read())
    wanted = job_wire.order_from(request.match_info["name"], content)
    if host.closing:
        return hosting.error(503, "The job host is stopping.")
    try:
        return _told(host, host.order(wanted))
    except Taken:
        return hosting.error(409, f"The name {wanted.name} is taken by another order.")


async def look(request: web.Request) -> web.Response:
    """`GET /jobs/{name}`."""
    return _told(request.app[HOST], _attempt(request))


async def stop(request: web.Request) -> web.Response:
    """`POST /jobs/{name}/stop`."""
    attempt = _attempt(request)
    request.app[HOST].stop(attempt)
    return _told(request.app[HOST], attempt)


async def release(request: web.Request) -> web.Response:
    """`POST /jobs/{name}/release` with `{"pods": [uid, ...]}`."""
    attempt, content = _attempt(request), hosting.content_of(await request.read())
    pods = content.get("pods") if isinstance(content, dict) else None
    if not isinstance(pods, list) or not all(isinstance(uid, str) for uid in pods):
        raise EngineRefused("A release names its pods.")
    attempt.release(pods)
    request.app[HOST].wake()
    return _told(request.app[HOST], attempt)


async def prioritise(request: web.Request) -> web.Response:
    """`PUT /jobs/{name}/priority` with `{"priority": name}`."""
    attempt, content = _attempt(request), hosting.content_of(await request.read())
    if not isinstance(content, dict) or not isinstance(content.get("priority"), str):
        raise EngineRefused("A priority is a name.")
    request.app[HOST].prioritise(attempt, content["priority"])
    return _told(request.app[HOST], attempt)


async def forget(request: web.Request) -> web.Response:
    """`DELETE /jobs/{name}`."""
    request.app[HOST].forget(_attempt(request))
    return web.json_response({"forgotten": request.match_info["name"]})


async def node(request: web.Request) -> web.Response:
    """`GET /nodes`."""
    return web.json_response({"nodes": [job_wire.node_as_dict(request.app[HOST].node())]})


async def fleet(request: web.Request) -> web.Response:
    """`GET /fleet`: how this machine is shared."""
    return web.json_response(request.app[HOST].fleet)


async def share(request: web.Request) -> web.Response:
    """`PUT /fleet`: weights, guarantees and priorities by name, products by flavour."""
    content = hosting.content_of(await request.read())
    request.app[HOST].share(_shares(content))
    return web.json_response(content)


async def watch(request: web.Request) -> web.StreamResponse:
    """`GET /watch`: a name a line as attempts move; empty names are signs of life."""
    host, answer = request.app[HOST], await _stream(request)
    queue = host.watch()
    try:
        await _say(answer, "")
        while not host.closing:
            name = ""
            with suppress(TimeoutError):
                name = await asyncio.wait_for(queue.get(), HEARTBEAT)
            await _say(answer, name)
    except ConnectionError:
        pass
    finally:
        host.unwatch(queue)
    return answer


async def log(request: web.Request) -> web.StreamResponse:
    """`GET /jobs/{name}/pods/{pod}/log?after=MARK`: lists of lines; `null` when that was all."""
    host, pod = request.app[HOST], _attempt(request).pod(request.match_info["pod"])
    if pod is None:
        raise EngineRefused("There is no log of this pod.")
    at = _place(request.query.get("after", ""))
    _read(pod, at)
    answer, said = await _stream(request), time.monotonic()
    with suppress(ConnectionError):
        while not host.closing:
            pod.look()
            over, rows = pod.end is not None, _read(pod, at)
            if rows:
                at = rows[-1][0]
            if rows or time.monotonic() - said > HEARTBEAT:
                said = time.monotonic()
                await _say(answer, rows)
            elif over:
                await _say(answer, None)
                break
            if not rows:
                await asyncio.sleep(LOOK_EVERY)
    return answer


def build(host: JobHost) -> web.Application:
    """The control interface."""
    guard = hosting.guard(host.settings.token)
    app = web.Application(middlewares=[guard], client_max_size=MAX_BODY)
    app[HOST] = host
    app.router.add_get("/healthz", healthz)
    app.router.add_get("/nodes", node)
    app.router.add_get("/fleet", fleet)
    app.router.add_put("/fleet", share)
    app.router.add_get("/watch", watch)
    app.router.add_get("/jobs", listing)
    app.router.add_get("/jobs/{name}", look)
    app.router.add_put("/jobs/{name}", order)
    app.router.add_delete("/jobs/{name}", forget)
    app.router.add_post("/jobs/{name}/stop", stop)
    app.router.add_post("/jobs/{name}/release", release)
    app.router.add_put("/jobs/{name}/priority", prioritise)
    app.router.add_get("/jobs/{name}/pods/{pod}/log", log)
    return app


async def run(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT."""
    host = JobHost(settings)
    host.take_up()
    runner = await hosting.opened(build(host), settings.host, settings.port)
    stopping = hosting.asked_to_stop()
    keeping = asyncio.create_task(host.keep())
    print(f"Job host ready on port {settings.port}.", flush=True)
    await stopping.wait()
    keeping.cancel()
    await host.close()
    await runner.cleanup()


def main() -> int:
    """Read the settings, lock the folder, run."""
    os.umask(0o077)
    try:
        settings = Settings.read(dict(os.environ))
        lock = hosting.lock_folder(settings.folder, "job-host")
        hosting.hide_memory()
        with lock:
            asyncio.run(run(settings))
    except WrongSettings as wrong:
        print(wrong, file=sys.stderr)
        return 2
    return 0


def _attempt(request: web.Request) -> Attempt:
    attempt = request.app[HOST].get(request.match_info["name"])
    if attempt is None:
        raise web.HTTPNotFound(reason=NOBODY.rstrip("."))
    return attempt


def _told(host: JobHost, attempt: Attempt) -> web.Response:
    return web.json_response(job_wire.sighting_as_dict(host.sighting(attempt)))


def _place(text: str) -> int:
    if text and not (text.isascii() and text.isdigit() and len(text) < 16):
        raise EngineRefused("This is no mark of a log.")
    return int(text or 0)


def _read(pod, at: int) -> list[list]:
    try:
        found = job_log.read(pod.log, at)
    except ValueError:
        raise EngineRefused("This is no mark of this log.") from None
    return [[place, moment(row[0]).isoformat(), *row[1:]] for place, row in found]


def _shares(content: Any) -> dict[str, Any]:
    """What `job_wire.shares_of` makes, and nothing else."""
    parts = ("weights", "guaranteed", "priorities", "flavours")
    if not isinstance(content, dict) or set(content) != set(parts):
        raise EngineRefused(f"How to share is an object with {', '.join(parts)}.")
    if not all(isinstance(content[part], dict) for part in parts):
        raise EngineRefused("Weights, guarantees, priorities and flavours are objects.")
    try:
        sane = all(float(weight) > 0 for weight in content["weights"].values())
        sane &= all(amount >= 0 for own in guaranteed(content).values() for amount in own.values())
    except (AttributeError, ArithmeticError, TypeError, ValueError):
        sane = False
    if not sane or not all(isinstance(value, int) for value in content["priorities"].values()):
        raise EngineRefused(
            "Weights are above 0, guarantees 0 or more, priorities are whole numbers."
        )
    return content


async def _stream(request: web.Request) -> web.StreamResponse:
    answer = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
    answer.enable_chunked_encoding()
    await answer.prepare(request)
    return answer


async def _say(answer: web.StreamResponse, content: Any) -> None:
    await answer.write(json.dumps(content).encode() + b"\n")


if __name__ == "__main__":
    sys.exit(main())
