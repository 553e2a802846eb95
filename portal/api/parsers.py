"""How bodies are read: JSON that is well formed, and that Python and the database can hold."""

import codecs
import json
import math
import re

from django.conf import settings
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

DEEPEST = 20
TOO_DEEP = f"Nest objects and lists at most {DEEPEST} deep."
TOO_LARGE = "A number in the body is too large. Write numbers below 1.8e308."
HALF_A_LETTER = re.compile("[\ud800-\udfff]")


class SoundJSONParser(JSONParser):
    """JSON of ordinary depth, without halves of letters that no text can hold."""

    def parse(self, stream, media_type=None, parser_context=None):
        encoding = (parser_context or {}).get("encoding", settings.DEFAULT_CHARSET)
        try:
            found = json.load(codecs.getreader(encoding)(stream), parse_constant=_no_number)
        except RecursionError:
            raise ParseError(TOO_DEEP) from None
        except (ValueError, LookupError) as wrong:
            raise ParseError(f"The body is not JSON: {wrong}") from wrong
        _check(found, DEEPEST)
        return found


def _no_number(word: str):
    raise ParseError(f"{word} is not a value of JSON. Send a number, or null where it may be.")


def _check(value, left: int) -> None:
    if left == 0:
        raise ParseError(TOO_DEEP)
    if isinstance(value, float) and not math.isfinite(value):
        raise ParseError(TOO_LARGE)
    if isinstance(value, str) and HALF_A_LETTER.search(value):
        raise ParseError("Write every letter as a whole; a surrogate stands alone.")
    if isinstance(value, dict):
        for name, inner in value.items():
            _check(name, left - 1)
            _check(inner, left - 1)
    elif isinstance(value, list):
        for inner in value:
            _check(inner, left - 1)
