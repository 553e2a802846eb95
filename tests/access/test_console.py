"""The console: who opens it, which tables it has, and that nothing is saved there."""

import pytest
from django.apps import apps
from django.contrib import admin

from portal.core import tenancy
from tests.access.addresses import CONSOLE, console_addresses
from tests.access.policy import PEOPLE
from tests.access.walking import UNSAFE

OPENS = {"governor", "operator"}
TABLES = {kind._meta.label_lower: kind for kind in admin.site._registry}
OWN_PAGES = {
    "/admin/", "/admin/autocomplete/", "/admin/jsi18n/", "/admin/login/", "/admin/logout/",
    "/admin/password_change/", "/admin/password_change/done/", "/admin/{app_label}/",
    "/admin/r/{content_type_id}/{object_id}/", "/admin/{url}",
}  # fmt: skip
OF_A_TABLE = {"", "add/", "{object_id}/", "{object_id}/change/", "{object_id}/delete/",
              "{object_id}/history/"}  # fmt: skip
DOORS = {"/admin/logout/", "/admin/password_change/", "/admin/password_change/done/"}
SAMPLES = {"app_label": "tenants", "content_type_id": "1", "object_id": "1", "url": "elsewhere"}
SHUT = {"auth.group", "account.emailaddress"}  # registered by libraries, opened by nobody
# Nobody needs a table of these to run the platform.
WITHOUT = {
    "admin.logentry", "auth.permission", "contenttypes.contenttype", "sessions.session",
    "portal.event", "portal.idempotentanswer", "account.emailconfirmation",
    "guardian.groupobjectpermission", "guardian.userobjectpermission",
    "marketplace.aimodelgrouppermission", "marketplace.aimodeluserpermission",
    "tenants.posting", "compute.logline", "compute.measure",
}  # fmt: skip


def test_the_console_has_these_addresses_and_no_other():
    expected = set(OWN_PAGES)
    for label in TABLES:
        expected |= {f"{CONSOLE}{label.replace('.', '/')}/{rest}" for rest in OF_A_TABLE}
    assert {address.path for address in console_addresses()} == expected


def test_every_table_is_in_the_console_or_left_out_on_purpose():
    everything = {kind._meta.label_lower for kind in apps.get_models()}
    assert everything - set(TABLES) - WITHOUT == set()


@pytest.mark.parametrize("path", sorted(OWN_PAGES))
def test_its_own_pages_open_to_few(walker, path):
    place = path.format(**SAMPLES)
    for name in PEOPLE:
        answer = walker.ask(name, "GET", place)
        assert answer.status < 500, (name, place)
        if name == "anonymous":
            assert answer.word in ("login", "ok") and (answer.word == "login" or path in DOORS)
        elif name not in OPENS and path not in DOORS:
            assert answer.word == "no", (name, place)


@pytest.mark.parametrize("label", sorted(TABLES))
def test_tables_open_to_few_and_save_nothing(walker, label):
    base, row = f"{CONSOLE}{label.replace('.', '/')}/", first_row(TABLES[label])
    for rest in ("", f"{row}/change/"):
        for name in PEOPLE:
            word = walker.ask(name, "GET", base + rest).word
            opens = name in OPENS and label not in SHUT
            wanted = "login" if name == "anonymous" else "ok" if opens else "no"
            assert word == wanted, (name, base + rest)
    for rest in ("add/", f"{row}/delete/"):
        for name in ("anonymous", "owner", "auditor", *OPENS):
            assert walker.ask(name, "GET", base + rest).word in ("login", "no", "hidden")


@pytest.mark.parametrize("label", sorted(TABLES))
def test_nothing_is_saved_whatever_is_sent(walker, label):
    base, row = f"{CONSOLE}{label.replace('.', '/')}/", first_row(TABLES[label])
    body = {"action": "delete_selected", "_selected_action": row, "post": "yes", "status": "x"}
    for rest in ("", "add/", f"{row}/change/", f"{row}/delete/"):
        for name in ("operator", "auditor"):
            answer, changed = walker.ask_and_compare(name, "POST", base + rest, body=body)
            assert answer.status < 500 and not changed, (name, base + rest)


def test_other_methods_change_nothing(walker):
    for path in sorted(OWN_PAGES - {"/admin/logout/"}):
        for method in UNSAFE:
            place = path.format(**SAMPLES)
            answer, changed = walker.ask_and_compare("governor", method, place)
            assert answer.status < 500 and not changed, (method, place)


def first_row(kind) -> str:
    """A row of the table that everybody with the console may see, else an id of none."""
    with tenancy.as_system():
        row = kind._base_manager.order_by("pk").first()
    return str(row.pk) if row else "00000000-0000-7000-8000-000000000000"
