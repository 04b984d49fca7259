"""One of two processors dies, freezes, or is cut off: the other takes over.

The broker is real, and so are the processes. It is counted at the hardware: a witness writes down
what that obeyed.
"""

from __future__ import annotations

import signal
import time

from tests.faults.kinds import HalfOpen
from tests.faults.proxy import DOWN, UP, Proxy
from tests.integration.broker_road import BrokerRoad, make_anew
from tests.integration.brokers import Broker
from tests.integration.processes import Processes, RunningProcess, wait_until

#: Seconds in which another owner must be there, on a busy machine.
_TAKEOVER = 60.0


def pair(road: BrokerRoad) -> tuple[RunningProcess, RunningProcess]:
    """The owner, and one that stands by."""
    owner = road.owner()
    other = road.processor()
    other.wait_for(f"stands by for {road.hardware}")
    return owner, other


def count(road: BrokerRoad, what: str) -> int:
    return road.seen.count(what)


def test_the_owner_is_killed(processes: Processes, broker: Broker) -> None:
    road = BrokerRoad(processes, broker, "killed", held=True)
    owner, other = pair(road)
    with road.connected() as client:
        assert client.ask("Open A", ";key=done") == "OK"
        road.hold()
        running = client.begin("Open B", ";key=running")
        waiting = client.begin("Open C", ";key=waiting")
        wait_until(lambda: count(road, "begun B") == 1, "B in the driver's hands")
        wait_until(lambda: client.ask("Outcome waiting") == "waiting", "C at the processor")
        owner.kill()
        road.let_go()
        # Whoever waits is told so when there is another owner, and not before.
        replies = client.replies(running, waiting)
        assert replies[running].startswith("ERROR 201 : ")
        assert replies[waiting].startswith("ERROR 201 : ")
        opened = client.open_one("D")
        other.wait_for("owns killed as 2")
        # It knows what the first one has done, and what it cannot know.
        assert client.ask("Open A", ";key=done") == "OK"
        assert client.ask("Outcome running") == "unknown"
        for key in ("running", "waiting"):
            command = "Open B" if key == "running" else "Open C"
            assert client.ask(command, f";key={key}").startswith("ERROR 201 : ")
    assert count(road, "A open") == 1
    assert count(road, "B open") == 0
    assert count(road, "C open") == 0
    assert count(road, f"{opened} open") == 1


def test_the_owner_is_frozen_past_its_lease_and_goes_on(
    processes: Processes, broker: Broker
) -> None:
    road = BrokerRoad(processes, broker, "frozen", opening=1.0)
    owner, other = pair(road)
    with road.connected() as client:
        client.begin("Open A")
        client.begin("Open B")
        client.begin("Open C")
        wait_until(lambda: count(road, "A open") == 1, "A to be open")
        owner.signal(signal.SIGSTOP)
        try:
            other.wait_for("owns frozen as 2")
            # It makes safe whatever the other one has left.
            wait_until(lambda: count(road, "laser off") == 1, "the laser to be out")
            before = road.seen
        finally:
            owner.signal(signal.SIGCONT)
        owner.wait_for("does not own frozen any more")
        owner.wait_for("ends, to begin anew")
        owner.wait_for_end()
        # B was in the driver's hands; what was not stays undone.
        after = road.seen[len(before) :]
        assert [each for each in after if each != "B open"] == []
    assert count(road, "C open") == 0


def test_the_owner_is_cut_off_and_makes_safe_before_another_begins(
    processes: Processes, broker: Broker
) -> None:
    road = BrokerRoad(processes, broker, "cut")
    with Proxy(("127.0.0.1", broker.port)) as proxy:
        owner = road.processor(port=int(proxy.address[1]))
        owner.wait_for("owns cut as 1")
        other = road.processor()
        other.wait_for("stands by for cut")
        with road.connected() as client:
            assert client.ask("Open A") == "OK"
            before = len(road.seen)
            for direction in (UP, DOWN):
                proxy.set(direction, HalfOpen(seconds=_TAKEOVER))
            opened = client.open_one("B")
            owner.wait_for("does not own cut any more")
    # Put out by who was cut off, and again by who took over, before anything else.
    assert road.seen[before:] == ["laser off", "laser off", f"{opened} open"]


def test_a_lone_owner_goes_on_when_the_broker_is_back(processes: Processes) -> None:
    broker = Broker(processes)
    road = BrokerRoad(processes, broker, "line", held=True)
    owner = road.owner()
    with road.connected() as client:
        assert client.ask("Open A", ";key=before") == "OK"
        road.hold()
        running = client.begin("Open B")
        wait_until(lambda: count(road, "begun B") == 1, "B in the driver's hands")
        broker.kill()
        road.let_go()
        assert client.reply(running).startswith("ERROR 201 : ")
        assert client.ask("Open C").startswith("ERROR 011 : ")
        owner.wait_for("does not own line any more")
        broker.start()
        opened = [client.open_one("D")]
        assert client.ask("Open A", ";key=before") == "OK"

        # A memory alarm: commands fail, and nothing hangs.
        broker.control("set_vm_memory_high_watermark", "0.00001")
        replies: list[str] = []
        wait_until(
            lambda: replies.append(client.ask("Open E", ";within=2")) or "ERROR" in replies[-1],
            "a command that the broker does not take",
            _TAKEOVER,
        )
        broker.control("set_vm_memory_high_watermark", "0.8")
        opened.append(client.open_one("F"))

        # The account is taken away, and with it the connections; then it is given back.
        broker.control("delete_user", "guest")
        broker.control("close_all_connections", "revoked")
        assert client.ask("Open G").startswith("ERROR 011 : ")
        broker.control("add_user", "guest", "guest")
        broker.control("set_permissions", "guest", ".*", ".*", ".*")
        opened.append(client.open_one("H"))

        # It ends during an alarm, and the next one has none.
        broker.control("set_vm_memory_high_watermark", "0.00001")
        wait_until(
            lambda: "takes nothing" in client.ask("Open I", ";within=2"), "an alarm", _TAKEOVER
        )
        broker.kill()
        broker.start()
        opened.append(client.open_one("J"))

        # Somebody deletes exchanges, and with them all that was bound there.
        connection = broker.connect()
        for exchange in ("pychron.command", "pychron.reply", "pychron.state"):
            connection.channel().exchange_delete(exchange)
        connection.close()
        opened.append(client.open_one("K", _TAKEOVER))
    assert count(road, "A open") == 1
    assert count(road, "B open") <= 1
    assert count(road, "C open") == count(road, "G open") == 0
    assert all(count(road, f"{valve} open") == 1 for valve in opened)


def test_queues_that_are_deleted_are_made_again(processes: Processes, broker: Broker) -> None:
    road = BrokerRoad(processes, broker, "deleted")
    road.owner()
    with road.connected() as client:
        assert client.ask("Open A", ";key=k") == "OK"
        for what in ("act", "owner", "memory"):
            connection = broker.connect()
            connection.channel().queue_delete(f"pychron.deleted.{what}")
            connection.close()
            client.open_one(what)
        # This process still knows what it did.
        assert client.ask("Open A", ";key=k") == "OK"
    assert road.seen.count("A open") == 1


def test_queues_that_are_made_anew_at_once_are_served_again(
    processes: Processes, broker: Broker
) -> None:
    """The broker tells nobody, and nothing comes by them any more."""
    road = BrokerRoad(processes, broker, "anew")
    owner, other = pair(road)
    with road.connected() as client:
        for what in ("act", "owner"):
            make_anew(broker, "anew", what)
            client.open_one(what)
        make_anew(broker, "anew", "safe")
        wait_until(lambda: client.ask("Close A", ";within=2") == "OK", "a lane that is served")
        # Who stood by has not lost its place for good, nor the one that was the owner.
        owner.kill()
        client.open_one("B")
        processes_that_own = [each for each in (owner, other) if each.runs]
        assert processes_that_own == [other]


def test_a_queue_that_is_unlike_ours_is_told_once_and_tried_ever_later(
    processes: Processes, broker: Broker
) -> None:
    road = BrokerRoad(processes, broker, "unlike")
    owner = road.owner()
    make_anew(broker, "unlike", "act", **{"x-max-length": 7})
    owner.wait_for("PRECONDITION_FAILED")
    begun = len(owner.log)
    time.sleep(5.0)
    assert len(owner.log) - begun < 200, owner.log[begun:]
    with broker.connect() as connection:
        connection.channel().queue_delete("pychron.unlike.act")
    owner.wait_for("owns unlike as 2")


def test_who_stops_in_order_leaves_the_hardware_to_the_other(
    processes: Processes, broker: Broker
) -> None:
    road = BrokerRoad(processes, broker, "stopped")
    owner, other = pair(road)
    with road.connected() as client:
        assert client.ask("Open A") == "OK"
        owner.terminate()
        owner.wait_for_end()
        other.wait_for("owns stopped as 2")
        client.open_one("B")
