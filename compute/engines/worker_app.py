"""The HTTP face of a model worker: both protocols, its token, its limits."""

import asyncio
import gc
import hmac
import json
import os
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import mlflow
from aiohttp import web
from mlflow.exceptions import MlflowException
from mlflow.pyfunc import PyFuncModel

from compute.engines import worker_scoring, worker_v2
from compute.engines.worker_inputs import BadInput, Signature, explain
from compute.engines.worker_json import parse, row_count

MAX_BODY = 8 * 1024 * 1024
SMALL_BODY = 256 * 1024
MAX_WAITING = 64
PREDICT_SECONDS = 60.0
STARVED_TIMES = 5
OPEN_TO_ALL = {"/healthz", "/health", "/ping", "/v2/health/live", "/v2/health/ready"}
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class ModelFailed(Exception):
    """The model's own code raised something that is not about the input."""


@dataclass
class Worker:
    """One loaded model and what is needed to answer for it."""

    serving: str
    model: str
    version: int
    token: str = field(repr=False)
    pyfunc: PyFuncModel
    signature: Signature
    threads: ThreadPoolExecutor
    network: bool  # whether the model's code can reach anything
    give_up: Callable[[str], None]  # ends the process soon, for a reason
    most_held: int = 4 * MAX_BODY  # bytes of all bodies that wait or run
    running: int = 0
    held: int = 0
    starved: int = 0

    def predict(self, read: Callable, content: dict) -> tuple[Any, int]:
        """Read the data, run the model, count the rows. Runs in a thread."""
        data, params = read(content, self.signature)
        rows = row_count(data)
        try:
            return self.pyfunc.predict(data, params=params), rows
        except (ValueError, TypeError, MlflowException) as wrong:
            raise BadInput(explain(data, _first_line(wrong))) from wrong
        except MemoryError:
            raise
        except Exception as wrong:  # somebody else's code
            raise ModelFailed(type(wrong).__name__) from wrong

    def score(self, body: bytes) -> tuple[bytes, int]:
        """The whole of one scoring request: body in, body and number of rows out."""
        result, rows = self.predict(worker_scoring.read_scoring, parse(body))
        return _encoded(worker_scoring.scoring_answer(result)), rows

    def infer(self, body: bytes) -> tuple[bytes, int]:
        """The whole of one v2 request: body in, body and number of rows out."""
        content = parse(body)
        result, rows = self.predict(worker_v2.read_infer, content)
        answer: dict[str, Any] = {"model_name": self.model, "model_version": str(self.version)}
        if isinstance(content.get("id"), str):
            answer["id"] = content["id"]
        outputs = worker_v2.infer_answer(result, self.signature, content.get("outputs"))
        return _encoded({**answer, "outputs": outputs}), rows


WORKER = web.AppKey("worker", Worker)


@web.middleware
async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Nobody without the token; every error as `{"error": ...}`."""
    worker = request.app[WORKER]
    given = request.headers.get("Authorization", "").encode("utf-8", "replace")
    known = hmac.compare_digest(given, f"Bearer {worker.token}".encode())
    if not known and request.path not in OPEN_TO_ALL:
        return _error(401, "The bearer token is missing or wrong.")
    try:
        return await handler(request)
    except BadInput as wrong:
        return _error(400, str(wrong))
    except web.HTTPRequestEntityTooLarge:
        return _error(413, f"The body is larger than {MAX_BODY // 1024 // 1024} MB.")
    except web.HTTPException as wrong:
        return _error(wrong.status, f"{wrong.reason}.")
    except MemoryError:
        return _starved(request)
    except ModelFailed as wrong:
        # Its name is for the caller, its words for the log alone: they may hold other data.
        request.app.logger.exception("The model failed")
        return _error(500, f"The model failed with {wrong}.")


async def infer(request: web.Request) -> web.Response:
    """`POST /v2/models/{model}/infer`."""
    return await _work(request, _asked_for(request).infer)


async def invocations(request: web.Request) -> web.Response:
    """`POST /invocations`, MLflow's scoring protocol."""
    return await _work(request, request.app[WORKER].score)


async def server(request: web.Request) -> web.Response:
    """`GET /v2`."""
    return web.json_response(
        {"name": "millwright-model-worker", "version": mlflow.__version__, "extensions": []}
    )


async def live(request: web.Request) -> web.Response:
    """`GET /v2/health/live` and `/ready`: who answers at all has loaded its model."""
    return web.json_response({"live": True, "ready": True})


async def model(request: web.Request) -> web.Response:
    """`GET /v2/models/{model}`."""
    worker = _asked_for(request)
    flavours = sorted(set(worker.pyfunc.metadata.flavors) - {"python_function"})
    content = {
        "name": worker.model,
        "versions": [str(worker.version)],
        "platform": f"mlflow_{flavours[0] if flavours else 'pyfunc'}",
        "inputs": worker_v2.describe_inputs(worker.signature),
        "outputs": worker_v2.describe_outputs(worker.signature),
    }
    return web.json_response(content)


async def model_ready(request: web.Request) -> web.Response:
    """`GET /v2/models/{model}/ready`."""
    return web.json_response({"name": _asked_for(request).model, "ready": True})


async def ping(request: web.Request) -> web.Response:
    """`GET /ping`, as MLflow answers it."""
    return web.Response(text="\n")


async def version(request: web.Request) -> web.Response:
    """`GET /version`: of MLflow, as MLflow answers it."""
    return web.Response(text=mlflow.__version__)


async def healthz(request: web.Request) -> web.Response:
    """`GET /healthz`: who runs, as whom."""
    worker = request.app[WORKER]
    return web.json_response(
        {
            "serving": worker.serving,
            "model": worker.model,
            "version": worker.version,
            "pid": os.getpid(),
            "uid": os.getuid(),
            "gid": os.getgid(),
            "network": worker.network,
            "running": worker.running,
        }
    )


def build(worker: Worker) -> web.Application:
    """The application around a loaded model."""
    app = web.Application(middlewares=[guard], client_max_size=MAX_BODY)
    app[WORKER] = worker
    app.router.add_get("/healthz", healthz)
    for path in ("/ping", "/health"):
        app.router.add_get(path, ping)
    app.router.add_get("/version", version)
    app.router.add_post("/invocations", invocations)
    app.router.add_get("/v2", server)
    for path in ("/v2/health/live", "/v2/health/ready"):
        app.router.add_get(path, live)
    for base in ("/v2/models/{model}", "/v2/models/{model}/versions/{version}"):
        app.router.add_get(base, model)
        app.router.add_get(f"{base}/ready", model_ready)
        app.router.add_post(f"{base}/infer", infer)
    return app


async def _work(request: web.Request, work: Callable) -> web.Response:
    worker, size = request.app[WORKER], _size(request)
    if worker.running >= MAX_WAITING or worker.held + size > worker.most_held:
        raise web.HTTPServiceUnavailable(reason="The model is busy")
    release = partial(_release, worker, size)
    worker.running, worker.held = worker.running + 1, worker.held + size
    try:
        call = partial(work, await request.read())
        task = asyncio.get_running_loop().run_in_executor(worker.threads, call)
    except BaseException:
        release()
        raise
    task.add_done_callback(release)
    try:
        async with asyncio.timeout(PREDICT_SECONDS):
            payload, rows = await asyncio.shield(task)
    except TimeoutError:
        reason = f"A prediction did not end within {PREDICT_SECONDS:.0f} s"
        worker.give_up(f"{reason}.")
        raise web.HTTPGatewayTimeout(reason=reason) from None
    worker.starved = 0
    headers = {"x-model-usage": f"predictions={rows}", "x-model-version": str(worker.version)}
    return web.Response(body=payload, content_type="application/json", headers=headers)


def _size(request: web.Request) -> int:
    """The most bytes this body can take. Raises for what is not a JSON body of fair size."""
    if request.content_type not in {"application/json", "application/octet-stream"}:
        raise web.HTTPUnsupportedMediaType(reason="Send JSON as Content-Type: application/json")
    if "Inference-Header-Content-Length" in request.headers:
        raise BadInput("Binary tensors are not read here; send the data as JSON.")
    size = request.content_length
    if size is None or "Content-Encoding" in request.headers:
        return MAX_BODY
    if size > MAX_BODY:
        raise web.HTTPRequestEntityTooLarge(MAX_BODY, size)
    return size


def _release(worker: Worker, size: int, task: asyncio.Future | None = None) -> None:
    worker.running, worker.held = worker.running - 1, worker.held - size
    if task is not None and not task.cancelled():
        task.exception()  # taken here, so that a late failure is not reported as lost


def _starved(request: web.Request) -> web.Response:
    """Too little memory for this moment; if it is too little for anything, a new worker helps."""
    worker = request.app[WORKER]
    gc.collect()
    if worker.running == 0 and (request.content_length or MAX_BODY) <= SMALL_BODY:
        worker.starved += 1
    if worker.starved >= STARVED_TIMES:
        worker.give_up("The worker ran out of the memory it was given.")
    return _error(503, "The model has too little memory for this request.")


def _asked_for(request: web.Request) -> Worker:
    worker = request.app[WORKER]
    name, number = request.match_info["model"], request.match_info.get("version")
    if name not in {worker.model, worker.serving} or number not in {None, str(worker.version)}:
        raise web.HTTPNotFound(reason=f"This worker serves version {worker.version} of one model")
    return worker


def _encoded(content: dict) -> bytes:
    return json.dumps(content, allow_nan=False).encode()


def _error(status: int, message: str) -> web.Response:
    headers = {"Retry-After": "1"} if status == 503 else {}
    return web.json_response({"error": message}, status=status, headers=headers)


def _first_line(wrong: Exception) -> str:
    lines = str(wrong).strip().splitlines()
    return (lines[0] if lines else type(wrong).__name__)[:500]
