"""A catalogue of real names among some thousands that are much like them, and what is searched."""

import csv
import itertools
import random
from pathlib import Path

from marketplace.catalog.facts import slug_of, title_of
from marketplace.catalog.models import AIModel

HERE = Path(__file__).parent
SUFFIXES = (
    "q4-k-m", "q8-0", "gguf", "awq", "int8", "fp16", "distilled", "uncensored", "preview",
    "apex-i-quality", "ud-q5-k-m", "heretic", "ft-in22k", "onnx", "mlx-4bit",
)  # fmt: skip
FAMILIES = {
    "image-classification": ("seresnet", "regnety", "nfnet", "volo", "maxvit", "coatnet", "levit"),
    "chat": ("hermes", "nemotron", "yi", "internlm", "glm", "telechat", "baichuan", "falcon"),
    "detection": ("ssdlite", "rfdetr", "centernet", "pelee", "nanodet", "damo"),
    "text_to_speech": ("vits", "dia", "chatterbox", "moss", "irodori", "matcha"),
    "speech_to_text": ("zipformer", "kyutai", "voxtral", "sensevoice", "quartznet"),
    "embedding": ("m3e", "stella", "nomic", "snowflake-arctic", "minilm"),
    "tabular-classification": ("propensity", "lapse", "upsell", "collections", "eligibility"),
    "tabular-regression": ("pricing", "reserve", "premium", "workload", "lifetime-value"),
    "text-classification": ("topic", "intent", "language-id", "urgency", "complaint"),
}
SAID = (
    "Trained on last year's cases.", "A smaller copy for tests.", "For the pilot of one team.",
    "Replaces the rules of the old system.", "Fine-tuned on our own words.", "Quantised.",
)  # fmt: skip
SIZES = ("tiny", "small", "base", "large", "0.5b", "1.5b", "3b", "9b", "34b", "b1", "b4", "s24")


def queries() -> list[tuple[str, str]]:
    """(what is typed, the slug that should be first)."""
    return [(row["query"], row["first"]) for row in _read("relevance.csv")]


def fill(tenant, *, others: int = 3000) -> None:
    """The named models, and `others` like them, as published models of `tenant`."""
    named = _read("relevance_models.csv")
    rows = [_row(tenant, facts) for facts in named]
    taken = {row.slug for row in rows}
    for facts in itertools.islice(_others(named), others):
        row = _row(tenant, facts)
        if row.slug not in taken:
            taken.add(row.slug)
            rows.append(row)
    AIModel.objects.bulk_create(rows, batch_size=500)


def _read(name: str) -> list[dict]:
    with (HERE / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="|"))


def _others(named: list[dict]):
    """Later copies of the named models, and families with sizes and suffixes."""
    dice = random.Random(20261123)
    while True:
        if dice.random() < 0.3:
            facts = dice.choice(named)
            name = f"{facts['name']}-{dice.choice(SUFFIXES)}"
            yield facts | {"name": name}
            continue
        task = dice.choice(list(FAMILIES))
        parts = [dice.choice(FAMILIES[task]), dice.choice(SIZES), dice.choice(SUFFIXES)]
        version = f"v{dice.randint(1, 9)}"
        words = {"task": task, "framework": dice.choice(["pytorch", "onnx", "vllm"])}
        yield words | {"name": "-".join([*parts, version]), "summary": dice.choice(SAID)}


def _row(tenant, facts: dict) -> AIModel:
    slug = slug_of(facts["name"], lambda _: False)
    return AIModel(
        slug=slug, registry_name=facts["name"], name=title_of(facts["name"]), tenant=tenant,
        status="published", visibility="everyone", stage="production", task=facts["task"],
        framework=facts["framework"], summary=facts["summary"],
    )  # fmt: skip
