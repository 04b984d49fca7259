"""A primary and a standby that both drive the same valves, counted at the valves by one witness.

Whatever happens to the primary: no valve moves twice, and no two processors move valves at once.
"""

from __future__ import annotations

import itertools
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

import pytest

from tests.integration.clients import Wire
from tests.integration.holding_relay import HoldingRelay
from tests.integration.laboratories import ANY_PORT, HOST, port_of, server_address
from tests.integration.processes import Processes, RunningProcess, wait_until

#: Until the standby acts: its primary's lease, the allowance, and a slow machine.
TAKEOVER = 60.0

#: Seconds that lie between two owners, where the first has not said that it gives up.
BETWEEN = 1.0

_PROCESSOR = f"""
[processor]
listen = ["{ANY_PORT}"]
owner = "127.0.0.1"

[manager.extraction_line]
class = "tests.integration.witness:Valves"
record = "RECORD"

[http]
processor = "off"

[state]
period = 0
"""

_SERVER = """
[server]
processor = ["tcp:127.0.0.1:{primary}", "tcp:127.0.0.1:{standby}"]

[http]
server = "off"
"""


class Moved(NamedTuple):
    """A valve that was moved, when, and by which processor."""

    at: float
    valve: str
    by: str


class Pair:
    """A server, and two processors, ``p`` and ``s``, each behind a relay."""

    def __init__(self, processes: Processes) -> None:
        self._processes = processes
        self._folder = processes.folder
        self.relays = {name: HoldingRelay() for name in "ps"}
        self._file = self._folder / "server.toml"
        primary, standby = (self.relays[name].address[1] for name in "ps")
        self._file.write_text(_SERVER.format(primary=primary, standby=standby))
        # All at once: a start takes its time.
        self.processors = {name: self._processor(name) for name in "ps"}
        self.start_server()
        for name, processor in self.processors.items():
            self.relays[name].lead_to((HOST, port_of(processor, "CommandProcessor")))
        self.server.wait_for("owns the hardware")

    def start_server(self) -> None:
        self.server: RunningProcess = self._processes.twistd(
            "pychron-server", "--config", self._file, f"--listen=System={ANY_PORT}"
        )

    @property
    def address(self) -> tuple[str, int]:
        return server_address(self.server)

    def _processor(self, name: str) -> RunningProcess:
        record = self._folder / f"{name}.record"
        record.write_text("")
        file = self._folder / f"{name}.toml"
        file.write_text(_PROCESSOR.replace("RECORD", str(record)))
        return self._processes.twistd(
            "pychron-processor",
            "--config",
            file,
            PYTHONPATH=":".join(path for path in sys.path if path),
        )

    def moved(self, name: str) -> list[Moved]:
        lines = (self._folder / f"{name}.record").read_text().splitlines()
        return [Moved(float(line.split()[0]), line.split()[1], name) for line in lines]

    def wait_until_moves(self, name: str) -> None:
        """That processor has moved one valve more."""
        before = len(self.moved(name))
        wait_until(lambda: len(self.moved(name)) > before, f"{name} to act", TAKEOVER)


class Client(threading.Thread):
    """Opens valves that nobody opened before; asks again by another connection, as Pychron does."""

    def __init__(self, pair: Pair, name: str, *, key: bool) -> None:
        super().__init__(daemon=True)
        self._address = pair.address
        self._name = name
        self._tags = "@id={0};key={0} " if key else ""
        self.done: set[str] = set()
        self.ended = threading.Event()

    def run(self) -> None:
        for number in itertools.count():
            if self.ended.is_set():
                return
            valve = f"{self._name}n{number}"
            line = f"{self._tags.format(valve)}Open {valve}"
            for _ in range(3):
                reply = self._ask(line)
                if reply.endswith("OK"):
                    self.done.add(valve)
                if reply and not self._tags:
                    # Who has a reply means the same line anew; a key never does.
                    break
            time.sleep(0.01)

    def _ask(self, line: str) -> str:
        with Wire(self._address) as wire:
            wire.socket.settimeout(1.0)
            wire.send(f"{line}\r\n".encode())
            try:
                return wire.line()
            except TimeoutError:
                return ""


@pytest.fixture
def pair(processes: Processes) -> Iterator[Pair]:
    pair = Pair(processes)
    yield pair
    for relay in pair.relays.values():
        relay.close()


@pytest.fixture
def clients(pair: Pair) -> Iterator[list[Client]]:
    clients = [Client(pair, f"c{n}", key=n % 2 == 0) for n in range(3)]
    for client in clients:
        client.start()
    yield clients
    end(clients)


def end(clients: list[Client]) -> None:
    for client in clients:
        client.ended.set()
    for client in clients:
        client.join(TAKEOVER)


def assert_one_owner_at_a_time(pair: Pair, clients: list[Client]) -> None:
    """No valve was moved twice, each was that a client was told of, and owners came apart.

    Between the last move of one and the first of the next lies what makes sure that it is the last:
    where both move valves at once, there is nothing between.
    """
    moved = sorted(pair.moved("p") + pair.moved("s"))
    assert (moved[0].by, {each.by for each in moved}) == ("p", {"p", "s"})
    for before, after in itertools.pairwise(moved):
        assert before.by == after.by or after.at > before.at + BETWEEN
    counted = Counter(each.valve for each in moved)
    assert max(counted.values()) == 1
    for client in clients:
        assert client.done <= counted.keys()


def test_the_standby_follows_a_killed_primary(pair: Pair, clients: list[Client]) -> None:
    pair.wait_until_moves("p")
    pair.processors["p"].kill()
    killed = time.monotonic()
    pair.wait_until_moves("s")
    end(clients)
    assert_one_owner_at_a_time(pair, clients)
    # Its lease had to run out: it might only have been cut off.
    assert pair.moved("s")[0].at > killed + 2.0


def test_a_primary_that_stood_still_does_not_act_when_it_goes_on(
    pair: Pair, clients: list[Client]
) -> None:
    pair.wait_until_moves("p")
    pair.processors["p"].signal(signal.SIGSTOP)
    pair.wait_until_moves("s")
    pair.processors["p"].signal(signal.SIGCONT)
    pair.processors["p"].wait_for("does not own the hardware any more")
    for _ in range(5):
        pair.wait_until_moves("s")
    # Nor when it is asked directly.
    with Wire((HOST, port_of(pair.processors["p"], "CommandProcessor"))) as wire:
        assert wire.ask("System|Open Z").startswith("ERROR 217 ")
    end(clients)
    assert_one_owner_at_a_time(pair, clients)


def test_a_primary_that_is_cut_off_stops_before_the_standby_begins(
    pair: Pair, clients: list[Client]
) -> None:
    pair.wait_until_moves("p")
    pair.relays["p"].hold()
    pair.wait_until_moves("s")
    assert "does not own the hardware any more" in pair.processors["p"].log
    pair.relays["p"].release()
    for _ in range(5):
        pair.wait_until_moves("s")
    end(clients)
    assert_one_owner_at_a_time(pair, clients)


def test_a_server_that_is_killed_changes_nothing_and_a_primary_that_stops_hands_over(
    pair: Pair,
) -> None:
    with Wire(pair.address) as wire:
        wait_until(lambda: wire.ask("Open A") == "OK", "the primary", TAKEOVER)
    pair.server.kill()
    pair.start_server()
    with Wire(pair.address) as wire:
        wait_until(lambda: wire.ask("Open B") == "OK", "the primary again", TAKEOVER)
        assert {each.valve for each in pair.moved("p")} == {"A", "B"}
        pair.processors["p"].terminate()
        pair.processors["p"].wait_for_end()
        wait_until(lambda: wire.ask("Open C") == "OK", "the standby", TAKEOVER)
    assert {each.valve for each in pair.moved("s")} == {"C"}
    # It said so: nobody waited for its lease to run out.
    last_turn = pair.processors["p"].log.rpartition("owns the hardware, as")[2]
    assert "does not own the hardware any more" not in last_turn
