"""A model was published: its owner may call it at once. The sweep repairs what is missed."""

from django.dispatch import receiver

from marketplace.access import services
from marketplace.catalog.models import AIModel
from portal.core import events


@receiver(events.model_published, dispatch_uid="access.give_standing")
def give_standing(sender, *, model_id, **kwargs) -> None:
    services.give_standing(AIModel._base_manager.get(pk=model_id))
