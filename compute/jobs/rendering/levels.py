"""How serious a line is, read from how programs usually say it."""

import re

INFO, WARN, ERROR = "info", "warn", "error"
LOOKED_AT = 240  # characters
# Words in capitals, `level=…`, JSON, `[error]`, klog's first letter, Python's last line.
ERRORS = re.compile(
    r"\b(?:ERROR|FATAL|CRITICAL|PANIC|EMERG|ALERT)\b"
    r"|(?i:\b(?:level|lvl|severity)\"?\s*[=:]\s*\"?(?:error|err|fatal|critical|panic)\b)"
    r"|(?i:[\[(<](?:error|fatal|critical|panic)[\])>])"
    r"|^(?:[\d\-:.,TZ/ ]{0,40})?(?i:(?:fatal |runtime )?error|fatal|panic|critical)\s*[:!\-]"
    r"|^(?:\w+\.){0,6}[A-Z]\w{0,60}(?:Error|Exception|Interrupt)\b(?:: |$)"
    r"|^Traceback \(most recent call last\)|^[EF]\d{4} \d\d:\d\d"
)
WARNINGS = re.compile(
    r"\b(?:WARN|WARNING)\b"
    r"|(?i:\b(?:level|lvl|severity)\"?\s*[=:]\s*\"?warn(?:ing)?\b)"
    r"|(?i:[\[(<]warn(?:ing)?[\])>])"
    r"|^(?:[\d\-:.,TZ/ ]{0,40})?(?i:warn(?:ing)?)\s*[:!\-]"
    r"|\b[A-Z]\w{0,60}Warning: |^W\d{4} \d\d:\d\d"
)


def level_of(text: str) -> str:
    """`error`, `warn` or `info`; `text` is without control sequences."""
    start = text[:LOOKED_AT]
    if ERRORS.search(start):
        return ERROR
    return WARN if WARNINGS.search(start) else INFO
