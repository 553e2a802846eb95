"""Stars and a sentence."""

from django.db import transaction

from marketplace.catalog.models import AIModel
from marketplace.feedback.models import STARS, Rating
from marketplace.feedback.services import rules, told
from portal.audit.services import record
from portal.core import tenancy
from portal.core.errors import Refused
from tenants.directory.models import Tenant

ONLY = "Only people whose team may call the model, and does not own it, rate it."
LONGEST = Rating._meta.get_field("sentence").max_length


@transaction.atomic
def rate(model: AIModel, *, by, stars: int, sentence: str, tenant: Tenant | None = None) -> Rating:
    """Give `model` one to five stars, and say why; a second time replaces the first.

    For `tenant`, or the first of one's tenants that may call the model. 403 for everybody else
    and for the owning tenant. Publishers are told of a new rating.
    """
    speaker = rules.speaking_for(
        rules.raters(by, model), tenant, verb="rate", model=model, by=by, why=ONLY
    )
    if not STARS[0] <= stars <= STARS[1]:
        raise Refused(f"Give {STARS[0]} to {STARS[1]} stars.", field="stars")
    said = rules.words(
        sentence, LONGEST, "sentence", needed="Say in a sentence why.", one_line=True
    )
    given = {"stars": stars, "sentence": said, "version": model.followed_version}
    whose = {"tenant": speaker, "provider": model.tenant}
    with tenancy.as_system():  # the row may be of a team that this person has left
        before = Rating.objects.filter(model=model, person=by).first()
        rating, new = Rating.objects.update_or_create(
            model=model, person=by, defaults=given | whose
        )
    record("rated", rating, by=by, before=before.stars if before else None, after=stars)
    if new:
        told.of_rating(rating)
    return rating


@transaction.atomic
def take_back(rating: Rating, *, by) -> None:
    """Remove one's own rating."""
    if rating.person_id != by.pk or by.is_auditor:
        raise rules.denied("take back", rating, by=by, why="This rating is somebody else's.")
    record("took back a rating", rating.model, by=by, tenant=rating.tenant, before=rating.stars)
    rating.delete()
