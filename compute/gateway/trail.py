"""Denials of known keys, written to the trail as the portal writes its own lines."""

from uuid import UUID

from compute.gateway.refusals import Denial
from portal.audit import lines
from portal.audit.writer import next_place


async def deny(
    connection, denial: Denial, *, why: str, call: UUID, address: str, audit_key: bytes
) -> None:
    """One line, in the caller's transaction."""
    payload = lines.compose(
        "denied call",
        actor=(denial.holder, str(denial.holder_id)),
        subject=(denial.subject_type, str(denial.subject_id), denial.label),
        tenant=denial.tenant_id,
        note=why,
        request_id=str(call),
        address=address,
        channel="gateway",
        key=denial.key,
        facts={},
    )
    writer, wseq = next_place()
    seal = lines.seal(audit_key, writer, wseq, payload)
    await connection.execute(lines.INSERT, [writer, wseq, payload, seal])
