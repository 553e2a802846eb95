"""What happens to the money when something goes wrong between the gateway and the model."""

import asyncio
import json
import socket
import threading
import time

import psycopg
import pytest

from compute.gateway.config import read_config
from compute.gateway.database import Database
from compute.gateway.ledger import Ending, end
from portal.vault.models import Secret
from tenants.chargeback.models import Call, Posting
from tests.compute.gateway.stage import V2_BODY, system, wait_for


def test_the_reservation_is_there_while_the_model_works(stage):
    stage.worker.mode = "held"
    heard = []
    caller = threading.Thread(target=lambda: heard.append(stage.predict()))
    caller.start()
    wait_for(lambda: stage.worker.seen)
    (row,) = stage.calls()
    assert (row.ended_as, row.amount_nano, row.reserved_nano) == (None, None, 1_200_000)
    assert row.quantities == {"calls": 1, "predictions": 3}
    assert str(row.pk) == stage.worker.seen[0]["call"]
    stage.worker.released.set()
    caller.join()
    assert stage.call(heard[0]).ended_as == "settled"


@pytest.mark.parametrize(
    ("mode", "status", "kept"),
    [
        ("broken", 502, 502),
        ("cut", 502, 502),
        ("hang", 504, 504),
        ("busy", 503, 503),
        ("denied", 502, 502),
        ("refuse", 400, 400),
    ],
)
def test_a_call_without_an_answer_is_voided_and_free(stage, mode, status, kept):
    stage.worker.mode = mode
    for heard in (stage.predict(), stage.score()):
        assert heard.status == status
        assert heard.json.get("error") or heard.json.get("message")
        call = stage.call(heard)
        assert (call.ended_as, call.amount_nano, call.http_status) == ("voided", 0, kept)
        assert stage.postings(call) == []
        if mode == "busy":
            assert heard.headers["retry-after"] == "7"


def test_what_the_model_says_about_the_input_reaches_the_caller(stage):
    stage.worker.mode = "refuse"
    assert stage.predict().json == {"error": "Column 'a' is missing."}
    assert stage.score().json == {
        "error_code": "BAD_REQUEST",
        "message": "Column 'a' is missing.",
    }


def test_a_worker_that_is_gone_costs_nothing(stage):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        stage.change(stage.endpoint, address=f"http://127.0.0.1:{unused.getsockname()[1]}")
    heard = stage.predict()
    assert heard.status == 503 and int(heard.headers["retry-after"]) > 0
    assert stage.call(heard).ended_as == "voided"
    assert stage.send("GET", f"/v2/models/{stage.slug}/ready").status == 503


def test_a_token_moved_from_another_endpoint_opens_nothing(stage):
    with system():
        other = stage.serve(stage.endpoint.version)
        sealed = Secret.objects.get(about=f"compute.endpoint:{stage.endpoint.pk}").sealed
        Secret.objects.filter(about=f"compute.endpoint:{other.pk}").update(sealed=sealed)
        stage.endpoint.routes.update(endpoint=other)
    assert stage.predict().status == 502
    assert stage.worker.seen == []


def test_without_a_measure_the_reservation_is_the_estimate(stage):
    stage.worker.mode = "no_usage"
    call = stage.call(stage.predict())
    assert (call.ended_as, call.amount_nano, call.http_status) == ("estimated", 1_200_000, 200)
    assert sum(line.nano for line in stage.postings(call)) == 0
    assert len(stage.postings(call)) == 2


def test_who_hangs_up_pays_for_what_was_answered(stage):
    stage.worker.mode = "held"
    body = json.dumps(V2_BODY)
    with socket.create_connection(("127.0.0.1", stage.port)) as line:
        head = f"POST /v2/models/{stage.slug}/infer HTTP/1.1\r\nHost: x\r\n"
        head += f"Authorization: Bearer {stage.text}\r\nContent-Type: application/json\r\n"
        line.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode())
        wait_for(lambda: stage.worker.seen)
    stage.worker.released.set()
    call = wait_for(lambda: [row for row in stage.calls() if row.ended_as])[0]
    assert (call.ended_as, call.amount_nano) == ("settled", 1_200_000)
    assert stage.worker.answered == [str(call.pk)]


async def end_at_once(ending, hands: int) -> list[bool]:
    database = Database(read_config().conninfo, 5)
    await database.open()

    async def one() -> bool:
        async with database.transaction() as connection:
            return await end(connection, ending)

    try:
        return await asyncio.gather(*(one() for _ in range(hands)))
    finally:
        await database.close()


def test_of_many_hands_on_one_reservation_one_ends_it(stage):
    stage.worker.mode = "held"
    caller = threading.Thread(target=stage.predict)
    caller.start()
    wait_for(lambda: stage.worker.seen)
    (row,) = stage.calls()
    facts = {
        "bill": row,
        "amount_nano": 5,
        "meter": "predictions",
        "quantity": 1,
        "http_status": 200,
    }
    moved = asyncio.run(end_at_once(Ending(row.pk, "settled", **facts), 6))
    assert sorted(moved) == [False] * 5 + [True]
    stage.worker.released.set()
    caller.join()
    time.sleep(0.1)
    with system():
        row = Call.objects.get(pk=row.pk)
    assert row.amount_nano == 5 and [p.nano for p in stage.postings(row)] == [5, -5]


def test_many_callers_at_once_are_all_paid_once(stage):
    heard = []
    callers = [threading.Thread(target=lambda: heard.append(stage.predict())) for _ in range(24)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert {one.status for one in heard} == {200}
    calls = [stage.call(one) for one in heard]
    assert sorted(str(c.pk) for c in calls) == sorted(stage.worker.answered)
    with system():
        lines = list(
            Posting.objects.filter(subject_id=stage.model.pk).values_list("nano", flat=True)
        )
    assert sum(lines) == 0 and sum(n for n in lines if n > 0) == 24 * 1_200_000


def test_the_gateway_works_again_when_its_connections_were_cut(stage):
    assert stage.predict().status == 200
    config = read_config()
    with psycopg.connect(config.conninfo, autocommit=True) as line:
        line.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE application_name = 'millwright-gateway' AND pid <> pg_backend_pid()"
        )
    heard = stage.predict()
    assert heard.status == 200
    assert stage.call(heard).ended_as == "settled"
