"""The head that all pages about one model share; upper rooms put their tabs under it."""

from django.http import Http404

from marketplace.catalog.models import AIModel
from marketplace.catalog.rows import dress
from marketplace.catalog.services import watch
from tenants.directory.roles import TenantRole


def find(user, slug: str) -> AIModel:
    """The model of an address, dressed, with its tenant; 404 for what this person may not see."""
    seen = AIModel.objects.visible_to(user).select_related("tenant", "external")
    model = seen.defer("words").filter(slug=slug).first()
    if model is None:
        raise Http404
    dress([model], user)
    return model


def context(model: AIModel, user) -> dict:
    """What `marketplace/catalog/model.html` needs: the model, its tabs, what I may do with it.

    A page about a model extends that template and adds this to its context.
    """
    edits = user.may(TenantRole.PUBLISHER, model.tenant)
    found = {
        "model": model,
        "edits": edits,
        "claims": AIModel.objects.claimable_by(user).filter(pk=model.pk).exists(),
        "versions_count": model.versions.present().count(),
        "gone": bool(model.registry_gone_at),
        "versions_tab": None,
    }
    if edits or user.is_operator:
        seen = watch()
        found["registry"] = seen if seen.down_since or seen.starting else None
    return found
