"""The text of a line of the trail and its seal: pure, for the portal and the gateway alike."""

import hmac
import json

from django.utils import timezone

INSERT = "INSERT INTO portal_event (writer, wseq, payload, mac) VALUES (%s, %s, %s, %s)"
ROW = ", (%s, %s, %s, %s)"  # after INSERT, for each other line of the same statement


def compose(
    verb: str, *, actor: tuple[str, str], subject: tuple[str, str, str], tenant, **rest
) -> str:
    """Canonical JSON: sorted keys, no spaces, UTF-8.

    `actor` is (name, id), `subject` is (type, id, label), `tenant` an id or None; `rest` holds
    note, request_id, address, channel, key and facts.
    """
    line = {
        "at": timezone.now().isoformat(timespec="microseconds"),
        "actor": actor[0],
        "actor_id": actor[1],
        "verb": verb,
        "subject_type": subject[0],
        "subject_id": subject[1],
        "label": subject[2][:200],
        "tenant": str(tenant) if tenant else None,
        "note": rest["note"],
        "request_id": rest["request_id"],
        "address": rest["address"],
        "channel": rest["channel"],
        "key": rest["key"],
        "facts": rest["facts"],
    }
    return json.dumps(line, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)


def seal(key: bytes, writer: str, wseq: int, payload: str) -> bytes:
    """HMAC-SHA-256 over writer, sequence and payload, with the key of the writers."""
    return hmac.digest(key, f"{writer}|{wseq}|{payload}".encode(), "sha256")
