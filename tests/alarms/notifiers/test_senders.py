"""Mail, webhook and program: what each hands over, and when it has gone."""

from __future__ import annotations

import email
import json
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.internet.error import ProcessDone, ProcessTerminated
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.http_headers import Headers

from pychron_comms.alarms.notifiers.mail import MailSender
from pychron_comms.alarms.notifiers.message import Message, message_about
from pychron_comms.alarms.notifiers.program import ProgramSender
from pychron_comms.alarms.notifiers.settings import (
    CHAT,
    JSON,
    TEXT,
    MailSettings,
    ProgramSettings,
    WebhookSettings,
)
from pychron_comms.alarms.notifiers.webhook import WebhookSender
from tests.alarms.notifiers.test_outbox import notice

MESSAGE = message_about([notice()], 0, "läb")


class MailTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.calls: list[tuple[tuple[Any, ...], dict[str, Any]]] = []
        self.result: Deferred[Any] = Deferred()
        settings = MailSettings(
            host="mail.lab.org", port=587, sender="lab@lab.org", to=["jo@lab.org", "ann@lab.org"]
        )
        self.sent = MailSender(settings, object(), self.send).send(MESSAGE)

    def send(self, *arguments: Any, **named: Any) -> Deferred[Any]:
        self.calls.append((arguments, named))
        return self.result

    def test_it_is_a_mail_that_programs_do_not_answer(self) -> None:
        (((host, sender, to, content), named),) = self.calls
        self.assertEqual(
            (host, sender, to), ("mail.lab.org", "lab@lab.org", ["jo@lab.org", "ann@lab.org"])
        )
        self.assertEqual(named["port"], 587)
        mail = email.message_from_bytes(content, policy=email.policy.default)
        self.assertEqual(mail["Subject"], MESSAGE.subject)
        self.assertEqual(mail["Auto-Submitted"], "auto-generated")
        self.assertIn("IG raised", mail.get_content())

    def test_it_has_gone_when_it_was_taken_for_all(self) -> None:
        self.result.callback((2, [(b"jo@lab.org", 250, b"OK"), (b"ann@lab.org", 250, b"OK")]))
        self.successResultOf(self.sent)

    def test_a_receiver_that_is_refused_is_a_failure(self) -> None:
        self.result.callback((1, [(b"jo@lab.org", 250, b"OK"), (b"ann@lab.org", 550, b"unknown")]))
        failure = self.failureResultOf(self.sent)
        self.assertEqual(failure.getErrorMessage(), "ann@lab.org: 550 unknown")


class Response:
    phrase = b"No"

    def __init__(self, code: int) -> None:
        self.code = code
        self.readers: list[Any] = []

    def deliverBody(self, protocol: Any) -> None:
        self.readers.append(protocol)
        protocol.makeConnection(StringTransport())


class WebhookTests(SynchronousTestCase):
    def post(self, form: str, code: int = 200) -> Deferred[object]:
        self.response = Response(code)
        settings = WebhookSettings(url="https://hooks.lab.org/x", form=form)
        return WebhookSender(settings, object(), self).send(MESSAGE)  # type: ignore[arg-type]

    def request(self, method: bytes, url: bytes, headers: Headers, body: Any) -> Deferred[Any]:
        self.asked = method, url
        self.headers = headers
        out = StringTransport()
        self.successResultOf(body.startProducing(out))
        self.content = out.value()
        self.assertEqual(body.length, len(self.content))
        return succeed(self.response)

    def end(self) -> None:
        (reader,) = self.response.readers
        reader.dataReceived(b"thanks")
        reader.connectionLost()

    def test_json_has_all_of_it(self) -> None:
        sent = self.post(JSON)
        self.assertEqual(self.asked, (b"POST", b"https://hooks.lab.org/x"))
        told = json.loads(self.content)
        self.assertEqual(told["subject"], MESSAGE.subject)
        self.assertEqual(told["alarms"][0]["name"], "IG")
        self.assertNoResult(sent)
        self.end()
        self.successResultOf(sent)

    def test_a_chat_takes_one_text(self) -> None:
        self.post(CHAT)
        self.assertEqual(list(json.loads(self.content)), ["text"])

    def test_ntfy_takes_a_text_with_a_title(self) -> None:
        self.post(TEXT)
        self.assertEqual(self.content.decode(), MESSAGE.body)
        self.assertEqual(self.headers.getRawHeaders("Title"), ["[l?b] IG raised (major): too high"])

    def test_an_answer_that_is_no_yes_is_a_failure(self) -> None:
        failure = self.failureResultOf(self.post(JSON, 404))
        self.assertEqual(failure.getErrorMessage(), "answered 404 No")

    def test_an_answer_without_end_is_dropped(self) -> None:
        sent = self.post(JSON)
        sent.cancel()
        (reader,) = self.response.readers
        self.assertTrue(reader.transport.disconnecting)
        self.failureResultOf(sent)


class Process:
    """A process as its protocol sees it."""

    pid: int | None = 7

    def __init__(self) -> None:
        self.written = b""
        self.signals: list[str] = []

    def write(self, data: bytes) -> None:
        self.written += data

    def closeStdin(self) -> None:
        self.written += b"EOF"

    def signalProcess(self, name: str) -> None:
        self.signals.append(name)


class ProgramTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.process = Process()
        settings = ProgramSettings(command=["/bin/lamp", "--red"])
        self.sent = ProgramSender(settings, self).send(Message(subject="s", body="text"))

    def spawnProcess(self, run: Any, program: str, command: list[str], env: Any) -> None:
        self.assertEqual((program, command), ("/bin/lamp", ["/bin/lamp", "--red"]))
        self.assertEqual(env["PYCHRON_SUBJECT"], "s")
        self.run_ = run
        run.makeConnection(self.process)

    def test_it_reads_the_message_and_says_that_it_is_done(self) -> None:
        self.assertEqual(self.process.written, b"text\nEOF")
        self.assertNoResult(self.sent)
        self.run_.processEnded(Failure(ProcessDone(0)))
        self.successResultOf(self.sent)

    def test_what_it_says_last_is_why_it_failed(self) -> None:
        self.run_.errReceived(b"trying\nno lamp here\n")
        self.run_.processEnded(Failure(ProcessTerminated(1)))
        self.assertEqual(self.failureResultOf(self.sent).getErrorMessage(), "no lamp here")

    def test_one_that_says_nothing_is_told_by_its_end(self) -> None:
        self.run_.processEnded(Failure(ProcessTerminated(3)))
        told = self.failureResultOf(self.sent).getErrorMessage()
        self.assertEqual(told, "the program ended with status 3")

    def test_one_that_dies_is_told_by_its_signal(self) -> None:
        self.run_.processEnded(Failure(ProcessTerminated(None, 11)))
        told = self.failureResultOf(self.sent).getErrorMessage()
        self.assertEqual(told, "the program was ended by signal 11")

    def test_one_that_hangs_is_killed(self) -> None:
        self.sent.cancel()
        self.assertEqual(self.process.signals, ["KILL"])
        self.failureResultOf(self.sent)
        self.run_.processEnded(Failure(ProcessTerminated(None, 9)))
