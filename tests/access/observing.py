"""What an address without a row answers now: lines to judge, and then to put into a table."""

from tests.access import policy
from tests.access.addresses import Address
from tests.access.walking import METHODS, Walker, body_for, values_of

KINDS = {
    "/key/{uidb36}": "link", "export.{shape}": "sheet", "/prices/": "price",
    "/feedback/{pk}": "report", "/grants/": "grant",
    "/access-requests/": "request", "/requests/": "request",
    "/imports/": "import",
    "/claim/": "waiting", "/restore/": "retired", "/models/": "model", "keys/": "key",
    "/service-levels/": "model", "/people/": "person", "/users/": "person",
    "/members/": "seat", "/memberships/": "seat", "/tenants/": "tenant",
    "/story/": "story", "/events/": "event", "/notices/": "notice",
    "/notifications/": "notice", "/job-templates/": "template", "/jobs/templates/": "template",
    "/pipelines/": "pipeline", "/jobs/": "job",
    "/statements/": "statement", "/endpoints/": "endpoint",
}  # fmt: skip


def observed(walker: Walker, address: Address) -> str:
    """The lines of `address` for every method that anybody gets an answer to."""
    about, samples = "-", ("-",)
    if address.names:
        about, samples = kind_of(address, walker.stage), ("ours", "theirs")
    if about is None:
        return f"say in stage.py what {address.names} are, and in observing.py where they stand"
    return "\n".join(_lines(walker, address, about, samples))


def kind_of(address: Address, stage) -> str | None:
    """The kind of thing that the address is about, as far as its path tells."""
    things = stage.stories["ours"].things
    likely = [kind for part, kind in KINDS.items() if part in address.path]
    return next((kind for kind in likely if set(address.names) <= set(things[kind])), None)


def _lines(walker: Walker, address: Address, about: str, samples):
    for method in METHODS:
        for sample in samples:
            place = address.at(values_of(walker.stage, address, about, sample))
            body = body_for(walker.stage, address.path, method, sample)
            words = [walker.ask(name, method, place, body=body).word for name in policy.PEOPLE]
            if set(words) - {"login", "no-method"} and method != "HEAD":
                yield policy.line(address.path, about, sample, method, words)
