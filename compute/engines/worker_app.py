"""The HTTP face of a model worker: both protocols, its token, its limits."""

import asyncio
import hmac
import os
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import mlflow
import pandas as pd
from aiohttp import web
from mlflow.exceptions import MlflowException
from mlflow.pyfunc import PyFuncModel

from compute.engines import worker_scoring, worker_v2
from compute.engines.worker_inputs import BadInput, Signature, explain
from compute.engines.worker_json import parse, row_count

MAX_BODY = 8 * 1024 * 1024
MAX_WAITING = 64
PREDICT_SECONDS = 60.0
OPEN_TO_ALL = {"/healthz", "/health", "/ping", "/v2/health/live", "/v2/health/ready"}
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
WORKER = web.AppKey("worker", "Worker")


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
    stuck: Callable[[str], None]  # called when a prediction does not end
    running: int = 0

    def predict(self, read: Callable, content: dict) -> tuple[Any, int]:
        """Read the data, run the model, count the rows. Runs in a thread."""
        data, params = read(content, self.signature)
        rows = row_count(data)
        try:
            return self.pyfunc.predict(data, params=params), rows
        except (ValueError, TypeError, MlflowException) as wrong:
            raise BadInput(explain(data, _first_line(wrong))) from wrong


@web.middleware
async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Nobody without the token; every error as `{"error": ...}`."""
    wanted = f"Bearer {request.app[WORKER].token}"
    given = request.headers.get("Authorization", "")
    if request.path not in OPEN_TO_ALL and not hmac.compare_digest(
        given.encode("utf-8", "replace"), wanted.encode()
    ):
        return _error(401, "The bearer token is missing or wrong.")
    try:
        return await handler(request)
    except BadInput as wrong:
        return _error(400, str(wrong))
    except web.HTTPRequestEntityTooLarge:
        return _error(413, f"The body is larger than {MAX_BODY // 1024 // 1024} MB.")
    except web.HTTPException as wrong:
        return _error(wrong.status, f"{wrong.reason}.")


async def infer(request: web.Request) -> web.Response:
    """`POST /v2/models/{model}/infer`."""
    worker = _asked_for(request)
    content = await _content(request)
    result, rows = await _predict(request, worker_v2.read_infer, content)
    answer: dict[str, Any] = {"model_name": worker.model, "model_version": str(worker.version)}
    if isinstance(content.get("id"), str):
        answer["id"] = content["id"]
    answer["outputs"] = worker_v2.infer_answer(result, worker.signature, content.get("outputs"))
    return _answered(worker, answer, rows)


async def invocations(request: web.Request) -> web.Response:
    """`POST /invocations`, MLflow's scoring protocol."""
    result, rows = await _predict(request, worker_scoring.read_scoring, await _content(request))
    return _answered(request.app[WORKER], worker_scoring.scoring_answer(result), rows)


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


async def _content(request: web.Request) -> dict:
    if request.content_type not in {"application/json", "application/octet-stream"}:
        raise web.HTTPUnsupportedMediaType(reason="Send JSON as Content-Type: application/json")
    if "Inference-Header-Content-Length" in request.headers:
        raise BadInput("Binary tensors are not read here; send the data as JSON.")
    body = await request.read()
    return await asyncio.get_running_loop().run_in_executor(None, parse, body)


async def _predict(request: web.Request, read: Callable, content: dict) -> tuple[Any, int]:
    worker = request.app[WORKER]
    if worker.running >= MAX_WAITING:
        raise web.HTTPServiceUnavailable(reason="The model is busy", headers={"Retry-After": "1"})
    worker.running += 1
    call = partial(worker.predict, read, content)
    task = asyncio.get_running_loop().run_in_executor(worker.threads, call)
    task.add_done_callback(partial(_ended, worker))
    try:
        async with asyncio.timeout(PREDICT_SECONDS):
            return await asyncio.shield(task)
    except TimeoutError:
        reason = f"A prediction did not end within {PREDICT_SECONDS:.0f} s."
        worker.stuck(reason)
        raise web.HTTPGatewayTimeout(reason=reason.rstrip(".")) from None
    except (BadInput, web.HTTPException):
        raise
    except MemoryError:
        raise web.HTTPServiceUnavailable(reason="The request needs too much memory") from None
    except Exception as wrong:
        # Somebody else's code: its name is for the caller, its words for the log alone.
        request.app.logger.exception("The model failed")
        reason = f"The model failed with {type(wrong).__name__}"
        raise web.HTTPInternalServerError(reason=reason) from wrong


def _ended(worker: Worker, task: asyncio.Future) -> None:
    worker.running -= 1
    if not task.cancelled():
        task.exception()  # taken here, so that a late failure is not reported as lost


def _asked_for(request: web.Request) -> Worker:
    worker = request.app[WORKER]
    name, number = request.match_info["model"], request.match_info.get("version")
    if name not in {worker.model, worker.serving} or number not in {None, str(worker.version)}:
        raise web.HTTPNotFound(reason=f"This worker serves version {worker.version} of one model")
    return worker


def _answered(worker: Worker, content: dict, rows: int) -> web.Response:
    headers = {
        "x-model-usage": f"predictions={rows}",
        "x-model-version": str(worker.version),
    }
    return web.json_response(content, headers=headers)


def _error(status: int, message: str) -> web.Response:
    headers = {"Retry-After": "1"} if status == 503 else {}
    return web.json_response({"error": message}, status=status, headers=headers)


def _first_line(wrong: Exception) -> str:
    lines = str(wrong).strip().splitlines()
    return (lines[0] if lines else type(wrong).__name__)[:500]


def warm_up(worker: Worker) -> None:
    """Run the model's own example once, so that the first caller does not wait for imports."""
    example = worker.pyfunc.input_example
    if isinstance(example, pd.DataFrame):
        worker.pyfunc.predict(example)
