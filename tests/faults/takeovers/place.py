"""A broker, two processors of one set of hardware and two servers, as processes that run.

Each reaches the broker by a relay of its own, which can hold up what passes. The broker is nobody
else's, so that it may be killed; it stays for several places, each with a set of its own.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

from pika.exceptions import AMQPError

from pychron_comms.safeguards.fence import unstopped
from tests.faults.kinds import NO_FAULT, Stall
from tests.faults.proxy import DOWN, UP, Proxy
from tests.faults.takeovers.alarm import OwnAlarm
from tests.faults.takeovers.client import PORT, Client
from tests.faults.takeovers.seen import Seen
from tests.faults.takeovers.turns import Turns
from tests.integration.broker_road import make_anew
from tests.integration.brokers import Broker, kill_node, start_node
from tests.integration.laboratories import HOST
from tests.integration.processes import Processes, RunningProcess

_ROOT = Path(__file__).parents[3]

_DROPIN = """
from tests.faults.takeovers.hardware import ModelHandlerFactory

model = ModelHandlerFactory()
"""
_HARDWARE = """
[manager.one]
class = "tests.faults.takeovers.hardware:Bench"
record = "{record}"

[manager.two]
class = "tests.faults.takeovers.hardware:Bench"
record = "{record}"

[manager.three]
class = "tests.faults.takeovers.hardware:Bench"
record = "{record}"

[manager.co2]
class = "tests.faults.takeovers.hardware:Lamp"
record = "{record}"
"""

#: Processors, and servers after them.
PROCESSORS, SERVERS = (0, 1), (2, 3)

#: Seconds until a process that has ended is started again.
_AGAIN = 0.5


class Member:
    """One process and its relay. ``wanted_at``: when it is to be started again."""

    def __init__(self, relay: Proxy, start: Callable[[str], RunningProcess]) -> None:
        self.relay = relay
        self._start = start
        self.started_at = 0.0
        self.wanted_at = 0.0
        self.still_until = 0.0
        self.cut_until = 0.0
        self.process: RunningProcess
        self.start()

    def start(self) -> None:
        port = self.relay.address[1]
        self.still_until = 0.0
        self.started_at = unstopped()
        self.process = self._start(f"amqp:{HOST}:{port}")

    @property
    def is_well(self) -> bool:
        now = unstopped()
        return self.process.runs and now >= self.still_until and now >= self.cut_until


class Place:
    """``hardware``: the set's name. ``started``: by process, when it was."""

    def __init__(self, processes: Processes, broker: Broker, hardware: str) -> None:
        self.turns = Turns()
        self.turns.look = self._look
        #: The shortage of memory that a history made last.
        self.alarm: OwnAlarm | None = None
        self.broker = broker
        self.hardware = hardware
        self._broker_is_still = False
        self.started: dict[int, float] = {}
        self._processes = processes
        self._environment = self._folders(processes.folder)
        self.seen = Seen(processes.folder / "record")
        # Addresses where nobody else listens, so that a server may come back to its port.
        hosts = [_host_of(number) for number in SERVERS]
        self.clients = [Client(self.turns, host) for host in hosts]
        self.members = [Member(self._relay(), self._processor) for _ in PROCESSORS]
        for host in hosts:
            self.members.append(Member(self._relay(), self._server_at(host)))
        for member in self.members[: len(PROCESSORS)]:
            self.started[member.process.pid] = member.started_at

    def close(self) -> None:
        """Fails where a process has logged what can only be a bug."""
        self._broker_goes_on()
        if self.alarm is not None:
            self.alarm.wait_until_over(self.turns.run)
        for member in self.members:
            if member.process.runs:
                member.process.signal(signal.SIGCONT)
        for client in self.clients:
            client.close()
        self._processes.end()
        for member in self.members:
            member.relay.close()
        self.turns.close()

    # -- what befalls it

    def kill(self, who: int, down: float) -> None:
        member = self.members[who]
        if member.process.runs:
            member.process.kill()
            member.wanted_at = unstopped() + down

    def freeze(self, who: int, seconds: float) -> None:
        member = self.members[who]
        member.still_until = unstopped() + seconds
        process = member.process
        process.signal(signal.SIGSTOP)

        def goes_on() -> None:
            if process.runs:
                process.signal(signal.SIGCONT)

        self.turns.later(seconds, goes_on)

    def hold_up(self, who: int, seconds: float, *, one: bool = False) -> None:
        """Nothing passes between it and the broker; then all that was held up does."""
        member = self.members[who]
        member.cut_until = unstopped() + seconds
        stall = Stall(until=time.monotonic() + seconds)
        for direction in (UP, DOWN):
            if one:
                member.relay.set_first(direction, stall)
            else:
                member.relay.set(direction, stall)
        self.turns.later(seconds, lambda: self._heal(member))

    def _heal(self, member: Member) -> None:
        if unstopped() >= member.cut_until:
            member.relay.heal()

    def reset(self, who: int) -> None:
        """Its connections are broken."""
        self.members[who].relay.reset_all()

    def kill_broker(self, down: float) -> None:
        kill_node(self.broker.process)
        self.turns.later(down, self._start_broker)

    def _start_broker(self) -> None:
        self.broker.process = start_node(self.broker.processes, self.broker.environment)

    def still_broker(self, seconds: float) -> None:
        self._broker_is_still = True
        os.killpg(self.broker.process.pid, signal.SIGSTOP)
        self.turns.later(seconds, self._broker_goes_on)

    def _broker_goes_on(self) -> None:
        self._broker_is_still = False
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.broker.process.pid, signal.SIGCONT)

    def delete(self, queue: str) -> bool:
        """Whether it could be: the broker may be away."""
        if not self.broker_is_up:
            return False
        try:
            with self.broker.connect() as connection:
                connection.channel().queue_delete(f"pychron.{self.hardware}.{queue}")
        except (AMQPError, OSError):
            return False
        return True

    def make_anew(self, queue: str) -> bool:
        """Delete it, and make it again at once. Whether it could be done."""
        if not self.broker_is_up:
            return False
        try:
            make_anew(self.broker, self.hardware, queue)
        except (AMQPError, OSError):
            return False
        return True

    # -- how it is

    @property
    def is_whole(self) -> bool:
        """Whether everything runs, and nothing is held up."""
        return self.broker_is_up and all(each.is_well for each in self.members)

    @property
    def broker_is_up(self) -> bool:
        process = self.broker.process
        return not self._broker_is_still and process.runs and "completed with" in process.log

    def stands_by(self, who: int) -> bool:
        """Whether that processor has what it needs at the broker, as far as can be seen."""
        member = self.members[who]
        log = member.process.log
        joined = log.rfind(f"stands by for {self.hardware}")
        return member.is_well and joined > log.rfind("lost the broker at")

    # -- parts

    def _look(self) -> None:
        """Processes that have ended are started again."""
        now = unstopped()
        for number, member in enumerate(self.members):
            if member.process.runs:
                continue
            if not member.wanted_at:
                member.wanted_at = now + _AGAIN
            elif now >= member.wanted_at:
                member.wanted_at = 0.0
                member.start()
                if number in PROCESSORS:
                    self.started[member.process.pid] = member.started_at

    def _relay(self) -> Proxy:
        relay = Proxy((HOST, self.broker.port))
        for direction in (UP, DOWN):
            relay.set(direction, NO_FAULT)
        return relay

    def _folders(self, folder: Path) -> dict[str, str]:
        plugins = folder / "path" / "twisted" / "plugins"
        plugins.mkdir(parents=True)
        (plugins / "takeovers_dropin.py").write_text(_DROPIN)
        (folder / "record").write_text("")
        (folder / "lab.toml").write_text(_HARDWARE.format(record=folder / "record"))
        return {"PYTHONPATH": os.pathsep.join([str(folder / "path"), str(_ROOT)])}

    def _processor(self, broker: str) -> RunningProcess:
        return self._processes.twistd(
            "pychron-processor",
            "--config=lab.toml",
            f"--listen={broker}:set={self.hardware}",
            "--http=off",
            **self._environment,
        )

    def _server_at(self, host: str) -> Callable[[str], RunningProcess]:
        def start(broker: str) -> RunningProcess:
            return self._processes.twistd(
                "pychron-server",
                f"--listen=*=tcp:{PORT}:interface={host}",
                f"--processor={broker}:set={self.hardware}",
                "--http=off",
                **self._environment,
            )

        return start


def _host_of(number: int) -> str:
    """A loopback address of this process's own."""
    return f"127.{100 + number}.{os.getpid() // 250 % 250 + 1}.{os.getpid() % 250 + 1}"
