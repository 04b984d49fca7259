"""``pychron-ask scan``: what it asks, writes and draws."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.client import ask
from pychron_comms.client.command_line import scan_command
from pychron_comms.client.communicator import Communicator
from pychron_comms.client.outcome import NotSentError
from pychron_comms.errors import AnotherLaboratoryError
from tests.fake_qtegra import FakeQtegra

ARGUMENTS = ("--detector", "H1", "--from", "5.33", "--to", "5.365", "--step", "0.001")

SERVING = """
[[server.listener]]
type = "System"
listen = ["tcp:2061:interface=127.0.0.1"]
[[server.listener]]
type = "Spectrometer"
kind = "qtegra"
listen = ["udp:2062:interface=127.0.0.1"]
"""


class FakeTerminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class ScanCommandTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.qtegra = FakeQtegra()
        self.out, self.err = io.StringIO(), io.StringIO()
        self.patch(sys, "stdout", self.out)
        self.patch(sys, "stderr", self.err)
        self.patch(scan_command.QtegraMicrocontroller, "at", self.at)
        self.endpoints: list[tuple[str, float]] = []

    def at(self, endpoint: str, timeout: float) -> object:
        self.endpoints.append((endpoint, timeout))
        return self.qtegra.spectrometer().microcontroller

    def scan(self, *more: str) -> int:
        return ask.main(["scan", *ARGUMENTS, *more])

    def test_csv_in_a_pipe(self) -> None:
        self.assertEqual(self.scan(), 0)
        header, first, *_ = lines = self.out.getvalue().splitlines()
        self.assertEqual(header, "time,dac (V),H1 (fA)")
        self.assertRegex(first, r"^1970-01-01T00:00:01\.000\+00:00,5\.33,-?\d+\.\d+$")
        self.assertEqual(len(lines), 1 + 36)
        self.assertRegex(
            self.err.getvalue(),
            r"^pychron-ask: from 5\.33 V to 5\.365 V by 0\.001 V; Ctrl-C ends it and moves the "
            r"magnet back\n"
            r"pychron-ask: H1: centre 5\.347\d\d V, width 11\.\d\d mV, height \d{4}(\.\d)? fA\n$",
        )
        self.assertEqual(self.endpoints, [("udp:127.0.0.1:1069", 2.0)])

    def test_a_terminal(self) -> None:
        self.out, self.err = FakeTerminal(), FakeTerminal()
        self.patch(sys, "stdout", self.out)
        self.patch(sys, "stderr", self.err)
        self.assertEqual(self.scan(), 0)
        self.assertEqual(self.out.getvalue(), "")
        shown = self.err.getvalue().split("\r\x1b[K")
        self.assertRegex(shown[1], r"^1/36  5\.33000 V  H1 -?\d")
        self.assertRegex(shown[-1], "^pychron-ask: H1: centre")

    def test_a_plot(self) -> None:
        temporary = TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        path = os.path.join(temporary.name, "peak.png")
        self.assertEqual(self.scan("--plot", path, "--title", "Ours"), 0)
        self.assertTrue(os.path.exists(path))
        self.assertIn(f"drawn: {path}", self.err.getvalue())

    def test_a_plot_that_cannot_be(self) -> None:
        self.assertEqual(self.scan("--plot", "peak.jpg"), 2)
        self.assertIn("pychron-ask: peak.jpg: the name", self.err.getvalue())
        self.assertEqual(self.qtegra.asked, [])

    def test_no_peak(self) -> None:
        self.assertEqual(self.scan("--detector", "AX"), 0)
        self.assertIn("AX: no peak: nothing stands above the noise", self.err.getvalue())

    def test_integration(self) -> None:
        self.assertEqual(self.scan("--integration", "0.1"), 0)
        times = [each for each in self.qtegra.asked if each.startswith("SetInteg")]
        self.assertEqual(times, ["SetIntegrationTime 0.1", "SetIntegrationTime 0.5"])

    def test_it_is_the_laboratorys_whose_folder_this_is(self) -> None:
        folder = TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(folder.name)
        Path("lab.toml").write_text(SERVING)
        asked: list[str] = []
        answers = iter([None, AnotherLaboratoryError("it")])

        def another(server: str, laboratory: str, timeout: float) -> AnotherLaboratoryError | None:
            asked.append(f"{server} {laboratory.rpartition('/')[2]}")
            return next(answers)

        self.patch(scan_command, "another_laboratory", another)
        self.assertEqual([self.scan(), self.scan()], [0, 1])
        self.assertEqual(asked, ["tcp:127.0.0.1:2061 lab.toml"] * 2)
        self.assertEqual(self.endpoints, [("udp:127.0.0.1:2062", 2.0)])
        self.assertIn("ERROR 218 : another laboratory", self.err.getvalue())
        # Who names one means it.
        self.assertEqual(self.scan("-s", "udp:127.0.0.1:2062"), 0)

    def test_options(self) -> None:
        options = "-s tcp:lab:1 --timeout 5 --instrument helix-mc --detector H1(CDD) --settle 0"
        self.assertEqual(self.scan(*options.split()), 1)
        self.assertEqual(self.endpoints, [("tcp:lab:1", 5.0)])
        self.assertIn("no value for H1(CDD)", self.err.getvalue())

    def test_an_option_is_written_out(self) -> None:
        self.assertRaises(SystemExit, self.scan, "--det", "AX")
        self.assertIn("unrecognized arguments: --det", self.err.getvalue())

    def test_how_long_the_field_settles_and_of_which_detectors(self) -> None:
        self.assertEqual(self.scan("--settle", "3", "--detector", "AX"), 0)
        header, first, second, *_ = self.out.getvalue().splitlines()
        self.assertEqual(header, "time,dac (V),H1 (fA),AX (fA)")
        self.assertTrue(first.startswith("1970-01-01T00:00:03"))
        self.assertTrue(second.startswith("1970-01-01T00:00:06"))

    def test_a_mistake(self) -> None:
        self.assertEqual(self.scan("--step", "0"), 2)
        self.assertEqual(self.scan("--detector", "H3"), 2)
        self.assertIn("no detector 'H3'; there are H2, H1", self.err.getvalue())
        self.assertRaises(SystemExit, ask.main, ["scan"])

    def test_no_connection(self) -> None:
        def refuse(command: str, timeout: float | None = None) -> str:
            raise NotSentError("here", command, "refused")

        self.patch(self.qtegra, "ask", refuse)
        self.assertEqual(self.scan(), 2)
        self.assertIn("was never sent to here: refused", self.err.getvalue())

    def test_an_interrupt(self) -> None:
        def interrupt(_: object) -> None:
            raise KeyboardInterrupt

        self.patch(self.qtegra.clock, "advance", interrupt)
        self.assertEqual(self.scan(), 2)
        self.assertIn("interrupted", self.err.getvalue())
        self.assertEqual(self.qtegra.dac, 5.35)

    def test_behind_two_dashes_it_is_a_command(self) -> None:
        asked: list[str] = []

        def record(_: Communicator, command: str, timeout: float | None = None) -> str:
            asked.append(command)
            return "OK"

        self.patch(Communicator, "ask", record)
        self.assertEqual(ask.main(["--", "scan"]), 0)
        self.assertEqual(asked, ["scan"])
