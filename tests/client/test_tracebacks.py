"""What a scientist's script ends in where a command fails: few frames, one line that says it."""

from __future__ import annotations

import asyncio
import socket
import ssl
import traceback
from collections.abc import Callable

from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.client import asyncio_client
from pychron_comms.client.asyncio_client import AsyncioCommunicator
from pychron_comms.client.communicator import Communicator
from pychron_comms.client.outcome import (
    NoReplyError,
    NotSentError,
    OutcomeLostError,
    ReplyTimeoutError,
)
from pychron_comms.errors import CommandError, ValveSoftwareLockError
from tests.client_doubles import ScriptedChannel, ScriptedNetwork

REFUSED = ConnectionRefusedError(111, "Connection refused")
NO_NAME = socket.gaierror(-2, "Name or service not known")

#: Files of ours between the script's own line and the end.
FEW = 2


class TracebackTests(SynchronousTestCase):
    def ending(self, error: type[CommandError], work: Callable[[], object]) -> str:
        """The last line, of a traceback without what went on inside of us."""
        caught = self.assertRaises(error, work)
        told = "".join(traceback.format_exception(caught)).rstrip()
        self.assertNotIn("During handling of", told)
        self.assertNotIn("direct cause", told)
        ours = [line for line in told.splitlines() if "/pychron_comms/" in line]
        self.assertLessEqual(len([line for line in ours if line.startswith("  File")]), FEW, told)
        return told.splitlines()[-1]

    def asked(
        self, error: type[CommandError], *steps: ScriptedChannel | OSError, form: str = "auto"
    ) -> str:
        communicator = ScriptedNetwork(*steps).communicator(form=form)
        return self.ending(error, lambda: communicator.ask("Open A"))

    def test_no_server_or_no_such_computer(self) -> None:
        for form in ("auto", "tagged", "plain"):
            last = self.asked(NotSentError, REFUSED, form=form)
            self.assertIn("'Open A' was never sent to tcp:lab:1067: Connection refused; ", last)
        last = self.asked(NotSentError, NO_NAME)
        self.assertIn("no computer of that name is known here", last)

    def test_a_server_that_speaks_no_tls_or_is_not_trusted(self) -> None:
        error = ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong version number")
        error.reason = "WRONG_VERSION_NUMBER"
        self.assertIn("tcp: in place of tls:", self.asked(NotSentError, error))
        unknown = ssl.SSLCertVerificationError(1, "certificate verify failed: self-signed")
        self.assertIn("trustRoots=FILE behind the port", self.asked(NotSentError, unknown))

    def test_silence_garbage_and_a_lost_connection(self) -> None:
        for form in ("tagged", "plain"):
            last = self.asked(ReplyTimeoutError, ScriptedChannel(), form=form)
            self.assertIn("outcome unknown of 'Open A', sent to tcp:lab:1067: no reply with", last)
        for event in (b"garbage\r\n", b"", ConnectionResetError(104, "reset")):
            last = self.asked(CommandError, ScriptedChannel(event), form="tagged")
            self.assertIn("outcome unknown of 'Open A', sent to tcp:lab:1067: ", last)

    def test_a_wrong_port_where_nobody_has_ever_answered(self) -> None:
        for event, said in ((), "no reply within 2 s"), ((b"",), "closed by the server"):
            last = self.asked(NoReplyError, ScriptedChannel(*event), ScriptedChannel(*event))
            self.assertIn(said, last)
            self.assertIn("; nothing that we know has answered there yet: is it the right", last)
        # Whoever says that it is plain has asked nothing before.
        self.assertNotIn("port?", self.asked(NoReplyError, ScriptedChannel(), form="plain"))

    def test_a_refusal_ends_with_who_said_what_to_which_command(self) -> None:
        reply = "ERROR 014 : Valve E is software locked"
        channel = ScriptedChannel(f"@id=1 {reply}\r\n".encode())
        self.assertEqual(
            self.asked(ValveSoftwareLockError, channel, form="tagged"),
            f"tcp:lab:1067 answered 'Open A' with {reply}",
        )

    def test_settling_what_is_unknown(self) -> None:
        error = OutcomeLostError("tcp:lab:1067", "Open A", "outcome unknown", "key-1")
        for state in ("never seen", "unknown"):
            channel = ScriptedChannel(f"@id=1 {state}\r\n".encode())
            communicator = ScriptedNetwork(channel).communicator(form="tagged")
            last = self.ending(CommandError, lambda asks=communicator: asks.settle(error))
            self.assertIn("'Open A'", last)

    def test_on_an_asyncio_loop(self) -> None:
        communicator: Communicator = ScriptedNetwork(REFUSED).communicator()
        self.patch(asyncio_client, "Communicator", lambda endpoint: communicator)

        async def script() -> None:
            async with AsyncioCommunicator("tcp:lab:1067") as lab:
                await lab.ask("Open A")

        last = self.ending(NotSentError, lambda: asyncio.run(script()))
        self.assertIn("was never sent", last)
