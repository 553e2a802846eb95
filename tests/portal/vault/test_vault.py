"""Secrets open at their own place with their own key, and in no other way."""

import base64

import pytest

from portal.vault import cipher
from portal.vault import services as vault
from portal.vault.models import Secret

KEY = bytes(range(32))
PLACE = "compute.endpoint:1|token"


def sealed() -> str:
    return cipher.seal(b"a secret of some length", key_id="k1", key=KEY, place=PLACE)


def opened(text: str, **more) -> bytes:
    return cipher.unseal(text, **{"keys": {"k1": KEY}, "place": PLACE} | more)


def test_a_value_comes_back_at_its_place():
    assert opened(sealed()) == b"a secret of some length"


def test_the_same_value_is_never_sealed_the_same_way():
    assert len({sealed() for _ in range(50)}) == 50


def test_every_flipped_byte_is_refused():
    version, key_id, *parts = sealed().split("|")
    for number, part in enumerate(parts):
        raw = base64.b64decode(part)
        for place in range(len(raw)):
            changed = bytearray(raw)
            changed[place] ^= 1
            mixed = [*parts]
            mixed[number] = base64.b64encode(changed).decode()
            with pytest.raises(cipher.Unreadable):
                opened("|".join([version, key_id, *mixed]))


@pytest.mark.parametrize("length", range(0, 80, 7))
def test_every_shortened_text_is_refused(length):
    with pytest.raises(cipher.Unreadable):
        opened(sealed()[:length])


@pytest.mark.parametrize(
    "more",
    [
        {"place": "compute.endpoint:2|token"},
        {"place": "compute.endpoint:1|password"},
        {"keys": {"k1": bytes(32)}},
        {"keys": {"k2": KEY}},
        {"keys": {}},
    ],
)
def test_another_place_or_key_does_not_open_it(more):
    with pytest.raises(cipher.Unreadable):
        opened(sealed(), **more)


def test_another_version_is_refused():
    with pytest.raises(cipher.Unreadable):
        opened("v2" + sealed()[2:])


def test_a_row_moved_to_another_owner_is_unreadable(vision, claims):
    vault.keep(vision, "token", "of vision")
    row = Secret.objects.get()
    row.about = f"tenants.tenant:{claims.pk}"
    row.save()
    with pytest.raises(cipher.Unreadable):
        vault.reveal(claims, "token")


def test_a_value_moved_to_another_field_is_unreadable(vision):
    vault.keep(vision, "token", "one")
    Secret.objects.update(field="password")
    with pytest.raises(cipher.Unreadable):
        vault.reveal(vision, "password")


def test_keeping_again_replaces_and_forgetting_removes(vision):
    vault.keep(vision, "token", "one")
    vault.keep(vision, "token", "two")
    assert vault.reveal(vision, "token") == "two"
    assert "two" not in Secret.objects.get().sealed
    vault.forget(vision, "token")
    with pytest.raises(Secret.DoesNotExist):
        vault.reveal(vision, "token")


def test_a_value_without_a_tenant_can_be_kept(operator):
    vault.keep(operator, "token", "no tenant")
    assert vault.reveal(operator, "token") == "no tenant"


def test_digests_differ_by_pepper(settings):
    settings.KEY_PEPPERS = {1: bytes(32), 2: bytes([1]) * 32}
    assert vault.digest("x", pepper=1) != vault.digest("x", pepper=2)
