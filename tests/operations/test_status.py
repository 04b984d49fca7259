"""pychron-lab status: what is asked, and what is found about a laboratory that runs."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from pychron_comms.client.outcome import NotSentError
from pychron_comms.client.reaching import connect_to
from pychron_comms.errors import (
    AnotherLaboratoryError,
    ManagerUnavailableError,
    OutcomeUnknownError,
    PychronCommunicationError,
)
from pychron_comms.interfaces import Reading, Severity
from pychron_comms.observability.state.items import Item, found
from pychron_comms.operations import doctor, status
from pychron_comms.operations.findings import (
    BROKEN,
    GOOD,
    WARNING,
    Finding,
    as_json,
    as_lines,
    exit_status,
    told_together,
)
from pychron_comms.operations.laboratory import Laboratory, load
from pychron_comms.processor.settings import ProcessorSettings
from pychron_comms.server.settings import ListenerSettings, ServerSettings
from tests.operations.case import FolderCase

NOW = datetime(2026, 3, 2, tzinfo=UTC)


class FakeAsks:
    """Answers from a table; what is not there has no connection."""

    def __init__(self, replies: dict[str, str]) -> None:
        self._replies = replies
        self.closed = False

    def ask(self, command: str) -> str:
        if command not in self._replies:
            raise NotSentError("nowhere", command, "refused")
        return self._replies[command]

    def close(self) -> None:
        self.closed = True


class StatusTests(FolderCase):
    def setUp(self) -> None:
        super().setUp()
        self.health: dict[str, object] = {}
        self.state: list[Item] = []

    def found(self, laboratory: Laboratory, replies: dict[str, str]) -> list[Finding]:
        return self.told(laboratory, FakeAsks(replies))

    def told(self, laboratory: Laboratory, asks: FakeAsks) -> list[Finding]:
        return status.status(
            laboratory,
            NOW,
            lambda endpoint, kind: asks,
            lambda page: self.health,
            lambda endpoint, patterns: self.state,
        )

    def laboratory(self) -> Laboratory:
        self.lab("init", "--yes")
        return load(self.file)

    def test_all_is_well(self) -> None:
        replies = {
            "PychronReady": "OK",
            "GetIntegrationTime": "1.048576",
            "Metrics": "",
            "Owners": "[]",
        }
        found = self.found(self.laboratory(), replies)
        self.assertEqual({each.state for each in found}, {GOOD, WARNING})
        texts = {each.subject: each.text for each in found}
        self.assertIn("answers at unix:", texts["processor"])
        qtegra = "server, Spectrometer at tcp:127.0.0.1:1062"
        self.assertEqual(texts[qtegra], "answers, and its processor too")
        self.assertEqual(texts["leases"], "none")
        self.assertIn("it is made at the start", texts["journal"])

    def test_who_is_away_is_told_with_what_starts_it(self) -> None:
        found = self.found(self.laboratory(), {})
        self.assertEqual(exit_status(found), 2)
        self.assertIn("pychron-lab run", found[0].mend)

    def test_a_server_without_its_processor_answers_and_the_processor_is_what_to_start(
        self,
    ) -> None:
        class Alone(FakeAsks):
            def ask(self, command: str) -> str:
                raise PychronCommunicationError("unix:p.sock", "refused")

        first, *_ = self.told(self.laboratory(), Alone({}))
        self.assertEqual(first.subject, "server")
        said = "the server answers, and its processor does not: could not communicate with"
        self.assertTrue(first.text.startswith(said), first.text)
        self.assertIn("systemctl start pychron-processor", first.mend)
        self.assertNotIn("pychron-server", first.mend)

    def test_another_laboratory_at_its_ports_is_not_taken_for_it(self) -> None:
        class Other(FakeAsks):
            def ask(self, command: str) -> str:
                raise AnotherLaboratoryError("/a/lab.toml")

        # Nor are its alarms.
        self.state = [found(Reading("road/alarm/a", "ok"), 90000.0)]
        laboratory = self.laboratory()
        findings = self.told(laboratory, Other({}))
        servers = [each for each in findings if each.subject.startswith("server")]
        self.assertEqual([each.state for each in servers], [BROKEN])
        self.assertNotIn("alarms", [each.subject for each in findings])
        said = "the laboratory of this file does not run there: another laboratory"
        self.assertTrue(servers[0].text.startswith(said), servers[0].text)
        self.assertIn("pychron-lab run says which process", servers[0].mend)
        self.assertNotIn("leases", [each.subject for each in findings])

    def test_the_built_in_laboratory_has_a_journal_as_long_as_it_runs(self) -> None:
        (journal,) = [each for each in self.found(load(None), {}) if each.subject == "journal"]
        self.assertEqual((journal.state, journal.mend), (GOOD, ""))
        self.assertIn("gone with it", journal.text)

    def test_a_standby_is_asked_too(self) -> None:
        pair = '["unix:run/a.sock", "unix:run/b.sock"]'
        self.file.write_text(f"[server]\nprocessor = {pair}\n")
        subjects = [each.subject for each in self.found(load(self.file), {})]
        self.assertIn("standby of unix:run/a.sock", subjects)

    def test_each_route_with_its_reason_and_since_when(self) -> None:
        self.health = {
            "route CO2": {"ok": False, "reason": "tcp:h:1: lost: refused", "since": 86400.0},
            "route other types": {"ok": True, "reason": "", "since": 86400.0},
            "processor tcp:h:1": {"ok": False, "reason": "lost: refused", "since": 86400.0},
        }
        found = {each.subject: each for each in self.found(self.laboratory(), {})}
        self.assertEqual(found["route of CO2"].state, BROKEN)
        self.assertRegex(found["route of CO2"].text, r"^tcp:h:1: lost: refused, since 1970-01-0\d")
        self.assertEqual(found["route of other types"].state, GOOD)
        self.assertNotIn("processor tcp:h:1", found)

    def test_one_that_is_alone_is_of_all_types(self) -> None:
        self.health = {"route other types": {"ok": True, "reason": "", "since": 86400.0}}
        subjects = [each.subject for each in self.found(self.laboratory(), {})]
        self.assertIn("route of all types", subjects)
        self.assertNotIn("route of other types", subjects)

    def test_each_instrument_that_is_away_with_why_and_since_when(self) -> None:
        link = "serial:///dev/ttyUSB0"
        away = Reading(
            "instrument/box",
            False,
            severity=Severity.MAJOR,
            reason="no such file",
            details={"since": 86400.0, "link": link},
        )
        self.state = [
            found(Reading("instrument/tpg", True), 90000.0),
            found(away, 90000.0),
            found(Reading("instrument/pid", True), 90000.0).invalid("the processor is lost"),
        ]
        told = {each.subject: each for each in self.found(self.laboratory(), {})}
        self.assertEqual(told["instruments"].line, "ok        instruments: tpg: answering")
        self.assertEqual(told["instrument box"].state, BROKEN)
        said = r"does not answer since 1970-01-0\d .*: no such file \(serial:///dev/ttyUSB0\)"
        self.assertRegex(told["instrument box"].text, said)
        self.assertIn("link in [instrument.box]", told["instrument box"].mend)
        self.assertIn("the processor is lost", told["instrument pid"].text)
        needs = "serial lines need pyserial: /opt/bin/python3 -m pip install pyserial"
        self.state = [found(away._replace(reason=needs), 90000.0)]
        told = {each.subject: each for each in self.found(load(self.file), {})}
        self.assertIn("that line in a terminal", told["instrument box"].mend)

    def test_each_alarm_that_is_not_at_rest(self) -> None:
        def alarm(name: str, state: str, severity: Severity, reason: str = "") -> Item:
            details = {"since": 86400.0, "text": "Close it." if reason else ""}
            path = f"road/alarm/{name}"
            reading = Reading(path, state, severity=severity, reason=reason, details=details)
            return found(reading, 90000.0)

        self.state = [
            alarm("quiet", "ok", Severity.OK),
            alarm("a 1", "active", Severity.MAJOR, "A is open"),
            alarm("b", "active", Severity.MINOR, "B is warm"),
            alarm("c", "acknowledged", Severity.MAJOR, "C is open"),
            alarm("d", "latched", Severity.OK),
            alarm("e", "shelved", Severity.INVALID, "gone"),
        ]
        told = {each.subject: each for each in self.found(self.laboratory(), {})}
        self.assertEqual(
            {name: each.state for name, each in told.items() if name.startswith("alarm")},
            {
                "alarm a 1": BROKEN,
                "alarm b": WARNING,
                "alarm c": WARNING,
                "alarm d": WARNING,
                "alarm e": GOOD,
            },
        )
        self.assertRegex(told["alarm a 1"].text, r"^active since 1970-01-0\d .*: A is open$")
        self.assertEqual(
            told["alarm a 1"].mend,
            "Close it.; pychron-alarms ack 'a 1' says that you have seen it",
        )
        self.assertEqual(told["alarm d"].mend, "pychron-alarms ack d")
        self.state = self.state[:1]
        lines = [each.line for each in self.found(load(self.file), {})]
        self.assertIn("ok        alarms: none", lines)

    def test_a_laboratory_without_instruments_says_nothing_of_them(self) -> None:
        subjects = [each.subject for each in self.found(self.laboratory(), {})]
        self.assertFalse([each for each in subjects if each.startswith("instrument")])

    def test_an_instrument_that_does_not_answer_well(self) -> None:
        found = self.found(self.laboratory(), {"GetIntegrationTime": "Error: no instrument"})
        (qtegra,) = [each for each in found if ":1062" in each.subject]
        self.assertEqual((qtegra.state, qtegra.text), (WARNING, "Error: no instrument"))

    def test_queues_leases_and_the_journal(self) -> None:
        (self.folder / "lab.journal").write_text("x" * 200_000)
        replies = {
            "PychronReady": "ERROR 011 : no processor",
            "Metrics": '# HELP x\nqueue_length{manager="co2"} 3\nother 1\n',
            "Owners": '[{"part": "CO2", "owner": "10.0.0.7"}]',
        }
        texts = [each.line for each in self.found(self.laboratory(), replies)]
        together = "\n".join(texts)
        self.assertIn('queue_length{manager="co2"} 3', together)
        self.assertIn("part=CO2 owner=10.0.0.7", together)
        self.assertIn("0.2 MB", together)
        self.assertIn("ERROR 011", together)

    def test_a_processor_behind_tls_is_asked_and_one_behind_a_broker_is_not(self) -> None:
        for way, text in (
            ("tls:lab:1059:trustRoots=ca.pem", "answers at tls:lab:1059:trustRoots=ca.pem"),
            ("amqp:lab:set=line", "amqp:lab:set=line cannot be asked from here"),
        ):
            laboratory = Laboratory(None, ServerSettings(processor=way), ProcessorSettings())
            found = self.found(laboratory, {"Metrics": ""})
            self.assertEqual([each.text for each in found if each.subject == "processor"], [text])

    def test_a_certificate_that_is_not_there(self) -> None:
        settings = ServerSettings(
            listeners=[
                ListenerSettings(
                    request_type="System", listen=["tls:1061:certificate=/nowhere/x.pem"]
                )
            ]
        )
        laboratory = Laboratory(None, settings, ProcessorSettings())
        found = self.found(laboratory, {})
        self.assertIn(BROKEN, [each.state for each in found if each.subject == "certificate"])
        self.assertIn("without TLS", found[0].text)
        told = doctor.doctor(laboratory)
        self.assertIn("pychron-certs issue /nowhere x", "".join(each.mend for each in told))

    def test_for_a_monitor_it_is_json(self) -> None:
        told = json.loads(as_json([Finding("a", GOOD, "b"), Finding("c", BROKEN, "d", "e")]))
        self.assertEqual(told["state"], BROKEN)
        self.assertEqual(told["findings"][1]["mend"], "e")
        self.assertEqual(exit_status([]), 0)

    def test_a_terminal_shows_each_state_in_its_colour(self) -> None:
        found = [Finding("a", GOOD, "b"), Finding("c", BROKEN, "d")]
        shown = as_lines(found, in_colour=True)
        self.assertEqual(shown, "\x1b[32mok\x1b[0m        a: b\n\x1b[31mbroken\x1b[0m    c: d\n")
        self.assertEqual(as_lines(found), "ok        a: b\nbroken    c: d\n")

    def test_many_in_order_that_say_the_same_are_told_as_one(self) -> None:
        four = [Finding(f"tcp:{port}", GOOD, "free") for port in range(4)]
        other = Finding("clock", GOOD, "free", "set it")
        self.assertEqual(
            [*told_together([*four, other])], [Finding("tcp:0 and 3 more", GOOD, "free"), other]
        )
        self.assertEqual([*told_together(four[1:])], four[1:])
        broken = [Finding(str(port), BROKEN, "taken") for port in range(4)]
        self.assertEqual([*told_together(broken)], broken)

    def test_where_none_of_many_listeners_answers_that_is_said_once(self) -> None:
        laboratory = self.laboratory()
        found = self.found(laboratory, {})
        servers = [each for each in found if each.subject.startswith("server")]
        self.assertEqual(len(servers), 1)
        self.assertIn("none of its 8 listeners answers: ", servers[0].text)
        # One of them that does is told apart.
        found = self.found(laboratory, {"GetIntegrationTime": "1.0"})
        self.assertEqual(len([each for each in found if each.subject.startswith("server,")]), 8)

    def test_a_listener_without_hardware_answers_all_the_same(self) -> None:
        class NoHardware(FakeAsks):
            def ask(self, command: str) -> str:
                raise ManagerUnavailableError("spectrometer")

        self.file.write_text(
            "[[server.listener]]\ntype = 'Spectrometer'\nkind = 'qtegra'\nlisten = ['tcp:1062']\n"
        )
        found = self.told(load(self.file), NoHardware({}))
        (qtegra,) = [each for each in found if ":1062" in each.subject]
        self.assertEqual((qtegra.state, qtegra.mend), (WARNING, ""))
        self.assertIn("answers, but the laboratory has no hardware for it", qtegra.text)
        # Of the listeners that are there where a file names none, nobody has asked for it.
        self.file.write_text('[[extraction_line.valve]]\nname = "A"\n')
        found = self.told(load(self.file), NoHardware({}))
        (qtegra,) = [each for each in found if ":1062" in each.subject]
        self.assertEqual(qtegra.state, GOOD)

    def test_an_unknown_outcome_is_no_traceback(self) -> None:
        class Lost(FakeAsks):
            def ask(self, command: str) -> str:
                raise OutcomeUnknownError("lost")

        found = self.told(self.laboratory(), Lost({}))
        self.assertEqual(exit_status(found), 2)

    def test_how_a_listener_is_reached_from_here(self) -> None:
        for listen, way in (
            ("tcp:1061", "tcp:127.0.0.1:1061"),
            ("tcp:1061:interface=10.0.0.1", "tcp:10.0.0.1:1061"),
            ("udp:1061", ""),
            ("tcp:port=1061:interface=0.0.0.0", "tcp:127.0.0.1:1061"),
            ("unix:/x", "unix:/x"),
            ("tls:1061:certificate=x", ""),
        ):
            self.assertEqual(connect_to(listen), way)
