"""Twisted's own AMP: typed commands that are answered in any order."""

from __future__ import annotations

from time import perf_counter
from typing import Any, ClassVar

from twisted.internet import reactor as installed_reactor
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.endpoints import TCP4ClientEndpoint, connectProtocol
from twisted.internet.protocol import Factory
from twisted.protocols.amp import AMP, Command, CommandLocator, Unicode

from benchmarks.peers import COMMAND, REPLY, Say, Times
from pychron_comms.transport.endpoints import BACKLOG

reactor: Any = installed_reactor


class Ask(Command):
    """One line, one reply."""

    arguments: ClassVar = [(b"line", Unicode())]
    response: ClassVar = [(b"reply", Unicode())]


class Line(CommandLocator):
    """Answers all alike."""

    @Ask.responder
    def ask(self, line: str) -> dict[str, str]:
        return {"reply": REPLY}


def serve(say: Say) -> None:
    factory = Factory.forProtocol(lambda: AMP(locator=Line()))
    port = reactor.listenTCP(0, factory, BACKLOG, "127.0.0.1")
    reactor.callWhenRunning(say, str(port.getHost().port))
    reactor.run()


def load(address: str, clients: int, seconds: float) -> Times:
    times: Times = []

    async def client() -> None:
        endpoint = TCP4ClientEndpoint(reactor, "127.0.0.1", int(address))
        protocol: Any = await connectProtocol(endpoint, AMP())
        await protocol.callRemote(Ask, line=COMMAND)
        end = perf_counter() + seconds
        while (began := perf_counter()) < end:
            await protocol.callRemote(Ask, line=COMMAND)
            times.append(perf_counter() - began)

    def run() -> None:
        running = [Deferred.fromCoroutine(client()) for _ in range(clients)]
        gatherResults(running).addBoth(lambda _: reactor.stop())

    reactor.callWhenRunning(run)
    reactor.run()
    return times
