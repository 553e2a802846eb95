"""What the columns of a file mean: a proposal from the header, and the check of a mapping."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from portal.core.errors import Refused

FACT = "fact"
LEFT_OUT = ""


@dataclass(frozen=True)
class Field:
    """What a column may be read as; `names` are headers that mean it."""

    label: str
    longest: int
    names: str


FIELDS = {
    "name": Field("Name", 120, "name, model, model name, title, model id, id"),
    "source": Field("Source", 80, "source, catalogue, catalog, hub, provider, origin"),
    "key": Field("Key at the source", 300, "key, external id, source key, uuid"),
    "version": Field("Version", 80, "version, revision, release, variant"),
    "task": Field("Task", 200, "task, tasks, pipeline tag, type, category, use case"),
    "summary": Field("Summary", 240, "summary, short description, tagline"),
    "description": Field("Description", 100_000, "description, card, readme, details"),
    "tags": Field("Tags", 1_000, "tags, keywords, labels"),
    "framework": Field("Framework", 60, "framework, library, backend, runtime, format"),
    "licence": Field("Licence", 300, "licence, license, license name, spdx"),
    "organisation": Field(
        "Organisation",
        200,
        "organisation, organization, author, vendor, publisher, company, owner",
    ),
    "region": Field("Region", 80, "region, location, hosted in"),
    "languages": Field("Languages", 300, "languages, language, lang"),
    "released": Field(
        "Released",
        60,
        "released, release date, date, published, created, created at, last modified",
    ),
    "url": Field("Link", 500, "url, link, homepage, website, page, href"),
    "parameters": Field(
        "Parameters, millions",
        40,
        "parameters, params, params m, parameters m, size m",
    ),
    "size": Field("Size, bytes", 40, "size, size bytes, bytes, file size"),
    "context": Field("Context length", 40, "context, context length, max tokens, context window"),
}
LONGEST_FACT = 500
CHOICES = [
    (LEFT_OUT, "Leave it out"),
    *((name, field.label) for name, field in FIELDS.items()),
    (FACT, "Keep it as a fact"),
]
BY_NAME = {name: field for field, told in FIELDS.items() for name in told.names.split(", ")}
IDS = {"id", "model id"}


def propose(header: Sequence[str]) -> dict[str, str]:
    """{column: field} as the header suggests it; each field once, the rest become facts.

    An id is the name where there is no other, else the key.
    """
    plain = {column: _plain(column) for column in header}
    taken: dict[str, str] = {}
    for column in sorted(header, key=lambda column: plain[column] in IDS):
        wanted = [BY_NAME.get(plain[column], FACT), "key" if plain[column] in IDS else FACT]
        taken[column] = next((one for one in wanted if one not in {FACT, *taken.values()}), FACT)
    return {column: taken[column] for column in header}


def _plain(column: str) -> str:
    return re.sub(r"[\s_\-./()]+", " ", column.strip().lower()).strip()


def check(
    mapping: Mapping[str, str], header: Sequence[str], *, source: str = ""
) -> dict[str, str]:
    """`mapping` for this header, complete. Raises `Refused` with what does not fit.

    `source` is the name for all rows, where no column says it.
    """
    strange = sorted(set(mapping) - set(header))
    if strange:
        raise Refused(f"The file has no column {', '.join(strange)}.", field="mapping")
    whole = {column: str(mapping.get(column, LEFT_OUT)) for column in header}
    unknown = sorted(set(whole.values()) - {name for name, _ in CHOICES})
    if unknown:
        known = ", ".join([*FIELDS, FACT])
        raise Refused(f"There is no field {', '.join(unknown)}. Known: {known}.", field="mapping")
    chosen = [field for field in whole.values() if field not in (LEFT_OUT, FACT)]
    twice = sorted({FIELDS[field].label for field in chosen if chosen.count(field) > 1})
    if twice:
        raise Refused(f"Two columns are read as {', '.join(twice)}. Choose one.", field="mapping")
    if "name" not in chosen:
        raise Refused("Say which column holds the name.", field="mapping")
    if "source" not in chosen and not source.strip():
        why = "Say where these models come from: a column, or one name for all of them."
        raise Refused(why, field="source")
    return whole
