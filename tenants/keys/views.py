"""Pages of keys: what I hold, a new one, rotate, revoke."""

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import F, Q
from django.http import HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.generic import DetailView, FormView, ListView

from portal.audit.models import Event
from portal.core.ids import new_id
from portal.web.views import Act, Page, RefusalsInForm
from tenants.directory.chosen import slug_wanted
from tenants.directory.roles import TenantRole
from tenants.keys import reach, services
from tenants.keys.forms import KeyForm, RotateForm, seats_of
from tenants.keys.models import ApiKey, Scope

SORTS = {
    "name": F("name").asc(),
    "-name": F("name").desc(),
    "used": F("last_used_at").asc(nulls_first=True),
    "-used": F("last_used_at").desc(nulls_last=True),
    "ends": F("expires_at").asc(),
    "-ends": F("expires_at").desc(),
}


def keys_for(user):
    """The keys that this person may see, as pages need them."""
    rows = ApiKey.objects.visible_to(user).made_by_people().with_successor()
    return rows.select_related("tenant", "holder")


class Keys(Page, ListView):
    """The keys a person holds; owners and staff also see those of others."""

    template_name = "tenants/keys/list.html"
    paginate_by = 25

    def get_queryset(self):
        rows, asked = keys_for(self.request.user), self.request.GET
        rows = rows.ended() if asked.get("show") == "ended" else rows.in_force()
        if tenant := slug_wanted(self.request):
            rows = rows.filter(tenant__slug=tenant)
        if asked.get("whose") == "mine":
            rows = rows.filter(holder=self.request.user)
        if text := asked.get("q", "").replace("\0", "").strip():
            wanted = Q(name__icontains=text) | Q(tenant__slug=text)
            public = text.removeprefix("mw_live_")
            rows = rows.filter(wanted | Q(holder__username=text) | Q(public_id__startswith=public))
        return rows.order_by(SORTS.get(asked.get("sort", ""), F("id").desc()), "-id")

    def get_context_data(self, **kwargs):
        user = self.request.user
        everyones = user.reads_trail or bool(user.tenants_as(TenantRole.OWNER))
        any_at_all = keys_for(user).exists()
        more = {"everyones": everyones, "any_at_all": any_at_all, "seats": seats_of(user)}
        context = super().get_context_data(**more, **kwargs)
        name_models(user, context["page_obj"].object_list)
        return context


class Key(Page, DetailView):
    """One key: its reach, its end, what happened to it."""

    template_name = "tenants/keys/key.html"
    context_object_name = "key"

    def get_queryset(self):
        return keys_for(self.request.user)

    def get_context_data(self, **kwargs):
        user, key = self.request.user, self.object
        name_models(user, [key])
        holds = key.holder_id == user.pk
        ends = holds or user.may(TenantRole.OWNER, key.tenant) or user.is_operator
        more = {
            "may_rotate": key.in_force and holds and not key.replaced,
            "may_revoke": key.in_force and (ends or user.is_governor),
            "refused": lacking(user, key) if key.in_force else {},
            "scopes": [Scope(scope).label for scope in key.scopes],
            "successor": keys_for(user).filter(rotated_from_id=key.pk).first(),
            "predecessor": keys_for(user).filter(pk=key.rotated_from_id).first(),
            "events": timeline(Event.objects.visible_to(user).about(key).newest_first()[:20]),
        }
        return super().get_context_data(**more, **kwargs)


@method_decorator(never_cache, name="dispatch")
class MakeKey(Page, RefusalsInForm, FormView):
    """A new key; the answer shows its text, once."""

    template_name = "tenants/keys/make.html"
    form_class = KeyForm

    def get_form_kwargs(self):
        return super().get_form_kwargs() | {"user": self.request.user}

    def get_initial(self):
        asked = self.request.GET
        tenant = seats_of(self.request.user).filter(slug=slug_wanted(self.request)).first()
        chosen = {"models": asked.getlist("model")}
        return chosen | ({"tenant": tenant} if tenant else {})

    def get_context_data(self, **kwargs):
        return super().get_context_data(once=new_id(), **kwargs)

    def do(self, form):
        facts = form.cleaned_data
        if self.sent_before():
            messages.warning(self.request, "This key is made already. It is not shown again.")
            return HttpResponseRedirect(reverse("keys:list"))
        key, text = services.issue(
            facts["tenant"],
            by=self.request.user,
            name=facts["name"],
            scopes=facts["scopes"],
            model_slugs=facts.get("models", ()),
            expires_in_days=facts["expires_in_days"],
        )
        return shown_once(self.request, key, text)

    def sent_before(self) -> bool:
        """Whether this very form was sent: a reloaded answer must not make a second key."""
        once = self.request.POST.get("once", "")[:36]
        sent = self.request.session.get("keys_made", [])
        self.request.session["keys_made"] = [*sent, once][-20:]
        return bool(once) and once in sent


@method_decorator(never_cache, name="dispatch")
class RotateKey(Page, RefusalsInForm, FormView):
    """The successor of a key; the answer shows its text, once."""

    template_name = "tenants/keys/rotate.html"
    form_class = RotateForm

    def get_context_data(self, **kwargs):
        return super().get_context_data(key=self.get_key(), **kwargs)

    def get_key(self) -> ApiKey:
        key = get_object_or_404(keys_for(self.request.user), pk=self.kwargs["pk"])
        if key.holder_id != self.request.user.pk:
            raise PermissionDenied("Only the holder of a key can rotate it.")
        return key

    def do(self, form):
        old = self.get_key()
        overlap = form.cleaned_data["overlap_seconds"]
        key, text = services.rotate(old, by=self.request.user, overlap_seconds=overlap)
        return shown_once(self.request, key, text, old=old)


class RevokeKey(Act):
    """End a key now."""

    def get_subject(self):
        return get_object_or_404(keys_for(self.request.user), pk=self.kwargs["pk"])

    def act(self, subject) -> str:
        note = self.request.POST.get("reason", "").replace("\0", "").strip()[:1000]
        services.revoke(subject, by=self.request.user, note=note)
        return f"{subject.name} is revoked. Calls with it are refused within a second."


def shown_once(request, key: ApiKey, text: str, old: ApiKey | None = None):
    """The only page that shows the text of a key; it is in no address and in no store."""
    held = reach.held_by([key.tenant]).get(key.tenant_id, [])
    slug = next(iter(key.model_slugs or held), "")
    facts = {"key": key, "text": text, "old": old, "slug": slug, "examples": examples(text, slug)}
    facts["refused"] = lacking(request.user, key)
    facts["model_name"] = reach.names_of(request.user, [slug]).get(slug, slug)
    facts["api"] = Scope.API in key.scopes
    facts["predict"] = Scope.PREDICT in key.scopes
    return render(request, "tenants/keys/made.html", facts)


def name_models(user, keys) -> None:
    """Give each of `keys` its `models`: the names of those it is limited to."""
    names = reach.names_of(user, [slug for key in keys for slug in key.model_slugs])
    for key in keys:
        key.models = [names[slug] for slug in key.model_slugs]


def lacking(user, key: ApiKey) -> dict[str, str]:
    """The names, by slug, of models that refuse this key until access is given."""
    return reach.names_of(user, services.refused_models(key))


def examples(text: str, slug: str) -> dict[str, str]:
    """A line to paste for each scope."""
    sign_in = f"  -H 'Authorization: Bearer {text}'"
    return {
        "predict": f"curl -sS {settings.GATEWAY_URL}/v2/models/{slug or 'MODEL'} \\\n{sign_in}",
        "api": f"curl -sS {settings.PORTAL_URL}/api/v1/models/ \\\n{sign_in}",
    }


def timeline(events) -> list[dict]:
    """Lines of the trail as the timeline shows them."""
    marks = {"issued": ("ok", "key"), "rotated": ("ok", "refresh"), "revoked": ("bad", "bad")}
    return [
        {
            "tone": marks.get(event.verb, ("", ""))[0],
            "icon": marks.get(event.verb, ("", "idle"))[1],
            "title": event.verb.capitalize(),
            "by": event.actor,
            "at": event.at,
            "text": event.facts["note"],
        }
        for event in events
    ]
