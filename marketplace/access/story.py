"""What happened to a request, as the entries of a timeline."""

from marketplace.access.lifecycle import REQUEST, RequestStatus
from marketplace.access.models import AccessRequest

WORDS = {
    RequestStatus.APPROVED: "Approved",
    RequestStatus.DENIED: "Denied",
    RequestStatus.WITHDRAWN: "Withdrawn",
}


def timeline(request: AccessRequest) -> list[dict]:
    """Entries for components/timeline.html, oldest first."""
    asked = {"tone": "ok", "icon": "ok", "title": "Asked", "by": request.requester.username}
    entries = [asked | {"at": request.created_at, "text": request.purpose}]
    if request.is_open:
        note = "The owners of the model were told." if request.told_at else ""
        entries.append(
            {"tone": "now", "icon": "wait", "title": "Waits for a decision", "text": note}
        )
        return entries
    tone, icon = REQUEST.looks[request.status]
    end = {"tone": tone, "icon": icon, "title": _title(request), "text": request.reason}
    by = request.decided_by.username if request.decided_by else ""
    entries.append(end | {"by": by, "at": request.decided_at})
    return entries


def _title(request: AccessRequest) -> str:
    word = WORDS[request.status]
    if request.granted_days and request.granted_days < request.duration_days:
        return f"{word} for {request.granted_days} of {request.duration_days} days"
    return word
