"""The model registry of an MLflow tracking server, through its HTTP interface."""

import math
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from marketplace.engines.base import (
    EngineRefused,
    EngineUnavailable,
    RegisteredModel,
    RegisteredVersion,
    RegistryDescription,
    RegistryUnavailable,
    VersionMark,
)
from marketplace.engines.http_client import Answer, AnswerTooLarge, HttpClient
from marketplace.engines.mlmodel import (
    BadArtifact,
    MLmodelFacts,
    plain_text,
    read_example,
    read_mlmodel,
    read_requirements,
)

API = "/api/2.0/mlflow"
PAGE = 200
MAX_ARTIFACT = 512 * 1024
MAX_DATA_SETS = 50
NEWEST_FIRST = ("order_by", "last_updated_timestamp DESC")


class MlflowRegistry:
    """A `Registry` on MLflow (written against 3.17), without MLflow's own client.

    What MLflow dates: creating or deleting a version dates the model; describing a version dates
    the version alone; tags and aliases date nothing. Its timestamps are whole milliseconds.
    """

    def __init__(self, tracking_uri: str, *, token: str = "", timeout: float = 10.0) -> None:
        """`tracking_uri` may carry `user:password@`; `token` is sent as a bearer token."""
        self._http = HttpClient(tracking_uri, token=token, timeout=timeout)

    def ready(self) -> bool:
        """Whether the server says it is healthy."""
        try:
            return self._send("/health").status == 200
        except (RegistryUnavailable, EngineRefused):
            return False

    def describe(self) -> RegistryDescription:
        """Product, version and address."""
        version = plain_text(self._send("/version").body.decode("utf-8", "replace"), 40).strip()
        return RegistryDescription("MLflow", version, self._http.address)

    def fingerprint(self) -> str:
        """The newest model and the newest version, by their dates."""
        one = [("max_results", "1"), NEWEST_FIRST]
        model = self._get("/registered-models/search", one).get("registered_models", [{}])[0]
        version = self._get("/model-versions/search", one).get("model_versions", [{}])[0]
        stamp = "last_updated_timestamp"
        parts = [model.get(stamp), model.get("name")]
        parts += [version.get(stamp), version.get("name"), version.get("version")]
        return plain_text("|".join("" if part is None else str(part) for part in parts))

    def models(self, changed_since: datetime | None = None) -> Iterator[RegisteredModel]:
        """All models, page by page; or the recently dated ones, newest first."""
        order = [NEWEST_FIRST] if changed_since else [("order_by", "name ASC")]
        rows = self._pages("/registered-models/search", "registered_models", order)
        yield from _until(changed_since, map(_model, rows))

    def version_marks(self, changed_since: datetime | None = None) -> Iterator[VersionMark]:
        """All versions, newest first, page by page; or only the recently dated ones."""
        rows = self._pages("/model-versions/search", "model_versions", [NEWEST_FIRST])
        yield from _until(changed_since, map(_mark, rows))

    def versions(self, name: str) -> list[RegisteredVersion]:
        """Every version of a model with its facts, lowest number first."""
        self._get("/registered-models/get", [("name", name)])
        query = [("filter", f"name = {_quoted(name)}")] if _quoted(name) else []
        rows = self._pages("/model-versions/search", "model_versions", query)
        found = [self._full(row) for row in rows if row.get("name") == name]
        return sorted(found, key=lambda version: version.version)

    def version(self, name: str, number: int) -> RegisteredVersion:
        """One version with its facts."""
        query = [("name", name), ("version", str(number))]
        return self._full(self._get("/model-versions/get", query)["model_version"])

    def _full(self, row: dict) -> RegisteredVersion:
        run = self._run(row.get("run_id") or "")
        facts, example, dependencies, problems = self._artifacts(row)
        mark = _mark(row)
        return RegisteredVersion(
            model=mark.model,
            version=mark.version,
            run_id=plain_text(row.get("run_id") or ""),
            source=plain_text(row.get("source") or ""),
            status=mark.status,
            description=mark.description,
            tags=mark.tags,
            metrics=_metrics(run),
            parameters=_pairs(run.get("data", {}).get("params", [])),
            created_at=_when(row.get("creation_timestamp")),
            updated_at=mark.updated_at,
            signature=facts.signature,
            input_example=example,
            dependencies=dependencies,
            flavours=facts.flavours,
            python_version=facts.python_version,
            model_size_bytes=facts.model_size_bytes,
            trained_by=_trained_by(run, row),
            data_sets=_data_sets(run),
            problems=problems,
        )

    def _run(self, run_id: str) -> dict:
        if not run_id:
            return {}
        try:
            return self._get("/runs/get", [("run_id", run_id)]).get("run", {})
        except EngineRefused:  # the run was deleted; the version lives on
            return {}

    def _artifacts(self, row: dict) -> tuple[MLmodelFacts, dict | None, tuple[str, ...], tuple]:
        facts, example, problems = MLmodelFacts(), None, list[str]()
        dependencies: tuple[str, ...] = ()
        try:
            facts = read_mlmodel(self._artifact(row, "MLmodel"))
            problems += facts.problems
        except BadArtifact as wrong:
            return facts, None, (), (str(wrong),)
        try:
            if facts.example_path:
                example = read_example(self._artifact(row, facts.example_path))
        except BadArtifact as wrong:
            problems.append(str(wrong))
        try:
            dependencies = read_requirements(self._artifact(row, "requirements.txt"))
        except BadArtifact as wrong:
            problems.append(str(wrong))
        return facts, example, dependencies, tuple(problems)

    def _artifact(self, row: dict, path: str) -> bytes:
        # The server resolves the version's source: no address from the registry is ever opened.
        query = [("name", row["name"]), ("version", str(row["version"])), ("path", path)]
        try:
            answer = self._send("/model-versions/get-artifact", query, limit=MAX_ARTIFACT)
        except AnswerTooLarge as wrong:
            raise BadArtifact(f"{path} is larger than {MAX_ARTIFACT // 1024} KiB.") from wrong
        if answer.status == 404:
            raise BadArtifact(f"{path} is missing.")
        if answer.status != 200:
            raise BadArtifact(f"The registry could not read {path} ({answer.status}).")
        return answer.body

    def _pages(self, path: str, key: str, query: list[tuple[str, str]]) -> Iterator[dict]:
        token = ""
        while True:
            page = [*query, ("max_results", str(PAGE))]
            page += [("page_token", token)] if token else []
            answer = self._get(path, page)
            yield from answer.get(key, [])
            token = answer.get("next_page_token") or ""
            if not token:
                return

    def _get(self, path: str, query: list[tuple[str, str]]) -> dict[str, Any]:
        answer = self._send(API + path, query)
        if answer.status == 200:
            return answer.json()
        if answer.status >= 500:
            raise RegistryUnavailable(f"The registry answered {answer.status} to {path}.")
        raise EngineRefused(_said(answer))

    def _send(self, path: str, query: list | None = None, **limits: int) -> Answer:
        try:
            return self._http.send("GET", path, query=query, **limits)
        except EngineUnavailable as wrong:
            raise RegistryUnavailable(str(wrong)) from wrong


def _until(since: datetime | None, items: Iterator) -> Iterator:
    for item in items:
        if since and item.updated_at and item.updated_at < since:
            return
        yield item


def _model(row: dict) -> RegisteredModel:
    aliases = {plain_text(a["alias"]): int(a["version"]) for a in row.get("aliases", [])}
    return RegisteredModel(
        name=plain_text(row["name"]),
        description=plain_text(row.get("description") or ""),
        tags=_pairs(row.get("tags", [])),
        aliases=aliases,
        created_at=_when(row.get("creation_timestamp")),
        updated_at=_when(row.get("last_updated_timestamp")),
    )


def _mark(row: dict) -> VersionMark:
    return VersionMark(
        model=plain_text(row["name"]),
        version=int(row["version"]),
        status=plain_text(row.get("status") or "READY", 40),
        description=plain_text(row.get("description") or ""),
        tags=_pairs(row.get("tags", [])),
        updated_at=_when(row.get("last_updated_timestamp")),
    )


def _pairs(rows: list[dict]) -> dict[str, str]:
    return {plain_text(row["key"]): plain_text(row.get("value") or "") for row in rows}


def _metrics(run: dict) -> dict[str, float]:
    found = {}
    for row in run.get("data", {}).get("metrics", []):
        value = float(row["value"])  # NaN and Infinity arrive as words, which float understands
        if math.isfinite(value):
            found[plain_text(row["key"])] = value
    return found


def _trained_by(run: dict, row: dict) -> str:
    tags = _pairs(run.get("data", {}).get("tags", []))
    return tags.get("mlflow.user") or plain_text(row.get("user_id") or "")


def _data_sets(run: dict) -> tuple[str, ...]:
    """The data sets that the run was given, each once, in its order."""
    given = run.get("inputs", {}).get("dataset_inputs", [])
    names = (plain_text(item.get("dataset", {}).get("name") or "", 250) for item in given)
    return tuple(dict.fromkeys(name for name in names if name))[:MAX_DATA_SETS]


def _when(milliseconds: object) -> datetime | None:
    if milliseconds is None:
        return None
    return datetime.fromtimestamp(int(str(milliseconds)) / 1000, UTC)


def _quoted(name: str) -> str:
    """The name as a literal of MLflow's filter language, which knows no escapes."""
    if "'" not in name:
        return f"'{name}'"
    return f'"{name}"' if '"' not in name else ""


def _said(answer: Answer) -> str:
    try:
        message = answer.json().get("message")
    except (EngineUnavailable, AttributeError):
        message = ""
    return plain_text(message or f"The registry answered {answer.status}.", 500)
