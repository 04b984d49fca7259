"""The microcontroller, and operations: blocking, and in the reactor."""

from __future__ import annotations

import inspect
from collections.abc import Sequence

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.client.outcome import NotSentError, ReplyTimeoutError
from pychron_comms.client.qtegra.microcontroller import (
    DeferredQtegraMicrocontroller,
    QtegraError,
    QtegraMicrocontroller,
)
from pychron_comms.client.qtegra.operation import Part, operation
from pychron_comms.client.qtegra.parts import Magnet
from pychron_comms.errors import CommandError, error_from_line, error_line
from tests.asking import Answer, ScriptedCommunicator


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
        self.assertRaises(TypeError, part.microcontroller.run, waits())

    def test_an_endpoint(self) -> None:
        self.assertEqual(QtegraMicrocontroller.at("udp:127.0.0.1:9").server, "udp:127.0.0.1:9")
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
        made = DeferredQtegraMicrocontroller.at("udp:127.0.0.1:9", self.clock)
        self.assertEqual(made.server, "udp:127.0.0.1:9")


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
