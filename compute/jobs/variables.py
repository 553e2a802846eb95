"""Variables of a job as people write them, and names that look like secrets."""

import re

from compute.engines.jobs import VARIABLE

MOST = 100
LONGEST = 4000
FEW = f"Give variables as names with values, {MOST} or fewer."
SECRET = re.compile(
    r"(^|_)(secrets?|token|passw(or)?d|passphrase|pwd|credentials?|bearer|"
    r"(api|access|private|secret|signing|encryption|ssh|account)_?key)(_|$)",
    re.IGNORECASE,
)
OURS = "MILLWRIGHT_"  # names that the platform sets
KEY = re.compile(
    r"mw_live_|-----BEGIN [A-Z ]*PRIVATE KEY|\b(AKIA|ASIA)[0-9A-Z]{16}\b|"
    r"\b(gh[pousr]_[A-Za-z0-9]{20}|github_pat_\w{20}|glpat-[\w-]{20}|hf_[A-Za-z0-9]{30}|"
    r"xox[abprs]-[\w-]{10}|sk-[A-Za-z0-9_-]{32})"
)  # how keys of ours and of others begin
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
    """Raises ValueError for names that no program could read, for those that the platform sets,
    and for names and values that look like secrets. The one rule of jobs, templates and steps."""
    if not isinstance(variables, dict):
        raise ValueError(FEW)
    check_count(variables)
    for name, value in variables.items():
        if not isinstance(name, str) or not VARIABLE.fullmatch(name):
            raise ValueError(f"{str(name)[:40]!r} cannot be a name: use letters, digits and _.")
        if name.upper().startswith(OURS):
            raise ValueError(f"Choose another name than {name}: the platform sets {OURS}….")
        if not isinstance(value, str):
            raise ValueError(f'Give {name} as text, such as "1".')
        if SECRET.search(name) or KEY.search(value):
            raise ValueError(HINT.format(name=name))
        if len(value) > LONGEST or "\0" in value:
            raise ValueError(f"Shorten {name} to {LONGEST:,} characters.")


def check_count(variables: dict[str, str]) -> None:
    """Raises ValueError for more than a job may have."""
    if len(variables) > MOST:
        raise ValueError(FEW)


def write_variables(variables: dict[str, str]) -> str:
    """As `read_variables` reads them."""
    return "\n".join(f"{name}={value}" for name, value in variables.items())
