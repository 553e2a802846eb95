"""What stops a local start, said in one line that shows no password."""


class LocalError(Exception):
    """A start cannot go on; the text is one line that says what to do."""
