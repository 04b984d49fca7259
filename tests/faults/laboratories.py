"""A laboratory of devices that count: server and processor as real processes, relays between."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tests.faults.counting import REQUEST_TYPE, actuations
from tests.faults.held import HELD
from tests.integration.clients import Address, Wire
from tests.integration.laboratories import ANY_PORT, HOST, port_of, wait_until_connected
from tests.integration.processes import Processes, RunningProcess, wait_until

_ROOT = Path(__file__).parents[2]

_PLUGIN = """
from tests.faults.counting import CountingHandlerFactory

counting = CountingHandlerFactory()
"""

_DEVICE = """
[manager.{name}]
class = "tests.faults.counting:{kind}"
name = "{name}"
record = "{record}"
{more}
"""


class CountingLaboratory:
    """Devices ``prompt-0`` ... which never wait, and ``slow-0`` ... which block for ``seconds``.

    ``more`` is what else the processor's configuration says.
    """

    def __init__(
        self,
        processes: Processes,
        prompt: int = 1,
        slow: int = 1,
        seconds: float = 0.0,
        more: str = "",
    ) -> None:
        self.processes = processes
        folder = processes.folder
        self.record = folder / "record"
        self.record.write_text("")
        self.journal = folder / "journal"
        self.socket = str(folder / "processor.sock")
        self.devices = [
            *(f"prompt-{number}" for number in range(prompt)),
            *(f"slow-{number}" for number in range(slow)),
        ]
        self._configuration = folder / "lab.toml"
        self._configuration.write_text(
            f'{more}\n[journal]\nfile = "{self.journal}"\n'
            + "".join(self._section(each, seconds) for each in self.devices)
        )
        plugins = folder / "path" / "twisted" / "plugins"
        plugins.mkdir(parents=True)
        (plugins / "counting_dropin.py").write_text(_PLUGIN)
        self.environment = {"PYTHONPATH": os.pathsep.join([str(folder / "path"), str(_ROOT)])}

    @property
    def actuated(self) -> Counter[str]:
        """How often each value was actuated by now."""
        return actuations(self.record)

    def start_processor(self, *before: str | Path) -> RunningProcess:
        """One that listens; ``before`` is put before its command line."""
        process = self._twistd(before, *self._processor_options)
        process.wait_for("CommandProcessor starting on")
        return process

    def hold_processor(self, begins: Path) -> RunningProcess:
        """One that has imported all, and is started when ``begins`` is there."""
        process = self._twistd(
            (sys.executable, "-m", "tests.faults.held", begins), *self._processor_options
        )
        process.wait_for(HELD)
        return process

    def start_roomy_server(self, processor: str) -> RunningProcess:
        """One that bears thousands of connections."""
        configuration = self.processes.folder / "server.toml"
        configuration.write_text(
            f'[[server.listener]]\ntype = "{REQUEST_TYPE}"\nlisten = ["{ANY_PORT}"]\n'
            "connections = 10000\n"
        )
        process = self._twistd(
            (), "pychron-server", "--config", str(configuration), f"--processor={processor}"
        )
        wait_until_connected(process)
        return process

    def start_server(
        self, processor: str = "", *before: str | Path, listen: str = ANY_PORT
    ) -> RunningProcess:
        """One that is connected to ``processor``, an endpoint; its own socket where it is empty."""
        process = self._twistd(
            before, "pychron-server", f"--listen={REQUEST_TYPE}={listen}",
            f"--listen={REQUEST_TYPE}=udp:0:interface={HOST}",
            f"--processor={processor or f'unix:{self.socket}'}",
        )  # fmt: skip
        wait_until_connected(process)
        return process

    @property
    def _processor_options(self) -> tuple[str, ...]:
        config = str(self._configuration)
        return "pychron-processor", "--config", config, f"--listen=unix:{self.socket}"

    def _twistd(self, before: Sequence[str | Path], *arguments: str) -> RunningProcess:
        if not before:
            return self.processes.twistd(*arguments, **self.environment)
        return self.processes.start(*before, "-n", "--pidfile=", *arguments, **self.environment)

    def _section(self, name: str, seconds: float) -> str:
        slow = name.startswith("slow")
        return _DEVICE.format(
            name=name,
            kind="Counter" if slow else "PromptCounter",
            record=self.record,
            more=f"seconds = {seconds}" if slow else "",
        )


def address_of(server: RunningProcess, transport: str = "") -> Address:
    """Where it takes commands; ``transport`` is empty for TCP, or ``UDP``."""
    name = f"RemoteCommandServer for {REQUEST_TYPE}" + (f" ({transport})" if transport else "")
    return HOST, port_of(server, name)


def wait_until_answered(address: Address) -> None:
    """Return as soon as a command comes through to the processor and back."""
    wait_until(lambda: _answers(address), "the processor to answer")


def _answers(address: Address) -> bool:
    try:
        with Wire(address) as wire:
            wire.socket.settimeout(1.0)
            return wire.ask("PychronReady") == "OK"
    except (OSError, AssertionError):
        return False
