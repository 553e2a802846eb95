"""Files with the traps of real catalogues, and the way from a file to its end."""

import csv
import io

import pytest

from marketplace.imports import services
from marketplace.imports.models import Import

HEADER = [
    *("source", "name", "version", "task", "tags", "framework", "license", "params_m"),
    *("size_bytes", "context_length", "languages", "url", "description"),
]
BIDI = "ab\u202egpj.exe"
SCRIPT = "<script>alert(1)</script><img src=x onerror=alert(2)>"


def rows() -> list[dict]:
    """Models as six catalogues write them, with text that means no good."""
    told = [
        {"source": "zoo", "name": "eyes-1", "task": "detection", "license": "apache-2.0"},
        {"source": "zoo", "name": "eyes-1", "version": "2", "task": "object_attributes"},
        {"source": "gallery", "name": "talk", "task": "chat;vision;tools", "license": "MIT"},
        {"source": "gallery", "name": SCRIPT, "description": f"{SCRIPT} [x](javascript:alert(3))"},
        {"source": "gallery", "name": "=1+1", "tags": "@SUM(A1)", "description": "=cmd|' /C'!A0"},
        {"source": "gallery", "name": BIDI, "description": "Line\u0007 one\nLine two"},
        {"source": "hub", "name": "long-terms", "license": "https://example.org/" + "x" * 100},
        {"source": "hub", "name": "odd", "task": "fortune telling", "url": "someone/odd"},
        {"source": "hub", "name": "wörds", "languages": "de;fr", "params_m": "31.5"},
    ]
    return told + [{"source": "many", "name": f"model-{n}", "task": "tts"} for n in range(30)]


def file(told=None, header=HEADER, **how) -> bytes:
    """`told` as a CSV."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, header, restval="", lineterminator="\n", **how)
    writer.writeheader()
    writer.writerows(rows() if told is None else told)
    return text.getvalue().encode()


@pytest.fixture
def bring(operator):
    """From bytes to the end of the import, as an operator and a worker do it."""

    def bring(content: bytes, verb="run", **how) -> Import:
        told = {name: how.pop(name) for name in ("tenant", "source") if name in how}
        made = services.upload("models.csv", content, by=operator, **told)
        mapping = how.get("mapping", made.mapping)
        services.map_columns(made, by=operator, mapping=mapping, **told)
        getattr(services, verb)(made, by=operator)
        services.work(made.pk)
        return Import.objects.get(pk=made.pk)

    return bring
