"""The microcontroller, and operations: blocking, and in the reactor."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.client.outcome import NotSentError, ReplyTimeoutError
from pychron_comms.client.qtegra import microcontroller
from pychron_comms.client.qtegra.microcontroller import (
    DeferredQtegraMicrocontroller,
    QtegraError,
    QtegraMicrocontroller,
)
from pychron_comms.client.qtegra.operation import Part, operation
from pychron_comms.client.qtegra.parts import Magnet
from pychron_comms.errors import CommandError, error_from_line, error_line
from tests.asking import Answer, ScriptedCommunicator
from tests.client.deferred_case import Reactor


def silence(command: str) -> ReplyTimeoutError:
    return ReplyTimeoutError("udp:lab:1069", command, "no reply within 2 s")


class LateCommunicator:
    """Keeps each command until the test answers it."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.results: list[Deferred[str]] = []

    def ask(self, command: str, timeout: float | None = None) -> Deferred[str]:
        self.asked.append(command)
        self.results.append(Deferred())
        return self.results[-1]


@operation
async def twice(part: Part[QtegraMicrocontroller], command: str) -> tuple[str, str]:
    """Ask, let a second pass, and ask again."""
    first = await part.microcontroller.request(command)
    await part.microcontroller.pause(1)
    return first, await part.microcontroller.request(command)


class BlockingTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()

    def made(self, answers: dict[str, Answer | Sequence[Answer]], **options: int) -> Part:
        self.communicator = ScriptedCommunicator(answers)
        return Part(
            QtegraMicrocontroller(
                self.communicator,
                "udp:lab:1069",
                sleep=self.clock.advance,
                now=self.clock.seconds,
                **options,
            )
        )

    def test_result_at_once(self) -> None:
        part = self.made({"GetHV": ["4.5", "4.6"]})
        self.assertEqual(twice(part, "GetHV"), ("4.5", "4.6"))
        self.assertEqual(part.microcontroller.now(), 1.0)

    def test_refusals(self) -> None:
        for reply in ("Error", "Error: Invalid Command"):
            part = self.made({"GetHV": reply})
            error = self.assertRaises(QtegraError, twice, part, "GetHV")
            self.assertEqual(
                (error.server, error.command, error.reply), ("udp:lab:1069", "GetHV", reply)
            )
            self.assertEqual(str(error), f"{reply} (the reply of udp:lab:1069 to GetHV)")

    def test_a_refusal_is_a_command_error_without_a_code(self) -> None:
        line = error_line(QtegraError("here", "Foo", "Error"))
        self.assertEqual(line, "ERROR 000 : Error (the reply of here to Foo)")
        self.assertIsInstance(error_from_line(line), CommandError)

    def test_text_that_only_begins_like_an_error(self) -> None:
        part = self.made({"GetActiveCupConfiguration": "Errors"})
        self.assertEqual(twice(part, "GetActiveCupConfiguration")[0], "Errors")

    def test_a_lost_read_is_asked_again(self) -> None:
        part = self.made({"GetHV": [silence("GetHV"), "4.5"]})
        self.assertEqual(twice(part, "GetHV"), ("4.5", "4.5"))
        self.assertEqual(len(self.communicator.asked), 3)

    def test_so_often_and_not_more(self) -> None:
        part = self.made({"GetHV": silence("GetHV")}, reads=3)
        self.assertRaises(ReplyTimeoutError, twice, part, "GetHV")
        self.assertEqual(len(self.communicator.asked), 3)

    def test_once_more_where_nothing_else_is_said(self) -> None:
        part = self.made({"GetHV": silence("GetHV")})
        self.assertRaises(ReplyTimeoutError, twice, part, "GetHV")
        self.assertEqual(len(self.communicator.asked), 2)

    def test_a_change_is_sent_once(self) -> None:
        part = self.made({"SetHV": silence("SetHV 5")})
        self.assertRaises(ReplyTimeoutError, twice, part, "SetHV 5")
        self.assertEqual(len(self.communicator.asked), 1)

    def test_what_cannot_be_sent_is_not_tried_again(self) -> None:
        part = self.made({"GetHV": NotSentError("here", "GetHV", "refused")})
        self.assertRaises(NotSentError, twice, part, "GetHV")
        self.assertEqual(len(self.communicator.asked), 1)

    def test_a_coroutine_that_needs_the_reactor(self) -> None:
        async def waits() -> None:
            await Deferred()

        part = self.made({})
        error = self.assertRaises(TypeError, part.microcontroller.run, waits())
        self.assertEqual(str(error), "a coroutine that waits for the reactor cannot run here")

    def test_an_endpoint(self) -> None:
        made: list[Any] = []

        def build(endpoint: str, **options: Any) -> ScriptedCommunicator:
            made.append((endpoint, options))
            return ScriptedCommunicator({"GetHV": "Error"})

        self.patch(microcontroller, "Communicator", build)
        part = Part(QtegraMicrocontroller.at("udp:127.0.0.1:9", 5.0))
        error = self.assertRaises(QtegraError, twice, part, "GetHV")
        self.assertEqual(error.server, "udp:127.0.0.1:9")
        self.assertEqual(made, [("udp:127.0.0.1:9", {"timeout": 5.0, "form": "closing"})])

    def test_one_that_is_none(self) -> None:
        self.assertRaises(ValueError, QtegraMicrocontroller.at, "carrier pigeon")


class DeferredTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.communicator = LateCommunicator()
        self.part = Part(DeferredQtegraMicrocontroller(self.communicator, self.clock))

    def test_result_later(self) -> None:
        result = twice(self.part, "GetHV")
        self.communicator.results[0].callback("4.5")
        self.assertEqual(self.communicator.asked, ["GetHV"])
        self.clock.advance(1)
        self.assertNoResult(result)
        self.communicator.results[1].callback("4.6")
        self.assertEqual(self.successResultOf(result), ("4.5", "4.6"))
        self.assertEqual(self.part.microcontroller.now(), 1.0)

    def test_refusal(self) -> None:
        result = twice(self.part, "GetFoo")
        self.communicator.results[0].callback("Error: Invalid Command")
        self.assertEqual(self.failureResultOf(result, QtegraError).value.command, "GetFoo")

    def test_cancelled_while_asking(self) -> None:
        result = twice(self.part, "GetHV")
        result.cancel()
        self.failureResultOf(result, CancelledError)
        self.assertTrue(self.communicator.results[0].called)

    def test_cancelled_in_a_pause(self) -> None:
        result = twice(self.part, "GetHV")
        self.communicator.results[0].callback("4.5")
        result.cancel()
        self.failureResultOf(result, CancelledError)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_an_endpoint(self) -> None:
        reactor = Reactor()
        part = Part(DeferredQtegraMicrocontroller.at("udp:lab:9", reactor, 5.0))
        self.assertEqual(part.microcontroller.server, "udp:lab:9")
        result = twice(part, "SetHV 5")
        (port,) = reactor.ports
        self.assertEqual(port.sent, [b"SetHV 5\r"])
        reactor.advance(4.9)
        self.assertNoResult(result)
        reactor.advance(0.1)
        self.failureResultOf(result, ReplyTimeoutError)
        result = twice(part, "SetHV 5")
        reactor.ports[-1].protocol.datagramReceived(b"OK\r\n", None)
        reactor.advance(0.9)
        self.assertEqual(len(reactor.ports), 2)
        reactor.advance(0.1)
        self.assertEqual(len(reactor.ports), 3)
        result.cancel()
        self.failureResultOf(result, CancelledError)


class HelpTests(SynchronousTestCase):
    """What a person sees at a prompt."""

    def test_of_a_part(self) -> None:
        magnet = Magnet(QtegraMicrocontroller(ScriptedCommunicator()))
        self.assertEqual(str(inspect.signature(magnet.set_dac)), "(dac: 'float') -> 'None'")
        self.assertIn("in V", inspect.getdoc(magnet.set_dac) or "")

    def test_of_the_class(self) -> None:
        self.assertTrue(inspect.iscoroutinefunction(Magnet.set_dac))

    def test_of_a_function(self) -> None:
        self.assertIn("ask again", inspect.getdoc(twice) or "")
