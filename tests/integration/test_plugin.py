"""A third party adds a request type by a plugin of its own, in a folder of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.clients import ConnectingClient, Wire
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

_DROPIN = """
from twisted.plugin import IPlugin
from zope.interface import implementer

from pychron_comms.handlers.arguments import Number
from pychron_comms.handlers.base import BaseHandler
from pychron_comms.handlers.command import command
from pychron_comms.handlers.replies import value
from pychron_comms.interfaces import Effect, IRequestHandlerFactory


class OvenHandler(BaseHandler):
    request_type = "Oven"

    @command(
        "Bake",
        arguments=(Number("temperature", minimum=0, maximum=400),),
        reply=value,
        effect=Effect.ACTUATE,
        help="begin to bake",
    )
    def bake(self, manager, sender, temperature):
        return manager.bake(temperature)


class Oven:
    def bake(self, temperature):
        return f"baking at {temperature:g}"


@implementer(IPlugin, IRequestHandlerFactory)
class OvenHandlerFactory:
    request_types = ("Oven", "Furnace")

    def build(self, hardware):
        return OvenHandler(hardware, Oven())


oven = OvenHandlerFactory()
"""

_MISTAKES = [("Bake 500", "004"), ("Bake", "004"), ("Fry 20", "003")]


@pytest.fixture
def plugins(tmp_path: Path) -> str:
    """A folder with a plugin in it, as somebody else's package would bring one."""
    folder = tmp_path / "theirs" / "twisted" / "plugins"
    folder.mkdir(parents=True)
    (folder / "oven_plugin.py").write_text(_DROPIN)
    return str(tmp_path / "theirs")


def test_its_commands_answer_through_server_and_processor(
    processes: Processes, plugins: str
) -> None:
    processor = start_processor(processes, ANY_PORT, PYTHONPATH=plugins)
    port = port_of(processor, "CommandProcessor")
    listeners = (f"Oven={ANY_PORT}", f"*={ANY_PORT}")
    server = start_server(processes, *listeners, processor=f"tcp:{HOST}:{port}")
    wait_until_connected(server)
    oven = ConnectingClient(server_address(server, "Oven"))

    assert oven.ask("Bake 120.5") == "baking at 120.5"
    assert oven.ask('{"command": "Bake", "temperature": 90}') == "baking at 90"
    assert ConnectingClient(server_address(server, "*")).ask("Furnace|Bake 7") == "baking at 7"
    with Wire((HOST, port)) as wire:
        assert wire.ask("Oven|Bake 300") == "baking at 300"


def test_it_gets_errors_and_help_for_nothing(processes: Processes, plugins: str) -> None:
    server = start_server(processes, f"Oven={ANY_PORT}", PYTHONPATH=plugins)
    oven = ConnectingClient(server_address(server, "Oven"))

    for mistake, code in _MISTAKES:
        reply = oven.ask(mistake)
        assert reply is not None
        assert reply.startswith(f"ERROR {code} : ")
    assert "begin to bake" in (oven.ask("Help Bake") or "")


def test_without_it_there_is_no_such_type(processes: Processes) -> None:
    server = start_server(processes, f"Oven={ANY_PORT}")

    assert server.wait_for_end() == 1
    assert "no request type Oven" in server.log


def test_what_a_processor_elsewhere_serves_only_it_knows(processes: Processes) -> None:
    path = f"unix:{processes.folder / 'processor.sock'}"
    start_processor(processes, path)
    server = start_server(processes, f"Oven={ANY_PORT}", processor=path)
    wait_until_connected(server)

    reply = ConnectingClient(server_address(server, "Oven")).ask("Bake 120")
    assert reply.startswith("ERROR 211 : no request type Oven (there are: CO2, Diode, ")
