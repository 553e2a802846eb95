"""A model worker that does what a test tells it, and keeps the true list of what it was asked."""

import asyncio
import json
import socket
import threading

from aiohttp import web


class ScriptedWorker:
    """Answers as its `mode` says; `seen` is what really came, `answered` what went out whole."""

    def __init__(self, token: str):
        self.token, self.mode, self.rows = token, "ok", 3
        self.seen: list[dict] = []
        self.answered: list[str] = []
        self.released = threading.Event()
        self.socket = socket.socket()
        self.socket.bind(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self.socket.getsockname()[1]}"
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self.released.set()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_route("*", "/{tail:.*}", self._answer)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        self._loop.run_until_complete(runner.setup())
        self._loop.run_until_complete(web.SockSite(runner, self.socket).start())
        self._loop.run_forever()
        self._loop.run_until_complete(runner.cleanup())
        left = asyncio.all_tasks(self._loop)
        for task in left:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        call = request.headers.get("x-request-id", "")
        body = await request.read()
        trusted = request.headers.get("Authorization") == f"Bearer {self.token}"
        self.seen.append({"call": call, "path": request.path, "body": body, "trusted": trusted})
        if request.method == "GET":
            return self._told(request)
        return await getattr(self, f"_{self.mode}")(request, call)

    def _told(self, request: web.Request) -> web.Response:
        if request.path == "/ping":
            return web.Response(text="\n")
        if request.path == "/version":
            return web.Response(text="3.1.0")
        content = {"name": "in the registry", "versions": ["1"], "platform": "test", "inputs": []}
        return web.json_response(content)

    async def _ok(self, request, call, usage=True) -> web.Response:
        headers = {"x-model-version": "1"}
        if usage:
            headers["x-model-usage"] = f"predictions={self.rows}"
        self.answered.append(call)
        outputs = [{"name": "out", "datatype": "INT64", "shape": [1], "data": [7]}]
        content = {"model_name": "in the registry", "model_version": "1", "outputs": outputs}
        return web.json_response(content, headers=headers)

    async def _no_usage(self, request, call) -> web.Response:
        return await self._ok(request, call, usage=False)

    async def _refuse(self, request, call) -> web.Response:
        return web.json_response({"error": "Column 'a' is missing."}, status=400)

    async def _denied(self, request, call) -> web.Response:
        return web.json_response({"error": "The bearer token is wrong."}, status=401)

    async def _broken(self, request, call) -> web.Response:
        return web.json_response({"error": "The model failed with ValueError."}, status=500)

    async def _busy(self, request, call) -> web.Response:
        headers = {"Retry-After": "7"}
        return web.json_response({"error": "The model is busy."}, status=503, headers=headers)

    async def _hang(self, request, call) -> web.Response:
        await asyncio.sleep(30)
        return await self._ok(request, call)

    async def _held(self, request, call) -> web.Response:
        while not self.released.is_set():
            await asyncio.sleep(0.01)
        return await self._ok(request, call)

    async def _cut(self, request, call) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "1000"})
        await response.prepare(request)
        await response.write(json.dumps({"model_name": "x"}).encode())
        request.transport.abort()
        return response
