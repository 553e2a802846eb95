"""A world of committed rows around one model, for a gateway with connections of its own."""

import secrets
import time
from contextlib import contextmanager
from decimal import Decimal

from django.conf import settings
from django.utils import timezone

from compute.endpoints.lifecycle import EndpointStatus
from compute.endpoints.models import Endpoint, Route
from marketplace.access.models import Grant
from portal.core import tenancy
from portal.vault import services as vault
from tenants.chargeback.models import Call, Posting, Price
from tenants.directory import services as directory
from tenants.directory.roles import TenantRole
from tenants.keys import format
from tenants.keys.models import ApiKey
from tests import factories
from tests.compute.gateway.server import Heard, send
from tests.compute.gateway.upstream import ScriptedWorker

V2_BODY = {"inputs": [{"name": "x", "datatype": "FP64", "shape": [3, 2], "data": [0.0] * 6}]}
MLFLOW_BODY = {"dataframe_split": {"columns": ["a", "b"], "data": [[1, 2], [3, 4]]}}


class Stage:
    """A provider, a consumer with a key and a grant, a model at one worker."""

    def __init__(self, port: int, worker: ScriptedWorker):
        self.port, self.worker = port, worker
        self.slug = f"m-{secrets.token_hex(4)}"
        with system():
            self._set_up()

    def _set_up(self) -> None:
        name = self.slug
        self.division = factories.tenant(f"{name}-d")
        self.provider = factories.tenant(f"{name}-p", parent=self.division)
        self.consumer = factories.tenant(f"{name}-c", parent=self.division)
        self.person = directory.enrol(name, by=None, email=f"{name}@example.org")
        self.seat = directory.seat(self.person, self.consumer, TenantRole.CONSUMER, by=None)
        self.model = factories.model(name, self.provider, visibility="nobody")
        self.endpoint = self.serve(self.model.versions.get(), "production")
        self.grant = self.give(self.consumer, "production")
        self.key, self.text = self.make_key(self.consumer, self.person)

    def serve(self, version, *environments) -> Endpoint:
        made = Endpoint.objects.create(
            tenant=self.provider,
            model=self.model,
            version=version,
            region=self.model.region,
            status=EndpointStatus.READY,
            address=self.worker.address,
        )
        vault.keep(made, "token", self.worker.token)
        for environment in environments:
            Route.objects.create(model=self.model, environment=environment, endpoint=made)
        return made

    def give(self, tenant, environment, **more) -> Grant:
        facts = {"provider": self.provider, "model": self.model, "environment": environment}
        return Grant.objects.create(tenant=tenant, **facts, **more)

    def make_key(self, tenant, person, **more) -> tuple[ApiKey, str]:
        parts, text = format.mint()
        pepper = settings.KEY_PEPPER_IN_USE
        facts = {
            "name": "test",
            "scopes": ["predict"],
            "expires_at": timezone.now().replace(year=2099),
        }
        key = ApiKey.objects.create(
            tenant=tenant,
            holder=person,
            public_id=parts.public_id,
            digest=vault.digest(parts.secret, pepper=pepper),
            pepper=pepper,
            **facts | more,
        )
        return key, text

    def predict(self, body=V2_BODY, *, key=None, name=None, **headers) -> Heard:
        path = f"/v2/models/{name or self.slug}/infer"
        return self.send("POST", path, body, key=key, **headers)

    def score(self, body=MLFLOW_BODY, *, key=None, name=None, **headers) -> Heard:
        return self.send(
            "POST", f"/serve/{name or self.slug}/invocations", body, key=key, **headers
        )

    def send(self, method, path, body=None, *, key=None, **headers) -> Heard:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        authorization = {"Authorization": f"Bearer {self.text if key is None else key}"}
        return send(self.port, method, path, body, authorization | named)

    def change(self, row, **columns) -> None:
        """Change committed columns, as another process would."""
        with system():
            type(row)._base_manager.filter(pk=row.pk).update(**columns)

    def reprice(self, amount: str | None, per=1000, meter="predictions") -> Price | None:
        """End the price in force; set another one unless `amount` is None."""
        with system():
            old = Price.objects.filter(model_id=self.model.pk).latest("version")
            Price.objects.filter(pk=old.pk).update(valid_to=timezone.now())
            if amount is None:
                return None
            facts = {name: getattr(old, name) for name in ("tenant", "model_id", "model_slug")}
            made = Price.objects.create(
                version=old.version + 1,
                amount=Decimal(amount),
                per=per,
                meter=meter,
                valid_from=timezone.now(),
                **facts,
            )
            return Price.objects.get(pk=made.pk)

    def call(self, heard: Heard, *, ended=True) -> Call:
        """The row of a call; waits until it has ended, as the page of usage would."""
        return wait_for(lambda: self._row(heard.headers["x-request-id"], ended))

    def calls(self) -> list[Call]:
        with system():
            return list(Call.objects.filter(model_id=self.model.pk))

    def postings(self, call: Call) -> list[Posting]:
        with system():
            return list(Posting.objects.filter(transaction=call.pk).order_by("line"))

    def _row(self, identifier, ended) -> Call | None:
        with system():
            row = Call.objects.filter(pk=identifier).first()
        return row if row and (row.ended_as or not ended) else None


@contextmanager
def system():
    with tenancy.as_system():
        yield


def wait_for(look, patience: float = 15.0):
    """What `look` finds; events are waited for, never slept over."""
    until = time.monotonic() + patience
    while time.monotonic() < until:
        if found := look():
            return found
        time.sleep(0.01)
    raise AssertionError("it did not happen")
