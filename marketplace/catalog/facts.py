"""Other people's text and figures, cut to a size that pages and rows can bear."""

import json
import re
import unicodedata
import uuid
from collections.abc import Iterable, Mapping
from hashlib import sha256

LONGEST_SLUG = 80
RESERVED = frozenset({"compare", "facets", "import", "mine", "new", "publish", "search"})
WRITTEN_OUT = str.maketrans({"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l"})
TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")
MOST_PAIRS = 500
MOST_DEPENDENCIES = 400
LARGEST_JSON = 256 * 1024


def text(value: object, longest: int) -> str:
    """`value` as storable text: no NUL, no half characters, nothing that turns the direction of
    what stands behind it, at most `longest` characters."""
    plain = TURNING.sub("", str(value or "").replace("\0", ""))[:longest]
    return plain.encode("utf-8", "replace").decode("utf-8")


def line(value: object, longest: int) -> str:
    """The same on one line."""
    return " ".join(text(value, longest * 2).split())[:longest]


def pairs(values: Mapping, longest: int) -> dict[str, str]:
    """Tags or parameters: the first 500, by name."""
    first = sorted(values.items())[:MOST_PAIRS]
    return {text(key, 250): text(value, longest) for key, value in first}


def figures(values: Mapping) -> dict[str, float]:
    """Metrics: the first 500, by name."""
    return {text(key, 250): float(value) for key, value in sorted(values.items())[:MOST_PAIRS]}


def lines(values: Iterable, longest: int = 300) -> list[str]:
    """Dependencies, flavours, problems."""
    return [line(value, longest) for value in list(values)[:MOST_DEPENDENCIES]]


def small(value: object) -> object | None:
    """A JSON value, or None where it is larger than 256 KiB."""
    if value is None or len(json.dumps(value, ensure_ascii=True)) > LARGEST_JSON:
        return None
    return value


def slug_of(name: str, taken) -> str:
    """An address for a registry name: ASCII, at most 80 characters, unlike all others.

    `taken(slug)` says whether a slug is in use. A name without a Latin letter gets a fingerprint.
    """
    plain = unicodedata.normalize("NFKD", name.lower().translate(WRITTEN_OUT))
    folded = plain.encode("ascii", "ignore").decode()
    base = re.sub(r"[^a-z0-9]+", "-", folded)[: LONGEST_SLUG - 8].strip("-")
    if not base or base in RESERVED or _is_id(base):
        base = f"model-{base}".rstrip("-")[: LONGEST_SLUG - 8]
        if base == "model":
            base = f"model-{sha256(name.encode('utf-8', 'replace')).hexdigest()[:8]}"
    slug, count = base, 1
    while taken(slug):
        count += 1
        slug = f"{base}-{count}"
    return slug


def title_of(name: str) -> str:
    """A name for people: `fraud_score/v2` -> `Fraud score v2`."""
    words = line(re.sub(r"[-_/.]+", " ", text(name, 256)), 120)
    return (words[:1].upper() + words[1:]) or line(name, 120) or "Model"


def first_sentence(description: str, longest: int = 240) -> str:
    """The beginning of a description as a summary, cut at a sentence or a word."""
    bare = re.sub(r"^#+ .*$", "", text(description, 4000), flags=re.M).strip()
    paragraph = line(bare.split("\n\n")[0], 2000)
    sentence = re.match(r".+?[.!?](?=\s|$)", paragraph)
    chosen = sentence.group() if sentence else paragraph
    if len(chosen) <= longest:
        return chosen
    return chosen[: longest - 1].rsplit(" ", 1)[0] + "…"


def _is_id(value: str) -> bool:
    try:
        uuid.UUID(value)
    except ValueError:
        return False
    return True
