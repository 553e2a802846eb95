"""What a job runs, as people write it: a line for the shell, or a list of arguments."""

import json
import re

SHELL = ("sh", "-c")
PLAIN = re.compile(r"[\w@%+:,./-][\w@%+=:,./-]*")  # words that a shell would leave as they are
# What a shell does by itself, or to itself.
BUILTINS = frozenset(
    [
        "cd",
        "exit",
        "export",
        "source",
        ".",
        "set",
        "ulimit",
        "umask",
        "trap",
        "eval",
        "exec",
        "read",
        "test",
        "[",
        ":",
        "alias",
        "command",
        "getopts",
        "hash",
        "local",
        "readonly",
        "return",
        "shift",
        "times",
        "type",
        "unalias",
        "unset",
        "wait",
        "if",
        "for",
        "while",
        "until",
        "case",
        "{",
        "!",
    ]
)
MOST_ARGUMENTS = 200
LONGEST = 20_000


def read_command(text: str) -> list[str]:
    """Arguments of a command: JSON where the text begins with [, else a line for the shell.

    A line without anything that a shell would read is its words, so that no shell stands between
    the job and its program. Raises ValueError with words about what to write.
    """
    plain = text.replace("\r\n", "\n").strip()
    if not plain:
        raise ValueError("Say what runs, such as python train.py.")
    words = plain.split(" ")
    if plain.startswith("[") and not (words[0] == "[" and _is_test(plain)):
        return check(_listed(plain))
    simple = "=" not in words[0] and all(PLAIN.fullmatch(word) for word in words)
    simple = simple and words[0] not in BUILTINS
    return check(words if simple else [*SHELL, plain])


def check(command: list[str]) -> list[str]:
    """`command` itself; raises ValueError for one that no engine could start."""
    if not command or not all(isinstance(part, str) for part in command) or not command[0].strip():
        raise ValueError("A list of arguments holds texts, the program first.")
    if len(command) > MOST_ARGUMENTS or sum(map(len, command)) > LONGEST:
        raise ValueError(
            f"Use {MOST_ARGUMENTS} arguments and {LONGEST:,} characters or fewer; put the rest "
            "into a file."
        )
    if any("\0" in part for part in command):
        raise ValueError("A command cannot hold the character with number zero.")
    return command


def write_command(command: list[str]) -> str:
    """As `read_command` reads it."""
    shell = len(command) == 3 and tuple(command[:2]) == SHELL
    line = command[2] if shell else " ".join(command)
    try:
        if read_command(line) == command:
            return line
    except ValueError:
        pass
    return json.dumps(command, ensure_ascii=False)


def _is_test(text: str) -> bool:
    """Whether this is a test of a shell, such as [ -f data ], and no list."""
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return re.search(r" \](\s|;|$)", text) is not None
    return False


def _listed(text: str) -> list:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError(
            'Close the list: ["python", "train.py"]. A line that begins with [ for the shell '
            "needs a space and a word before it."
        ) from None
    return found if isinstance(found, list) else [found]
