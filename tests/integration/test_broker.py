"""Commands by way of a real broker: what is done, what is refused, and what is told."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pika
import pytest

from tests.broker.unreadable import TABLES, Unreadable
from tests.integration.broker_road import Asker, BrokerRoad
from tests.integration.brokers import Broker
from tests.integration.processes import Processes, wait_until


class Lab:
    """One owner, one server, one client."""

    def __init__(self, processes: Processes, broker: Broker) -> None:
        self.road = BrokerRoad(processes, broker, "line")
        self.processor = self.road.owner()
        self.server = self.road.server()
        self.server.wait_for("connected to the owner of line")
        self.client = Asker(self.server)


@pytest.fixture(scope="module")
def lab(broker: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    processes = Processes(tmp_path_factory.mktemp("line"))
    try:
        lab = Lab(processes, broker)
        with lab.client:
            yield lab
    finally:
        processes.end()


def test_a_command_is_run_once_and_answered(lab: Lab) -> None:
    before = len(lab.road.seen)
    assert lab.client.ask("Open A") == "OK"
    assert lab.client.ask("Close A") == "OK"
    assert lab.road.seen[before:] == ["A open", "A closed"]


def test_reads_are_answered_however_often(lab: Lab) -> None:
    assert [lab.client.ask("GetValveState B") for _ in range(20)] == ["False"] * 20


def test_many_in_flight_are_each_answered_by_their_own(lab: Lab) -> None:
    before = len(lab.road.seen)
    # On a busy machine the last of a hundred would come too late: a valve's command has 5 s.
    numbers = [lab.client.begin(f"Open V{number}") for number in range(20)]
    assert [lab.client.reply(number) for number in numbers] == ["OK"] * 20
    assert lab.road.seen[before:] == [f"V{number} open" for number in range(20)]


def test_a_key_is_run_once_and_its_outcome_can_be_asked(lab: Lab) -> None:
    before = len(lab.road.seen)
    assert lab.client.ask("Open K", ";key=k1") == "OK"
    assert lab.client.ask("Open K", ";key=k1") == "OK"
    assert lab.client.ask("Outcome k1") == "done OK"
    assert lab.road.seen[before:] == ["K open"]


def test_a_type_that_no_owner_serves_is_at_once_never_sent(
    lab: Lab, broker: Broker, processes: Processes
) -> None:
    road = BrokerRoad(processes, broker, "nobody")
    server = road.server()
    server.wait_for("no owner of nobody: ")
    with Asker(server) as client:
        reply = client.ask("Open A")
    assert reply.startswith("ERROR 011 : ")
    assert "no processor owns the hardware" in reply


@pytest.mark.parametrize(
    ("properties", "body"),
    [
        (pika.BasicProperties(), b"hello"),
        (pika.BasicProperties(type="pychron.request"), b"System|Open X"),
        (pika.BasicProperties(type="pychron.request", headers={"epoch": 5}), b"\xff\x00"),
        (
            pika.BasicProperties(
                type="pychron.request",
                reply_to="amq.nowhere",
                correlation_id="1",
                headers={"epoch": "x", "sent": "nan", "until": "1e400"},
            ),
            b"System|Open X",
        ),
        (
            pika.BasicProperties(
                type="pychron.request",
                reply_to="q",
                correlation_id="1",
                headers={"epoch": "9.other", "sent": "0", "until": "1e12"},
            ),
            b"System|Open X",
        ),
        (pika.BasicProperties(type="pychron.word", reply_to="q"), b"Format everything"),
        (pika.BasicProperties(type="pychron.request"), b"x" * 3_000_000),
        (Unreadable(TABLES[0]), b"System|Open X"),
    ],
    ids=[
        "foreign",
        "no stamp",
        "not text",
        "no numbers",
        "other owner",
        "no word",
        "oversized",
        "unreadable",
    ],
)
def test_what_is_no_request_of_ours_is_left_and_harms_nobody(
    lab: Lab, broker: Broker, properties: pika.BasicProperties, body: bytes
) -> None:
    before = lab.road.seen
    connection = broker.connect()
    channel = connection.channel()
    for lane in ("act", "safe", "read"):
        channel.basic_publish("pychron.command", f"line.{lane}", body, properties)
    for what in ("owner", "memory"):
        channel.basic_publish("pychron.processors", f"line.{what}", body, properties)
    channel.basic_publish("pychron.state", "line.owner", body, properties)
    connection.close()
    assert lab.client.ask("Close Z") == "OK"
    assert lab.client.ask("GetValveState Z") == "False"
    assert lab.road.seen == [*before, "Z closed"]


def test_a_message_that_came_before_is_not_run(lab: Lab, broker: Broker) -> None:
    """As after a takeover: whoever asked is told that he must look."""
    before = lab.road.seen
    connection = broker.connect()
    channel = connection.channel()
    asked = channel.queue_declare("", exclusive=True).method.queue
    channel.queue_bind(asked, "pychron.reply", asked)
    properties = pika.BasicProperties(
        type="pychron.request",
        reply_to=asked,
        correlation_id="7",
        headers={"epoch": "1.before", "sent": "0", "until": "1e12"},
    )
    channel.basic_publish("pychron.command", "line.act", b"@from=me System|Open X", properties)
    replies: list[bytes] = []
    wait_until(lambda: replies.append(channel.basic_get(asked, True)[2]) or replies[-1], "a reply")
    connection.close()
    assert replies[-1].startswith(b"ERROR 201 : ")
    assert lab.road.seen == before


def test_wrong_credentials_are_told(lab: Lab, broker: Broker, processes: Processes) -> None:
    secret = processes.folder / "password"
    secret.write_text("wrong")
    secret.chmod(0o600)
    road = BrokerRoad(processes, broker, "line")
    server = road.server(more=f":user=guest:password={secret}")
    server.wait_for("it refuses user and password")
    with Asker(server) as client:
        assert client.ask("Open A").startswith("ERROR 011 : ")


def test_a_watcher_at_the_broker_sees_what_is_done(lab: Lab, broker: Broker) -> None:
    connection = broker.connect()
    channel = connection.channel()
    queue = channel.queue_declare("", exclusive=True).method.queue
    channel.queue_bind(queue, "pychron.state", "line.stream")
    channel.queue_bind(queue, "pychron.journal", "line.#")
    assert lab.client.ask("Open S") == "OK"
    seen: set[str] = set()

    def complete() -> bool:
        method, _, body = channel.basic_get(queue, True)
        if method is not None:
            seen.add(method.routing_key)
            seen.update(re.findall(r"@event=(\w+);", body.decode()))
        return {"line.begin", "line.end", "event", "beat"} <= seen

    wait_until(complete, "the records and the change")
    connection.close()
