"""``--log-format json``: what a line holds, and where it goes."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any, ClassVar
from unittest import mock

from twisted.application import service
from twisted.logger import ILogObserver, LogEvent, Logger, LogLevel
from twisted.python import usage
from twisted.python.failure import Failure
from twisted.python.usage import UsageError
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.process.command_line import ServiceOptions, checked
from pychron_comms.process.json_log import json_line, json_observer
from pychron_comms.process.start import ExplainedStart


class LineTests(SynchronousTestCase):
    def logged(self, text: str, /, failure: Failure | None = None, **fields: Any) -> dict[str, Any]:
        events: list[LogEvent] = []
        log = Logger(namespace="road", observer=events.append)
        if failure is None:
            log.warn(text, **fields)
        else:
            log.failure(text, failure)
        line = json_line(events[0])
        self.assertTrue(line.endswith("\n"))
        self.assertEqual(line.count("\n"), 1)
        read: dict[str, Any] = json.loads(line)
        return read

    def test_it_has_the_text_and_what_it_is_made_of(self) -> None:
        line = self.logged("{who} asked\n{what}", who="10.0.0.5", what="Open Ä", number=3)
        self.assertRegex(line.pop("time"), r"^\d{4}-\d\d-\d\dT[\d:.]+\+00:00$")
        self.assertEqual(
            line,
            {
                "level": "warn",
                "logger": "road",
                "text": "10.0.0.5 asked\nOpen Ä",
                "who": "10.0.0.5",
                "what": "Open Ä",
                "number": 3,
            },
        )

    def test_a_field_cannot_take_the_place_of_the_text(self) -> None:
        line = self.logged("{text}", text="true", time="noon", logger="mine")
        self.assertEqual((line["text"], line["level"], line["logger"]), ("true", "warn", "road"))

    def test_what_json_has_not_is_in_the_text_alone(self) -> None:
        line = self.logged("{part}", part=object())
        self.assertNotIn("part", line)
        self.assertIn("object", line["text"])

    def test_a_failure_has_its_traceback(self) -> None:
        line = self.logged("it failed", Failure(ValueError("why")))
        self.assertIn("ValueError: why", line["traceback"])
        self.assertEqual(line["level"], "critical")


class PlaceTests(SynchronousTestCase):
    def test_it_goes_where_twistd_would_write(self) -> None:
        file = Path(self.mktemp()).absolute()
        observer = json_observer(str(file), None)
        observer({"log_format": "here", "log_level": LogLevel.info, "log_time": 0.0})
        observer._outFile.close()
        self.assertEqual(json.loads(file.read_text("utf-8"))["text"], "here")
        output = io.StringIO()
        self.assertIs(json_observer("", output)._outFile, output)


class Service(ServiceOptions):
    name = "pychron-test"


class Twistd(usage.Options):
    """What of twistd's own options says where its log goes."""

    optFlags: ClassVar[Any] = [["nodaemon", "n", ""], ["syslog", None, ""]]
    optParameters: ClassVar[Any] = [["logfile", None, None, ""], ["logger", None, None, ""]]


class OptionTests(SynchronousTestCase):
    def test_another_format_is_a_mistake(self) -> None:
        with self.assertRaises(UsageError):
            Service().parseOptions(["--log-format", "xml"])

    def test_text_is_twistds_own_affair(self) -> None:
        for words, has_one in (([], False), (["--log-format", "json"], True)):
            application = service.Application("test")
            options = Service()
            options.parseOptions(words)
            checked(options, ExplainedStart).setServiceParent(application)
            observer = application.getComponent(ILogObserver, None)
            self.assertEqual(observer is not None, has_one)

    def test_but_for_a_terminal_that_nobody_may_read(self) -> None:
        for words, has_one in (
            (["-n"], True),
            (["-n", "--logfile", "-"], True),
            (["-n", "--logfile", "x.log"], False),
            (["-n", "--syslog"], False),
            ([], False),
        ):
            parent = Twistd()
            parent.parseOptions(words)
            options = Service()
            options.parent = parent
            with mock.patch("pychron_comms.process.command_line.standard_output") as output:
                self.assertEqual(options.log_observer is not None, has_one, words)
                # One that is held elsewhere would keep whoever waits for its end.
                self.assertEqual(options.log_output is not None, has_one, words)
                self.assertEqual(output.called, has_one, words)
