"""The live page of a request: how it stands, read again whenever it moved."""

from django.template.loader import render_to_string

from marketplace.access import services as access
from marketplace.access.broadcast import group_of
from marketplace.access.models import AccessRequest
from marketplace.access.story import timeline
from portal.web.live import LivePage


class RequestLive(LivePage):
    """`live/requests/<id>/`: sends the state of the request as this person may see it now."""

    @property
    def wanted(self):
        return self.scope["url_route"]["kwargs"]["pk"]

    def groups_of(self, user) -> list[str]:
        return [group_of(self.wanted)]

    def look(self, user, what: str) -> str | None:
        seen = AccessRequest.objects.visible_to(user).to_show()
        asked = seen.filter(pk=self.wanted).first()
        if asked is None:
            return None
        context = {"asked": asked, "entries": timeline(asked), "live": True}
        grant = access.active_grant(asked.model_id, asked.tenant_id, asked.environment)
        mine = grant and grant.in_force and grant.request_id == asked.pk
        context |= {"deciders": access.deciders_of(asked), "grant": grant if mine else None}
        return render_to_string("marketplace/access/_state.html", context)
