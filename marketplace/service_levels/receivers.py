"""A model that is published promises something from its first minute."""

from django.dispatch import receiver

from marketplace.service_levels import services
from portal.core import events


@receiver(events.model_published, dispatch_uid="service_levels.give_targets")
def give_target(sender, model_id: str, **facts) -> None:
    services.give_targets()
