"""The services of the server, put together from its settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pychron_comms.endpoints import ExplainedStart, client_endpoint
from pychron_comms.interfaces import ICommandRepeater
from pychron_comms.processor.hardware_manager import RemoteHardwareManager
from pychron_comms.repeater.endpoint import CommandRepeater
from pychron_comms.repeater.local import LocalRepeater
from pychron_comms.repeater.routes import RoutingRepeater
from pychron_comms.server.command_server import RemoteCommandServer
from pychron_comms.server.desk import RequestDesk
from pychron_comms.server.launch import Launcher
from pychron_comms.server.repeats import RepeatGuard
from pychron_comms.server.settings import ServerSettings


class RemoteHardwareServer(ExplainedStart):
    """Everything that runs in a server's process: its listeners and its way to the processors.

    ``local`` is the gate where the processor is in this process too; the settings name one
    elsewhere. Raises ValueError for an endpoint string that is none.
    """

    def __init__(
        self, settings: ServerSettings, local: RemoteHardwareManager | None, reactor: Any
    ) -> None:
        super().__init__()
        self.setName("pychron-server")
        default: ICommandRepeater
        if local is None:
            default = self._repeater_to(settings.processor, reactor)
        else:
            local.setServiceParent(self)
            default = LocalRepeater(local)
        repeater = self._routed(settings.routes, default, reactor)
        guard = RepeatGuard(repeater, reactor, settings.keep_replies)
        launcher = Launcher(settings.launch, reactor)
        for listener in settings.listeners:
            desk = RequestDesk(listener.request_type, repeater, guard, launcher, settings.hosts)
            server = RemoteCommandServer(listener, desk, reactor)
            server.setServiceParent(self)

    def _routed(
        self, routes: Mapping[str, str], default: ICommandRepeater, reactor: Any
    ) -> ICommandRepeater:
        if not routes:
            return default
        # One connection to a processor, however many types it owns.
        repeaters = {
            description: self._repeater_to(description, reactor)
            for description in dict.fromkeys(routes.values())
        }
        return RoutingRepeater(
            default, {name: repeaters[description] for name, description in routes.items()}
        )

    def _repeater_to(self, description: str, reactor: Any) -> CommandRepeater:
        endpoint = client_endpoint(description, reactor)
        repeater = CommandRepeater(endpoint, description, reactor)
        repeater.setServiceParent(self)
        return repeater
