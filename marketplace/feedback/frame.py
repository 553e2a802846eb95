"""What feedback puts into the navigation, and beside the card of a model."""

from marketplace.catalog import known
from marketplace.feedback import reading
from marketplace.feedback.models import Report
from portal.core import shell
from tenants.directory.roles import TenantRole


def waiting(user) -> int:
    """Reports that this person has not answered yet."""
    if not user.tenants_as(TenantRole.PUBLISHER):
        return 0
    return Report.objects.visible_to(user).waiting_for(user).count()


def concerned(user) -> bool:
    return user.reads_trail or bool(user.standing)


shell.register(
    verb="Use",
    order=30,
    label="Problem reports",
    url_name="feedback:list",
    icon="flag",
    shown=concerned,
    tally=waiting,
)


def problems(model, user) -> known.Feedback:
    """Stars and open problems of one model, as this person may know them."""
    seen = reading.opinion(model, user)
    rows = reading.reports(model, user, status="unsolved")
    worst = reading.page(rows, 0, 3, user)[0] if seen.open else []
    told = tuple((problem.title, problem.get_absolute_url()) for problem in worst)
    return known.Feedback(seen.average, seen.count, seen.open, told)


known.connect("feedback", problems)
