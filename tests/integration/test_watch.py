"""A watch over a server that is killed, and comes back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from pychron_comms.client.communicator import Communicator
from pychron_comms.client.watch.notices import Gap, Item, Live, Lost, Notice
from tests.integration.clients import Wire
from tests.integration.laboratories import (
    ANY_PORT,
    HOST,
    port_of,
    server_address,
    start_processor,
    start_server,
    wait_until_connected,
)
from tests.integration.processes import Processes


def test_all_is_told_anew_after_a_kill(processes: Processes, tmp_path: Path) -> None:
    hop = f"unix:{tmp_path / 'hop.sock'}"
    start_processor(processes, hop)
    server = start_server(processes, processor=hop)
    wait_until_connected(server)
    port = server_address(server, "*")[1]
    with Communicator(f"tcp:{HOST}:{port}") as lab:
        watch = iter(lab.watch("System/valve/A", seconds=60))
        until(watch, Live())
        server.kill()
        # The valve may be looked at for the first time just before.
        assert any(isinstance(notice, Lost) for notice in watch)
        start_server(processes, f"*=tcp:{port}:interface={HOST}", processor=hop)
        until(watch, Gap())
        until(watch, Live())
        lab.ask("System|Open A", timeout=20)
        for notice in watch:
            if isinstance(notice, Item) and notice.value:
                break
        watch.close()


def test_a_valve_moves_in_the_stream_before_its_command_is_answered(
    processes: Processes,
) -> None:
    """Both are lines of one connection to the processor, so that their order is seen."""
    processor = start_processor(processes, ANY_PORT)
    with Wire((HOST, port_of(processor, "CommandProcessor"))) as client:
        client.send(b"@id=1 Subscribe System/valve/A\n")
        lines = iter(client.line, "")
        assert any(line.startswith("@event=live") for line in lines)
        client.send(b"@id=2 System|Open A\n")
        before = []
        for line in lines:
            if line.startswith("@id=2"):
                assert line.endswith(" OK")
                break
            before.append(line)
    changes = [json.loads(line.partition(" ")[2]) for line in before if "=change" in line]
    assert [(each["moving"], each["target"]) for each in changes][:1] == [(True, True)]


def until(watch: Iterator[Notice], wanted: Notice) -> None:
    for notice in watch:
        if notice == wanted:
            return
    raise AssertionError(f"{wanted} was not told")
