"""Variables of a job as people write them, and names that look like secrets."""

import re

from compute.engines.jobs import VARIABLE

MOST = 100
LONGEST = 4000
SECRET = re.compile(
    r"(^|_)(secrets?|token|passw(or)?d|passphrase|pwd|credentials?|bearer|"
    r"(api|access|private|secret|signing|encryption|ssh|account)_?key)(_|$)",
    re.IGNORECASE,
)
OURS = "mw_live_"  # how our own keys begin
HINT = (
    "{name} looks like a secret. Variables can be read by everybody in your team, on the page of "
    "the job and by program. Keep it in your secret store and let the program fetch it there."
)


def read_variables(text: str) -> dict[str, str]:
    """Lines NAME=value as a dict; empty lines and lines that begin with # are left out.

    Raises ValueError with words about the first line that cannot be used.
    """
    found: dict[str, str] = {}
    for line in text.splitlines():
        plain = line.strip()
        if not plain or plain.startswith("#"):
            continue
        name, sign, value = plain.partition("=")
        if not sign:
            raise ValueError(f"Write each line as NAME=value; this is {plain[:40]}.")
        found[name.strip()] = value.strip()
    check(found)
    return found


def check(variables: dict[str, str]) -> None:
    """Raises ValueError for names that no program could read, or that look like secrets."""
    if len(variables) > MOST:
        raise ValueError(f"Use {MOST} variables or fewer.")
    for name, value in variables.items():
        if not VARIABLE.fullmatch(name):
            raise ValueError(f"{name[:40]!r} cannot be a name: use letters, digits and _.")
        if SECRET.search(name) or value.startswith(OURS):
            raise ValueError(HINT.format(name=name))
        if len(value) > LONGEST or "\0" in value:
            raise ValueError(f"Shorten {name} to {LONGEST:,} characters.")


def write_variables(variables: dict[str, str]) -> str:
    """As `read_variables` reads them."""
    return "\n".join(f"{name}={value}" for name, value in variables.items())
