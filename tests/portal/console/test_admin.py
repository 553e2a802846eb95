"""The Django admin: rows to read for operators and governance, and nothing to save."""

import pytest
from django.apps import apps
from django.contrib import admin
from django.urls import reverse

from portal.audit.models import Event
from portal.vault import services as vault
from tests.portal.people import signed_in

STOREYS = ("portal", "tenants", "marketplace", "compute")
ELSEWHERE = {
    "portal.event",  # the audit trail's own pages
    "portal.idempotentanswer",
    "tenants.posting",  # the ledger's own pages
    "marketplace.aimodelgrouppermission",
    "marketplace.aimodeluserpermission",
    "compute.logline",  # on the page of its job; keys of several columns
    "compute.measure",
}
HIDDEN = {"digest", "pepper", "sealed", "password", "is_superuser", "is_staff"}


def ours() -> list:
    tables = [kind for name in STOREYS for kind in apps.get_app_config(name).get_models()]
    return [kind for kind in tables if kind._meta.label_lower not in ELSEWHERE]


def test_every_table_is_in_the_console_or_named_as_elsewhere():
    registered = {kind._meta.label_lower for kind in admin.site._registry}
    assert {kind._meta.label_lower for kind in ours()} <= registered
    assert not registered & ELSEWHERE


@pytest.mark.parametrize("who", ["operator", "governor"])
def test_those_who_run_and_watch_read_every_table(client, request, model, consumer, who):
    page = signed_in(client, request.getfixturevalue(who))
    assert page.get("/admin/").status_code == 200
    for kind in ours():
        name = f"admin:{kind._meta.app_label}_{kind._meta.model_name}_changelist"
        assert page.get(reverse(name), {"q": "digits"}).status_code == 200, name


def test_rows_open_without_their_secrets(client, operator, consumer, vision):
    vault.keep(vision, "token", "a secret value")
    page = signed_in(client, operator)
    for row in (consumer, vision):
        name = f"admin:{row._meta.app_label}_{row._meta.model_name}_change"
        answer = page.get(reverse(name, args=[row.pk]))
        assert answer.status_code == 200 and b"pbkdf2" not in answer.content
    for table in admin.site._registry.values():
        if table.model in ours():
            assert not HIDDEN & set(table.get_fields(None)) - {"id"}


@pytest.mark.parametrize("verb", ["add/", "{pk}/change/", "{pk}/delete/"])
def test_nothing_is_saved_here(client, operator, vision, verb):
    path = f"/admin/tenants/tenant/{verb.format(pk=vision.pk)}"
    answer = signed_in(client, operator).post(path, {"slug": "changed", "name": "Changed"})
    assert answer.status_code == 403
    vision.refresh_from_db()
    assert vision.slug == "vision"


def test_no_action_touches_many_rows(client, operator, vision):
    told = {"action": "delete_selected", "_selected_action": [str(vision.pk)]}
    signed_in(client, operator).post("/admin/tenants/tenant/", told)
    assert type(vision).objects.filter(pk=vision.pk).exists()


@pytest.mark.parametrize("who", ["owner", "consumer", "finance", "auditor"])
def test_others_are_refused_and_it_is_written_down(client, request, who):
    user = request.getfixturevalue(who)
    answer = signed_in(client, user).get("/admin/tenants/tenant/", follow=True)
    assert answer.status_code == 403
    assert Event.objects.about(user).newest_first().first().verb == "denied open the console"


def test_being_a_superuser_opens_nothing(client, stranger):
    stranger.is_staff = stranger.is_superuser = True
    stranger.save()
    assert signed_in(client, stranger).get("/admin/", follow=True).status_code == 403


def test_strangers_come_to_our_own_door(client, db):
    answer = client.get("/admin/", follow=True)
    assert answer.request["PATH_INFO"] == "/accounts/login/"


def test_the_history_of_a_row_is_in_the_trail(client, operator, vision):
    answer = signed_in(client, operator).get(f"/admin/tenants/tenant/{vision.pk}/history/")
    assert answer["Location"] == f"/audit/story/tenants.tenant/{vision.pk}/"
