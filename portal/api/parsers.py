"""How bodies are read: JSON that is well formed, and that Python and the database can hold."""

import re

from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

DEEPEST = 20
TOO_DEEP = f"Nest objects and lists at most {DEEPEST} deep."
HALF_A_LETTER = re.compile("[\ud800-\udfff]")


class SoundJSONParser(JSONParser):
    """JSON of ordinary depth, without halves of letters that no text can hold."""

    def parse(self, stream, media_type=None, parser_context=None):
        try:
            found = super().parse(stream, media_type, parser_context)
        except RecursionError:
            raise ParseError(TOO_DEEP) from None
        _check(found, DEEPEST)
        return found


def _check(value, left: int) -> None:
    if left == 0:
        raise ParseError(TOO_DEEP)
    if isinstance(value, str) and HALF_A_LETTER.search(value):
        raise ParseError("Write every letter as a whole; a surrogate stands alone.")
    if isinstance(value, dict):
        for name, inner in value.items():
            _check(name, left - 1)
            _check(inner, left - 1)
    elif isinstance(value, list):
        for inner in value:
            _check(inner, left - 1)
