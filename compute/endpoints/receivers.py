"""A model was published or offers another version: serve it. The sweep repairs what is missed."""

from django.dispatch import receiver

from portal.core import events
from portal.core.background import after_commit


@receiver(events.model_published, dispatch_uid="endpoints.follow_published")
def follow_published(sender, *, model_id, **kwargs) -> None:
    after_commit("endpoints.follow", model_id=model_id)


@receiver(events.access_changed, dispatch_uid="endpoints.follow_changed")
def follow_changed(sender, *, model_id, **kwargs) -> None:
    after_commit("endpoints.follow", model_id=model_id)
