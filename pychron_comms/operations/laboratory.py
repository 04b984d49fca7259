"""A laboratory as its file describes it, for the tools of an operator."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pychron_comms.client.reaching import connect_to
from pychron_comms.config.here import LINES
from pychron_comms.config.table import Table
from pychron_comms.observability.http.settings import (
    OFF,
    PROCESSOR,
    SERVER,
    HttpSettings,
)
from pychron_comms.processor.settings import ProcessorSettings, read_processor_settings
from pychron_comms.server.reading import read_server
from pychron_comms.server.settings import ServerSettings

_SECTIONS = ("extraction_line", "laser", "device", "spectrometer", "manager")

#: Seconds that what runs of one may take to answer.
PATIENCE = 2.0


@dataclass(frozen=True)
class Laboratory:
    """``file`` is None for the built-in laboratory.

    ``is_servers_alone``: the processor, on another computer say, has a file of its own.
    """

    file: Path | None
    server: ServerSettings
    processor: ProcessorSettings
    is_servers_alone: bool = False

    @property
    def arguments(self) -> list[str]:
        """What tells both services of the file."""
        return [] if self.file is None else ["--config", str(self.file)]

    @property
    def name(self) -> str:
        return str(self.file) if self.file else "the built-in laboratory"

    def server_endpoints(self, kind: str = LINES) -> Iterator[tuple[str, str]]:
        """The request type and a way to connect, of each listener of that kind over TCP."""
        for listener in self.server.listeners:
            for text in listener.listen if listener.kind == kind else ():
                endpoint = connect_to(text)
                if endpoint:
                    yield listener.request_type, endpoint

    @property
    def page(self) -> str:
        """The address of its status page, for a browser on this computer; empty for none."""
        endpoint = connect_to(self.server.http.listen)
        return f"http://{endpoint.removeprefix('tcp:')}/" if endpoint.startswith("tcp:") else ""

    def http_listeners(self) -> Iterator[str]:
        """Where its processes show themselves over HTTP, as endpoint strings."""
        # `pychron-lab run` gives the built-in laboratory two processes, too.
        both = self.file is None or bool(self.server.processor)
        settings = [self.server.http, *([self.processor.http] if both else [])]
        yield from (each.listen for each in settings if each.listen != OFF)

    def processor_endpoint(self) -> str:
        """The way to the processor; empty where it is a part of the server's process."""
        return self.server.processor


def load(file: Path | None) -> Laboratory:
    """Raises ConfigError."""
    if file is None:
        return Laboratory(
            None,
            ServerSettings(http=HttpSettings(listen=SERVER)),
            ProcessorSettings(http=HttpSettings(listen=PROCESSOR)),
        )
    return described(file, Table.load(file))


def described(file: Path, table: Table) -> Laboratory:
    """The one whose file says that. Raises ConfigError."""
    server = read_server(table)
    alone = bool(server.processor) and "processor" not in table and not has_hardware(table)
    return Laboratory(file, server, read_processor_settings(table), alone)


def has_hardware(table: Table) -> bool:
    """Whether a processor that reads it has any."""
    return (
        "lab" in table
        or table.table("processor").flag("simulated_lab", False)
        or any(section in table for section in _SECTIONS)
    )
