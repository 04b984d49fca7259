"""pychron-lab: a laboratory's file, what is found about it, and its units."""

from __future__ import annotations

import io
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import urllib.request
from contextlib import redirect_stderr, redirect_stdout
from functools import partial
from http.client import BadStatusLine

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.operations import doctor, init, ports, status, tool, units
from pychron_comms.operations.check import check
from pychron_comms.operations.findings import (
    GOOD,
    WARNING,
)
from pychron_comms.operations.laboratory import Laboratory, load
from pychron_comms.process.platform import Platform
from pychron_comms.processor.settings import ProcessorSettings
from pychron_comms.server.settings import ListenerSettings, ServerSettings
from tests.operations.case import FolderCase


class InitTests(FolderCase):
    def test_what_it_writes_passes_its_own_check(self) -> None:
        self.assertIn("pychron-lab run --config", self.lab("init", "--yes")[1])
        code, told = self.lab("check")
        self.assertEqual(
            (code, told), (0, f"ok        configuration: {self.file}: no mistakes found\n")
        )

    def test_a_server_whose_processor_has_its_own_file_needs_no_hardware_in_its(self) -> None:
        self.file.write_text('[server]\nprocessor = "tcp:10.0.0.20:1059"\n')
        code, told = self.lab("check")
        self.assertEqual((code, told.count("\n")), (0, 1), told)
        self.assertTrue(load(self.file).is_servers_alone)
        journal = [each for each in status._journal(load(self.file)) if each.subject == "journal"]
        self.assertEqual([each.state for each in journal], [GOOD])
        for more in (
            '[processor]\nlisten = ["tcp:1059"]\n',
            '[[extraction_line.valve]]\nname = "A"\n',
            "[processor]\nsimulated_lab = true\n",
        ):
            self.file.write_text(f'[server]\nprocessor = "tcp:10.0.0.20:1059"\n{more}')
            self.assertFalse(load(self.file).is_servers_alone, more)
        self.file.write_text('[server]\nprocessor = "tcp:10.0.0.20:1059"\n[processor]\n')
        self.assertIn("no hardware is configured", self.lab("check")[1])

    def test_the_file_is_a_whole_laboratory(self) -> None:
        self.lab("init", "--yes")
        laboratory = load(self.file)
        self.assertEqual(laboratory.processor_endpoint(), f"unix:{self.folder}/run/processor.sock")
        self.assertEqual(laboratory.processor.listen, [laboratory.server.processor])
        self.assertIn(("System", "tcp:127.0.0.1:1061"), list(laboratory.server_endpoints()))
        self.assertEqual(len(laboratory.server.listeners), 8)

    def test_nothing_is_written_over(self) -> None:
        self.file.write_text("seed = 7\n")
        error = self.assertRaises(SystemExit, self.lab, "init", "--yes")
        self.assertIn("--force writes over it", str(error))
        self.assertEqual(self.file.read_text(), "seed = 7\n")
        self.lab("init", "--yes", "--force")
        self.assertIn('lab = "default"', self.file.read_text())

    def test_a_person_is_asked(self) -> None:
        said = iter(["y", "192.168.1.*", "n"])
        answers = init.ask(lambda question: next(said))
        self.assertEqual(answers, init.Answers(journal=False, network=True, hosts="192.168.1.*"))
        text = init.written(self.folder, answers)
        self.assertIn('"tcp:1061", "udp:1061"', text)
        self.assertIn('"192.168.1.*"]', text)
        self.assertNotIn("[journal]", text)
        self.assertEqual(init.ask(lambda question: ""), init.Answers())

    def test_where_nobody_answers_it_says_what_to_do(self) -> None:
        self.patch(sys, "stdin", io.StringIO())
        error = self.assertRaises(SystemExit, self.lab, "init")
        self.assertIn("nobody answers; with --yes, nothing is asked", str(error))
        self.assertFalse(self.file.exists())

    def test_elsewhere_the_halves_meet_on_loopback(self) -> None:
        text = init.written(self.folder, init.Answers(), Platform("win32"))
        self.assertIn('processor = "tcp:127.0.0.1:1059"', text)
        self.assertIn("COM3", text)
        deep = pathlib.Path("/" + "x" * 120)
        self.assertIn("tcp:127.0.0.1:1059", init.written(deep, init.Answers()))

    def test_a_folder_that_cannot_be_written_is_told_with_what_to_do(self) -> None:
        self.file = self.folder / "none" / "lab.toml"
        error = self.assertRaises(SystemExit, self.lab, "init", "--yes")
        self.assertIn(f"{self.file} cannot be written: No such file or directory;", str(error))
        self.assertIn("mkdir -p ~/lab; cd ~/lab", str(error))


class CheckTests(FolderCase):
    def test_a_mistake_is_told_with_its_line(self) -> None:
        self.lab("init", "--yes")
        self.file.write_text(self.file.read_text().replace('type = "CO2"', 'type = "CO3"'))
        code, told = self.lab("check")
        self.assertEqual(code, 2)
        self.assertRegex(told, r"broken +configuration: \S+lab.toml:\d+: server.listener\[6\].type")
        self.assertIn("did you mean CO2?", told)

    def test_both_halves_are_built(self) -> None:
        listener = '[[server.listener]]\ntype = "System"\nlisten = ["tls:1061:{}"]\n'
        for text, said in (
            ('[server]\nprocesor = "tcp:x:1"', ":2: server.procesor: no such key is known; did"),
            ('[server]\nprocessor = "tcp:x"', "('tcp:x': it is tcp:HOST:PORT), got"),
            ('[server.routes]\nCO2 = "tpc:x:1"', ":2: server.routes.CO2: expected where to"),
            ('[server.routes]\nCO2 = "tpc:x:1"', "(there is no tpc:; did you mean tcp?)"),
            (
                listener.format("certificate=/none.pem:privateKey=/none.key"),
                "lab.toml:3: /none.pem: cannot be read",
            ),
            ('[http]\nserer = "off"', "did you mean server?"),
        ):
            self.file.write_text(f"{text}\n")
            code, told = self.lab("check")
            self.assertEqual(code, 2, told)
            self.assertIn(said, told)

    def test_all_mistakes_are_told_in_the_order_of_the_file(self) -> None:
        self.lab("init", "--yes")
        text = self.file.read_text()
        for right, wrong in (
            ('type = "Synrad"', 'type = "Synrd"'),
            ('hosts = ["127', 'hots = ["127'),
            ("[journal]\n", '[journal]\nsync = "yes"\n'),
        ):
            self.assertIn(right, text)
            text = text.replace(right, wrong)
        rule = '[[interlock]]\ncommand = "System|Opn A"\nonly_if = ["System|ReadTest < 5"]\n'
        self.file.write_text(f"{text}\n{rule}")

        code, told = self.lab("check")

        self.assertEqual(code, 2)
        *broken, mend = told.splitlines()
        keys = [line.split(": ")[2] for line in broken]
        self.assertEqual(
            keys, ["server.listener[5].type", "access.hots", "journal.sync", "interlock[0].command"]
        )
        self.assertEqual(mend.strip(), "mend it: edit these lines, then check again")

    def test_a_file_that_is_not_there_can_be_written(self) -> None:
        code, told = self.lab("check")
        self.assertEqual(code, 2)
        self.assertIn(f"pychron-lab init --config {self.file} writes one", told)

    def test_so_do_the_verbs_that_need_it(self) -> None:
        for verb in ("run", "install"):
            error = self.assertRaises(SystemExit, self.lab, verb)
            self.assertIn(f"{self.file} is not there; pychron-lab init --config", str(error))

    def test_a_command_line_that_lacks_something_says_what(self) -> None:
        for words, said in (
            ([], "COMMAND: one of init, check, run, status"),
            (["check", "my.toml"], "arguments: my.toml; a file is named so: --config my.toml"),
        ):
            err = io.StringIO()
            with redirect_stderr(err):
                self.assertRaises(SystemExit, tool.main, words)
            self.assertIn(said, err.getvalue())

    def test_no_hardware_is_something_to_look_at(self) -> None:
        self.file.write_text(f'[journal]\nfile = "{self.folder}/lab.journal"\n')
        code, told = self.lab("check")
        self.assertEqual(code, 1)
        self.assertIn('lab = "default" at the top', told)

    def test_the_built_in_laboratory_is_right(self) -> None:
        self.assertEqual([each.state for each in check(None, Clock())], [GOOD])

    def test_without_a_file_it_is_said_which_laboratory_that_is(self) -> None:
        before = os.getcwd()
        self.addCleanup(os.chdir, before)
        os.chdir(self.folder)
        self.patch(tool, "status", lambda laboratory: [])
        self.patch(tool, "doctor", lambda laboratory: [])
        for word in ("check", "status", "doctor"):
            output = io.StringIO()
            with redirect_stdout(output):
                self.assertEqual(tool.main([word]), 0)
            told = output.getvalue()
            self.assertIn(f"no lab.toml is in {self.folder}; this is about the built-in", told)
            self.assertIn("if wanted: pychron-lab init", told)


def fail_as_a_line_server_does(*where: object, **how: object) -> None:
    raise BadStatusLine("ERROR 003 : invalid command: GET")


class DoctorTests(FolderCase):
    def test_a_taken_port_is_told_with_the_command_that_shows_who_has_it(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            listener = ListenerSettings(
                request_type="System", listen=[f"tcp:{port}:interface=127.0.0.1"]
            )
            laboratory = Laboratory(None, ServerSettings(listeners=[listener]), ProcessorSettings())
            found = list(ports.ports(laboratory, lambda listen, question: False))
            own = list(ports.ports(laboratory, lambda listen, question: question == "PychronReady"))
        self.assertEqual(found[0].state, WARNING)
        self.assertIn(f"sport = :{port}", found[0].mend)
        self.assertEqual(own[0].state, GOOD)
        self.assertIn("a laboratory runs there", own[0].text)
        self.assertEqual(doctor.doctor(laboratory)[0].state, GOOD)

    def test_a_port_with_tls_is_its_own_where_others_are(self) -> None:
        with (
            socket.create_server(("127.0.0.1", 0)) as one,
            socket.create_server(("127.0.0.1", 0)) as two,
        ):
            tls, tcp = (each.getsockname()[1] for each in (one, two))
            at = "interface=127.0.0.1"
            listen = [f"tls:{tls}:{at}:certificate=x", f"tcp:{tcp}:{at}"]
            listener = ListenerSettings(request_type="System", listen=listen)
            laboratory = Laboratory(None, ServerSettings(listeners=[listener]), ProcessorSettings())
            for begins, state in (("tcp:", GOOD), ("none", WARNING)):
                found = ports.ports(laboratory, partial(_begins, begins))
                states = {each.subject: each.state for each in found}
                self.assertEqual([states[each] for each in listen], [state, state])

    def test_another_laboratory_at_its_ports_is_in_its_way(self) -> None:
        """It was told to be in order: a laboratory runs there."""
        self.lab("init", "--yes")
        laboratory = load(self.file)
        self.patch(ports, "_cannot_bind", lambda address: "in use")
        for whose, state in ((lambda which: True, "broken"), (lambda which: False, GOOD)):
            found = ports.ports(laboratory, lambda *where: True, whose)
            told = [each for each in found if each.subject.startswith(("tcp:", "udp:"))]
            self.assertEqual({each.state for each in told}, {state})
            is_another = {"another laboratory" in each.text for each in told}
            self.assertEqual(is_another, {state == "broken"})

    def test_the_pages_of_both_processes_are_looked_at(self) -> None:
        self.file.write_text('lab = "default"\n[http]\nserver = "tcp:8070"\n')
        subjects = [each.subject for each in doctor.doctor(load(self.file))]
        self.assertIn("tcp:8070", subjects)
        self.assertNotIn("tcp:1071:interface=127.0.0.1", subjects)
        self.lab("init", "--yes", "--force")
        for laboratory in (load(self.file), load(None)):
            subjects = [each.subject for each in doctor.doctor(laboratory)]
            self.assertIn("tcp:1070:interface=127.0.0.1", subjects)
            self.assertIn("tcp:1071:interface=127.0.0.1", subjects)

    def test_somebody_elses_program_is_no_laboratory(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            self.patch(ports, "PATIENCE", 0.05)
            listen = f"tcp:{taken.getsockname()[1]}:interface=127.0.0.1"
            for question in ("PychronReady", ""):
                self.assertFalse(ports.answers(listen, question))
        self.assertFalse(ports.answers(listen, "PychronReady"))
        self.patch(urllib.request, "urlopen", fail_as_a_line_server_does)
        self.assertFalse(ports.answers(listen, ""))
        self.assertFalse(ports.answers("tls:1061:certificate=x", "PychronReady"))

    def test_a_folder_that_cannot_be_written(self) -> None:
        self.lab("init", "--yes")
        (self.folder / "run").mkdir()
        laboratory = load(self.file)
        self.patch(os, "access", lambda path, mode: False)
        told = "".join(each.line for each in doctor.doctor(laboratory))
        self.assertIn("sudo install -d -m 700", told)
        self.assertIn("sudo chown", told)

    def test_a_file_with_a_mistake_is_a_finding_too(self) -> None:
        self.file.write_text("[server]\nlaunch = 3\n")
        code, told = self.lab("doctor")
        self.assertEqual(code, 2)
        self.assertIn("lab.toml:2: server.launch: expected", told)

    def test_clock_disk_and_extras(self) -> None:
        self.patch(doctor, "LITTLE", 1e30)
        self.patch(doctor, "_PAST", 1e30)
        self.patch(doctor, "_EXTRAS", {"none": (("no_such_package",), "nothing")})
        told = "".join(
            each.line
            for each in doctor.doctor(
                Laboratory(None, ServerSettings(listeners=[]), ProcessorSettings())
            )
        )
        self.assertIn("make room", told)
        self.assertIn("timedatectl", told)
        self.assertIn("-m pip install no_such_package", told)


class UnitTests(FolderCase):
    def scope(self, *, user: bool) -> units.Scope:
        return units.Scope(user, self.folder, "alice")

    def test_a_laboratory_of_two_processes_has_two_services(self) -> None:
        self.lab("init", "--yes")
        texts = units.units(load(self.file), self.scope(user=True), "/opt/venv/bin/python")
        self.assertEqual(list(texts), ["pychron-processor.service", "pychron-server.service"])
        server = texts["pychron-server.service"]
        self.assertIn(
            "ExecStart=/opt/venv/bin/twistd -n --pidfile= pychron-server --config", server
        )
        self.assertIn("After=network.target pychron-processor.service", server)
        self.assertNotIn("User=", server)
        self.assertIn("WantedBy=default.target", server)

    def test_the_systems_run_as_an_account(self) -> None:
        self.file.write_text('lab = "default"\n')
        texts = units.units(load(self.file), self.scope(user=False))
        self.assertEqual(list(texts), ["pychron-server.service"])
        self.assertIn("User=alice\n", texts["pychron-server.service"])
        self.assertEqual(str(self.scope(user=False).folder), "/etc/systemd/system")

    def test_a_path_with_blanks_is_one_word(self) -> None:
        self.file = self.folder / 'Argon "100%" lab.toml'
        self.file.write_text('lab = "default"\n')
        (text,) = units.units(load(self.file), self.scope(user=True)).values()
        self.assertIn('Argon \\"100%%\\" lab.toml"\n', text)
        if shutil.which("systemd-analyze"):
            self.assertEqual(units.verified({"pychron-server.service": text}, self.folder), "")

    def test_without_a_file_there_is_no_service(self) -> None:
        self.assertRaises(ValueError, units.units, load(None), self.scope(user=True))

    def test_they_are_shown_before_they_are_written_and_removed_again(self) -> None:
        self.lab("init", "--yes")
        self.patch(pathlib.Path, "home", lambda: self.folder)
        self.patch(units, "verified", lambda texts, folder: "")
        folder = self.folder / ".config" / "systemd" / "user"
        code, told = self.lab("install", "--user", "--yes")
        self.assertEqual(code, 0)
        self.assertIn("[Service]", told)
        self.assertIn("systemctl --user enable --now pychron-processor.service", told)
        self.assertTrue((folder / "pychron-server.service").exists())
        (folder / "other.service").write_text("")
        told = self.lab("remove", "--user")[1]
        self.assertIn("removed", told)
        self.assertRegex(told, r"systemctl --user stop .*pychron-server\.service")
        self.assertEqual([each.name for each in folder.iterdir()], ["other.service"])
        self.assertIn("nothing of pychron-lab's", self.lab("remove", "--user")[1])

    def test_with_sudo_they_run_as_the_person_and_not_as_root(self) -> None:
        self.lab("init", "--yes")
        self.patch(sys, "stdin", io.StringIO("n\n"))
        self.patch(units, "verified", lambda texts, folder: "")
        self.patch(os, "environ", {**os.environ, "SUDO_USER": "jan"})
        code, told = self.lab("install")
        self.assertEqual((code, told.count("User=jan\n")), (1, 2))

    def test_what_systemd_does_not_take_is_not_written(self) -> None:
        self.lab("init", "--yes")
        self.patch(pathlib.Path, "home", lambda: self.folder)
        self.patch(units, "verified", lambda texts, folder: "bad setting")
        error = self.assertRaises(SystemExit, self.lab, "install", "--user", "--yes")
        self.assertIn("bad setting", str(error))

    def test_systemd_itself_looks_at_them(self) -> None:
        asked: list[list[str]] = []

        def run(words: list[str], **how: object) -> subprocess.CompletedProcess[str]:
            asked.append(words)
            return subprocess.CompletedProcess(words, 1, "", "wrong")

        self.patch(units.shutil, "which", lambda name: f"/usr/bin/{name}")
        self.patch(units.subprocess, "run", run)
        self.assertEqual(units.verified({"a.service": "x"}, self.folder), "wrong")
        self.assertEqual(asked[0][:2], ["/usr/bin/systemd-analyze", "verify"])
        self.patch(units.shutil, "which", lambda name: None)
        self.assertEqual(units.verified({"a.service": "x"}, self.folder), "")

    def test_elsewhere_there_is_no_systemd(self) -> None:
        self.patch(tool, "HERE", Platform("darwin"))
        error = self.assertRaises(SystemExit, self.lab, "install")
        self.assertIn("systemd is of Linux alone", str(error))


class ParsingTests(SynchronousTestCase):
    def test_the_file_of_this_folder_is_taken(self) -> None:
        options = tool.parser().parse_args(["check"])
        self.assertIsNone(options.config)


def _begins(with_what: str, listen: str, question: str) -> bool:
    return listen.startswith(with_what)
