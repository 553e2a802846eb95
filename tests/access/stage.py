"""A whole company in one transaction: the cast, what each tenant holds, and marks on every row.

Made by the cast through the services. The mark of a row names the tenants that may know of it,
so that a mark in the wrong answer is a leak, whatever page it is on.
"""

import re
from dataclasses import dataclass, field
from datetime import timedelta

from django.contrib.auth.models import Group
from django.db import transaction
from django.test import Client
from django.utils import timezone

from compute.endpoints.lifecycle import EndpointStatus
from compute.endpoints.models import Endpoint, Route
from compute.jobs import services as jobs
from marketplace.access import services as access
from marketplace.catalog import services as catalog
from marketplace.catalog.index import Synonym
from marketplace.catalog.lifecycle import ModelStatus
from marketplace.catalog.models import AIModel, Visibility
from marketplace.feedback import services as feedback
from marketplace.imports import services as imports
from marketplace.service_levels.models import Target
from portal.audit.models import Event
from portal.core import tenancy
from portal.notices import services as notices
from tenants.chargeback import services as chargeback
from tenants.chargeback.models import Statement
from tenants.directory.models import Membership, User
from tenants.directory.roles import PlatformRole, TenantRole
from tenants.keys import services as keys
from tests import factories
from tests.compute.fleet import Fleet, node
from tests.compute.jobs import stage as hall
from tests.conftest import person
from tests.tenants.chargeback.book import used

MARK = re.compile(r"qx-([a-z]+(?:-[a-z]+)*)-xq", re.IGNORECASE)
QUANTITIES = {("claims", "vision"): 645_231, ("retail", "bank"): 918_273}
CAST = {
    "owner": ("vision", TenantRole.OWNER, ""),
    "second_owner": ("vision", TenantRole.OWNER, ""),
    "publisher": ("vision", TenantRole.PUBLISHER, ""),
    "colleague": ("vision", TenantRole.CONSUMER, ""),
    "consumer": ("claims", TenantRole.CONSUMER, ""),
    "stranger": ("retail", TenantRole.CONSUMER, ""),
    "clerk": ("retail", TenantRole.CONSUMER, ""),
    "banker": ("bank", TenantRole.OWNER, ""),
    "operator": ("", "", PlatformRole.OPERATOR),
    "governor": ("", "", PlatformRole.GOVERNANCE),
    "finance": ("", "", PlatformRole.FINANCE),
    "auditor": ("", "", PlatformRole.AUDITOR),
}


def mark(*tenants: str) -> str:
    """Words that only `tenants` may read."""
    return f"qx-{'-'.join(sorted(tenants))}-xq"


@dataclass
class Story:
    """What one side of the company has: `ours` is vision and claims, `theirs` retail and bank."""

    provider: str
    user: str
    model: object = None
    things: dict = field(default_factory=dict)


class Stage:
    """The people, their two stories, and a browser for each."""

    def __init__(self):
        self.tenants, self.people = {}, {}
        self._people()
        self.stories = {
            "ours": self._tell("vision", "claims", asks="consumer", helper="colleague"),
            "theirs": self._tell("bank", "retail", asks="clerk", helper="clerk"),
        }
        self._doors()

    def user(self, name: str) -> User:
        """The person as they are now; nothing is remembered from the request before."""
        return User.objects.get(username=name)

    def tenants_of(self, name: str) -> set[str]:
        """The tenants of this person, whose marks are all they may meet."""
        return set(
            Membership.objects.filter(user__username=name).values_list("tenant__slug", flat=True)
        )

    def browser(self, name: str, **more) -> Client:
        """A browser in which this person is signed in; `anonymous` is not."""
        client = Client(raise_request_exception=False, **more)
        if name in self.cookies:
            client.cookies.load({"sessionid": self.cookies[name]})
        return client

    def _people(self) -> None:
        for role in PlatformRole:
            Group.objects.get_or_create(name=role.group_name)
        self.tenants["bank"] = bank = factories.tenant("bank")
        for slug in ("vision", "claims", "retail"):
            parent = None if slug == "retail" else bank
            self.tenants[slug] = factories.tenant(slug, parent=parent)
        for name, (tenant, role, platform) in CAST.items():
            self.people[name] = person(name, self.tenants.get(tenant), role, platform)

    def _tell(self, provider: str, user: str, *, asks: str, helper: str) -> Story:
        made = Story(provider, user)
        self._models(made)
        self._hardware(made)
        self._use(made, self.user(asks))
        self._run(made, self.user(asks))
        self._find(made, self.user(asks))
        owner, holder = self.tenants[provider], self.tenants[user]
        seat = Membership.objects.get(user__username=helper)
        made.things |= {
            "tenant": {"slug": owner.slug},
            "holder": {"slug": holder.slug},
            "import": {"pk": self._file(made).pk},
            "link": {"uidb36": "1", "key": "not-a-key"},
            "sheet": {"shape": "csv"},
            "room": {"app_label": "tenants"},
            "elsewhere": {"url": "elsewhere"},
            "person": {"username": helper},
            "seat": {"pk": seat.pk, "slug": seat.tenant.slug, "member": seat.pk},
        }
        return made

    def _file(self, made: Story):
        """A file that waits for its columns to be settled; the platform's own, for both sides."""
        rows = f"source,name\nzoo,eyes of {made.provider}\n".encode()
        return imports.upload(f"{made.provider}.csv", rows, by=self.user("operator"))

    def _models(self, made: Story) -> None:
        owner, known = self.tenants[made.provider], mark(made.provider, made.user)
        made.model = factories.model(
            f"eyes-{known}", owner, visibility=Visibility.NOBODY, card=f"# Card {known}",
            contact=owner.contact,
        )  # fmt: skip
        by = self._boss(made.provider)
        catalog.list_to(
            made.model, by=by, visibility=Visibility.NAMED, tenants=[self.tenants[made.user]]
        )
        access.give_standing(made.model)
        hidden = {"visibility": Visibility.NOBODY, "summary": mark(made.provider)}
        draft = factories.model(
            f"draft-{made.provider}", owner, status=ModelStatus.DRAFT, **hidden
        )
        retired = factories.model(
            f"past-{made.provider}", owner, status=ModelStatus.RETIRED, **hidden
        )
        waiting = AIModel.objects.create(
            slug=f"waiting-{made.provider}", registry_name=f"waiting-{made.provider}",
            name="Waiting", proposed_tenant=made.provider, **hidden,
        )  # fmt: skip
        factories.version(waiting, 1)
        named = {"model": made.model, "draft": draft, "retired": retired, "waiting": waiting}
        made.things |= {kind: {"slug": m.slug, "number": 1} for kind, m in named.items()}
        self._serve(made, owner)

    def _run(self, made: Story, asker: User) -> None:
        """A job of the team that uses the model, on hardware of the team that owns it."""
        known, tenant = mark(made.user), self.tenants[made.user]
        hardware = hall.flavour(hall.cluster(self.tenants[made.provider], made.provider))
        hall.quota(tenant, hardware)
        with tenancy.acting_as(asker):
            job = hall.ask(tenant, asker, name=f"Train {known}", variables={"NOTE": known})
            kept = jobs.write_template(tenant, by=asker, name=f"Nightly {known}", asks={})
            line = [{"slug": "prepare", "command": ["true"], "needs": {"gpus": 1}}]
            flow = jobs.start_pipeline(tenant, by=asker, name=f"Flow {known}", steps=line)
        made.things |= {
            "job": {"pk": job.pk}, "template": {"pk": kept.pk}, "pipeline": {"pk": flow.pk},
        }  # fmt: skip

    def _hardware(self, made: Story) -> None:
        """A cluster that the provider offers, with a place for the user; who holds its node is
        for those alone who run the platform or prove things."""
        fleet = Fleet(self.tenants[made.provider], f"hall-{made.provider}").has(
            node(f"n-{made.provider}")
        )
        flavour, place = fleet.cluster.flavours.get(), fleet.queue(self.tenants[made.user])
        machine = fleet.cluster.nodes.get()
        machine.holdings = [{"job": f"j-{mark('platform')}", "tenant": "-", "gpus": "8"}]
        machine.save()
        here = {"cluster": fleet.cluster.slug}
        made.things |= {
            "cluster": here | {"pk": fleet.cluster.slug},
            "flavour": here | {"pk": flavour.pk, "slug": flavour.slug},
            "node": {"pk": machine.pk},
            "queue": here | {"pk": place.pk, "tenant": made.user},
            "quota": {"pk": place.quotas.get().pk},
        }

    def _find(self, made: Story, asker: User) -> None:
        """What a search leaves behind: a view that is kept, a wish, words that mean the same."""
        view = catalog.keep_view(by=asker, name=f"kept {mark(made.user)}", query="task=ocr")
        with tenancy.acting_as(asker):
            wish = catalog.want(
                by=asker, tenant=self.tenants[made.user], title="Wanted", need="For the walk"
            )
        made.things |= {
            "view": {"pk": view.pk},
            "wish": {"pk": wish.pk},
            "synonym": {"pk": self._synonym().pk},
        }

    def _synonym(self) -> Synonym:
        """One group of words; other tests may have emptied the table."""
        found = Synonym.objects.first()
        return found or catalog.add_synonyms(by=self.user("governor"), terms=["bill", "invoice"])

    def _boss(self, tenant: str) -> User:
        return self.user({"vision": "owner", "bank": "banker"}[tenant])

    def _serve(self, made: Story, owner) -> None:
        endpoint = Endpoint.objects.create(
            tenant=owner, model=made.model, version=made.model.versions.get(),
            region=made.model.region, status=EndpointStatus.READY,
            reason=f"Ready, {mark(made.provider)}",
        )  # fmt: skip
        Route.objects.create(model=made.model, environment="production", endpoint=endpoint)
        Target.objects.create(model=made.model)
        price = chargeback.price_in_force(made.model.pk)
        made.things |= {
            "endpoint": {"pk": endpoint.pk},
            "price": {"pk": price.pk, "model_id": made.model.pk},
        }

    def _use(self, made: Story, asker: User) -> None:
        known, tenant = mark(made.provider, made.user), self.tenants[made.user]
        boss = self._boss(made.provider)
        asked = {"expected_calls_per_month": 100, "duration_days": 30, "by": asker}
        with tenancy.acting_as(asker):
            open_request = access.submit(
                made.model, tenant, environment="staging", purpose=f"Try {known}", **asked
            )
            decided = access.submit(
                made.model, tenant, environment="production", purpose=f"Use {known}", **asked
            )
            key, _ = keys.issue(
                tenant, by=asker, name=f"nightly {mark(made.user)}", scopes=["predict"]
            )
        with tenancy.acting_as(boss):
            grant = access.approve(decided, by=boss, digest=None, note=f"Fine, {known}")
        told = notices.tell(
            [asker], tenant=tenant, title=f"Told {mark(made.user)}", href="/access/"
        )
        made.things |= {
            "request": {"pk": open_request.pk},
            "decided": {"pk": decided.pk},
            "grant": {"pk": grant.pk},
            "key": {"pk": key.pk},
            "notice": {"pk": told[0].pk},
        }
        self._speak(made, asker, known)
        self._spend(made, tenant, key)
        self._trail(made)

    def _speak(self, made: Story, asker: User, known: str) -> None:
        with tenancy.acting_as(asker):
            feedback.rate(made.model, by=asker, stars=4, sentence=f"Fine {known}")
            report = feedback.report(
                made.model, by=asker, title=f"Wrong {known}", text=known, example=known, version=1
            )
            feedback.reply(report, by=asker, text=f"More {known}")
        made.things["report"] = {"pk": report.pk}

    def _spend(self, made: Story, tenant, key) -> None:
        whose = {"key_id": key.pk, "holder_id": key.holder_id}
        call = used(made.model, tenant, QUANTITIES[made.user, made.provider], **whose)
        back = f"Back, {mark(made.user)}"
        chargeback.correct(call.pk, by=self.user("finance"), nano=-1000, note=back)
        month = timezone.now().date().replace(day=1)
        last = (month - timedelta(days=1)).replace(day=1)
        lines = chargeback.statement_of(tenant, month).lines
        closed = Statement.objects.create(tenant=tenant, period=last, lines=lines, total_nano=1)
        made.things |= {
            "call": {"pk": call.pk},
            "statement": {"pk": closed.pk, "slug": tenant.slug, "month": f"{last:%Y-%m}"},
        }

    def _trail(self, made: Story) -> None:
        event = Event.objects.about(made.model).newest_first()[0]
        made.things["event"] = {"reference": event.reference, "id": event.reference}
        made.things["story"] = {"kind": "marketplace.aimodel", "key": made.model.pk}

    def _doors(self) -> None:
        """Sign everybody in once, and let the first visit do what only first visits do."""
        self.cookies = {}
        for name in CAST:
            client = Client()
            client.force_login(self.people[name])
            client.get("/healthz")
            self.cookies[name] = client.cookies["sessionid"].value


def held_stage():
    """The stage inside a transaction that is undone at the end; outside of requests, no reach."""
    with transaction.atomic():
        tenancy.enter(tenancy.EVERYTHING)
        made = Stage()
        tenancy.enter("")
        yield made
        transaction.set_rollback(True)
