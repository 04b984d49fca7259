"""A laboratory as its file describes it, for the tools of an operator."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from pychron_comms.config.table import Table
from pychron_comms.observability.http.settings import SERVER, read_http
from pychron_comms.process.platform import HERE
from pychron_comms.processor.assembly import request_types
from pychron_comms.processor.settings import ProcessorSettings, read_processor_settings
from pychron_comms.server.settings import LINES, ServerSettings, read_server_settings

#: What a file is called where none is named.
DEFAULT_FILE = "lab.toml"


@dataclass(frozen=True)
class Laboratory:
    """``file`` is None for the built-in laboratory."""

    file: Path | None
    server: ServerSettings
    processor: ProcessorSettings

    @property
    def arguments(self) -> list[str]:
        """What tells both services of the file."""
        return [] if self.file is None else ["--config", str(self.file)]

    @property
    def name(self) -> str:
        return str(self.file) if self.file else "the built-in laboratory"

    def server_endpoints(self) -> Iterator[tuple[str, str]]:
        """The request type and a way to connect, of each listener that takes lines over TCP."""
        for listener in self.server.listeners:
            for text in listener.listen if listener.kind == LINES else ():
                endpoint = connect_to(text)
                if endpoint:
                    yield listener.request_type, endpoint

    def processor_endpoint(self) -> str:
        """The way to the processor; empty where it is a part of the server's process."""
        return self.server.processor


def load(file: Path | None) -> Laboratory:
    """Raises ConfigError."""
    if file is None:
        return Laboratory(None, ServerSettings(), ProcessorSettings())
    table = Table.load(file)
    server = read_server_settings(table.table("server"), types=request_types())
    return Laboratory(
        file,
        replace(server, http=read_http(table, "server", SERVER)),
        read_processor_settings(table),
    )


def connect_to(listen: str) -> str:
    """How this computer's own client reaches a listener; empty where it cannot say."""
    kind, _, rest = listen.partition(":")
    if kind == "unix":
        return listen if HERE.has_unix_sockets else ""
    if kind != "tcp":
        return ""
    port, *options = rest.split(":")
    if not port.removeprefix("port=").isdigit():
        return ""
    host = next((each.partition("=")[2] for each in options if each.startswith("interface=")), "")
    if host in {"", "0.0.0.0"}:
        host = "127.0.0.1"
    return f"tcp:{host}:{port.removeprefix('port=')}"
