"""The logs of both processes: for programs on request, and each command by one name in both."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.integration.clients import Wire
from tests.integration.laboratories import ANY_PORT
from tests.integration.processes import Processes, RunningProcess, wait_until


def told(process: RunningProcess, command: str) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in process.log.splitlines() if line.endswith("}")]
    return [line for line in lines if line.get("command") == command]


def test_a_command_has_one_name_in_the_logs_of_both(processes: Processes, tmp_path: Path) -> None:
    path = f"unix:{tmp_path}/hop.sock"
    options = ("--http=off", "--log-format=json", "--commands")
    processor = processes.twistd("pychron-processor", f"--listen={path}", *options)
    processor.wait_for("CommandProcessor.* starting on")
    server = processes.twistd(
        "pychron-server", f"--listen=System={ANY_PORT}", f"--processor={path}", *options
    )
    server.wait_for("connected to the processor")
    address = server.wait_for(r"RemoteCommandServer for System starting on (\d+)")
    with Wire(("127.0.0.1", int(address[1]))) as client:
        assert client.ask("Open A") == "OK"
        assert client.ask("@id=7 Close A") == "@id=7 OK"
        assert client.ask("@id=8;key=mine Open A") == "@id=8 OK"
        assert client.ask("GetValveState A") == "True"
    for command, many in (("Open A", 2), ("Close A", 1)):
        both = (processor, server)
        wait_until(
            lambda command=command, many=many, both=both: all(
                len(told(each, command)) == many for each in both
            ),
            f"{command} in both logs",
        )
        names = [[each["name"] for each in told(process, command)] for process in both]
        assert names[0] == names[1]
        assert all(names[0])
    assert told(server, "Open A")[1]["name"] == "mine"
    assert told(server, "GetValveState A") == []
