"""Processors and servers that meet at a broker, and a witness of what the hardware obeyed."""

from __future__ import annotations

import itertools
import re
import sys
import time
from pathlib import Path

from pychron_comms.broker.names import Lane, lane_queue, memory_queue, owner_queue
from tests.integration.brokers import Broker
from tests.integration.clients import Wire
from tests.integration.laboratories import ANY_PORT, server_address
from tests.integration.processes import Processes, RunningProcess, wait_until

#: What has not been begun, since nobody owns the hardware for now, or for other want of time.
_NOT_NOW = "ERROR (011|202|214|217) "

_HARDWARE = """
[manager.extraction_line]
class = "tests.integration.witness:Valves"
record = "{record}"
opening = {opening}
{until}

[manager.co2]
class = "tests.integration.witness:Laser"
record = "{record}"
"""


class BrokerRoad:
    """One set of hardware; each processor of it writes to the same record what it was told."""

    def __init__(
        self,
        processes: Processes,
        broker: Broker,
        hardware: str,
        *,
        opening: float = 0.0,
        scheme: str = "amqp",
        held: bool = False,
    ) -> None:
        """Where it can be ``held``, a valve opens at once, or after ``hold`` when it is let go."""
        self._scheme = scheme
        self._processes = processes
        self.broker = broker
        self.hardware = hardware
        self._record = processes.folder / "record"
        self._record.write_text("")
        self._let_go = processes.folder / "let-go"
        until = ""
        if held:
            opening, until = 1.0, f'until = "{self._let_go}"'
            self.let_go()
        text = _HARDWARE.format(record=self._record, opening=opening, until=until)
        (processes.folder / "lab.toml").write_text(text)

    def processor(self, port: int | None = None, more: str = "") -> RunningProcess:
        """One that stands by, or will in a moment."""
        return self._processes.twistd(
            "pychron-processor",
            "--config=lab.toml",
            f"--listen={self._address(port, more)}",
            "--http=off",
            "--commands",
            PYTHONPATH=":".join(path for path in sys.path if path),
        )

    def owner(self) -> RunningProcess:
        """A processor that owns the hardware."""
        process = self.processor()
        process.wait_for(f"owns {self.hardware} as")
        return process

    def server(self, port: int | None = None, more: str = "") -> RunningProcess:
        address = self._address(port, more)
        return self._processes.twistd(
            "pychron-server", f"--listen=*={ANY_PORT}", f"--processor={address}", "--http=off"
        )

    def watcher(self, pattern: str, more: str = "") -> RunningProcess:
        """Somebody who watches by way of the broker."""
        ask = Path(sys.executable).with_name("pychron-ask")
        via = self._address(None, more)
        return self._processes.fork(ask, "--via", via, "--watch", pattern)

    def _address(self, port: int | None, more: str) -> str:
        return self.broker.address(self.hardware, more, port, self._scheme)

    def connected(self) -> Asker:
        """A client of a server that knows an owner."""
        server = self.server()
        server.wait_for(f"connected to the owner of {self.hardware}")
        return Asker(server)

    def hold(self) -> None:
        """What opens from now on stays in the driver's hands."""
        self._let_go.unlink()

    def let_go(self) -> None:
        self._let_go.touch()

    @property
    def seen(self) -> list[str]:
        """What the hardware obeyed, in order."""
        return [line.partition(" ")[2] for line in self._record.read_text().splitlines()]


def make_anew(broker: Broker, hardware: str, what: str, **arguments: object) -> None:
    """Delete a queue of the set, and make it again at once; with other arguments where they are
    given."""
    lanes = [lane_queue(hardware, lane) for lane in (Lane.ACT, Lane.SAFE)]
    queues = (*lanes, owner_queue(hardware), memory_queue(hardware))
    (queue,) = [each for each in queues if each.name.endswith(f".{what}")]
    with broker.connect() as connection:
        channel = connection.channel()
        channel.queue_delete(queue.name)
        channel.queue_declare(queue.name, durable=True, arguments={**queue.arguments, **arguments})
        channel.queue_bind(queue.name, queue.exchange, queue.topic)


class Asker(Wire):
    """One client, over one connection."""

    def __init__(self, server: RunningProcess | str) -> None:
        """Of that server, or of the one that listens at that unix socket."""
        super().__init__(server if isinstance(server, str) else server_address(server, "*"))
        self._number = 0

    def begin(self, command: str, tags: str = "") -> str:
        """Ask; the id of what will be answered."""
        self._number += 1
        typed = command if "|" in command else f"System|{command}"
        self.send(f"@id={self._number}{tags} {typed}\n".encode())
        return str(self._number)

    def reply(self, number: str) -> str:
        """The next reply, which is to that request."""
        head, _, text = self.line().partition(" ")
        assert head == f"@id={number}", (head, text)
        return text

    def ask(self, command: str, tags: str = "") -> str:
        return self.reply(self.begin(command, tags))

    def outcome(self, command: str, key: str, seconds: float = 60.0) -> str:
        """Ask by that key until it is begun, or was: what is answered then."""
        replies = [""]

        def is_begun() -> bool:
            replies.append(self.ask(command, f";within=5;key={key}"))
            is_told = re.match(_NOT_NOW, replies[-1]) is None
            if not is_told:
                time.sleep(0.1)
            return is_told

        wait_until(is_begun, f"an owner that knows of {command}", seconds)
        return replies[-1]

    def open_one(self, valve: str, seconds: float = 60.0, *, is_named: bool = False) -> str:
        """Open valves of that name and a number, a new one for each that was not opened; the one
        that was. Where it is named, its key is the valve's name."""
        numbers = itertools.count()
        opened = ""

        def is_open() -> bool:
            nonlocal opened
            opened = f"{valve}{next(numbers)}"
            key = f";key={opened}" if is_named else ""
            reply = self.ask(f"Open {opened}", f";within=5{key}")
            assert re.match(f"OK|ERROR 201 |{_NOT_NOW}", reply), reply
            if not reply.startswith(("OK", "ERROR 201")):
                time.sleep(0.1)
            return reply == "OK"

        wait_until(is_open, f"an owner that opens {valve}", seconds)
        return opened
