"""A series: jobs that differ in their variables alone, submitted at once and cheaply."""

from django.db import transaction

from compute.jobs import limits, variables
from compute.jobs.models import Job
from compute.jobs.services import asking, told
from compute.jobs.services.templates import require_in_use
from portal.core.background import after_commit
from portal.core.errors import Refused
from portal.core.ids import new_id
from tenants.directory.models import Tenant

NAME = Job._meta.get_field("name").max_length


@transaction.atomic
def submit_series(
    tenant: Tenant, *, by, each: list[dict[str, str]], name: str, command, image: str = "",
    template=None, **asks,
) -> list[Job]:  # fmt: skip
    """`submit` for every entry of `each`, in this order: variables laid over the common ones.

    All of them or none. Raises as `submit` does; for a wrong entry `Refused` at `each.<place>`,
    counted from 0.
    """
    if template is not None:
        require_in_use(template)
    facts = {"name": name, "command": command, "image": image} | asks
    model, flavours = asking.accepted(tenant, by, facts, template=template)
    jobs = _jobs_like(model, _laid_over(model.variables, each))
    asking.write(jobs, flavours, by=by)
    told.listed(jobs)
    after_commit("jobs.order", job_id=str(jobs[-1].pk))  # and with the last all before it
    return jobs


def stem_of(name: str, count: int) -> str:
    """What the names of a series of so many have in common: `name`, cut where it is too long."""
    return name[: NAME - len(f" {count}/{count}")].rstrip()


def _jobs_like(model: Job, each: list[dict[str, str]]) -> list[Job]:
    same = asking.asks_of(model) | {
        "tenant": model.tenant, "person": model.person, "template": model.template,
        "cluster": model.cluster,
    }  # fmt: skip
    count, stem = len(each), stem_of(model.name, len(each))
    ids = sorted(new_id() for _ in each)  # lists are in the order of ids
    same |= {"series": ids[0]}
    return [
        Job(**same | {"pk": pk, "name": f"{stem} {number}/{count}", "variables": own})
        for number, (pk, own) in enumerate(zip(ids, each, strict=True), 1)
    ]


def _laid_over(common: dict[str, str], each) -> list[dict[str, str]]:
    """The variables of each job, checked."""
    if not isinstance(each, list | tuple) or not 1 <= len(each) <= limits.MOST_SERIES:
        words = f"Give the variables of 1 to {limits.MOST_SERIES} jobs."
        raise Refused(words, field="each")
    found = []
    for place, own in enumerate(each):
        try:
            variables.check(own)
            found.append(common | own)
            variables.check_count(found[-1])
        except ValueError as wrong:
            raise Refused(f"Job {place + 1}: {wrong}", field=f"each.{place}") from None
    return found
