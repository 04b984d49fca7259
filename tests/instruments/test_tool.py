"""``pychron-instrument``, without a wire."""

from __future__ import annotations

import io
import os
import random
import sys
from pathlib import Path
from unittest import mock

from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.instruments.faults import Faults, Piece
from pychron_comms.instruments.library import ready, ready_text
from pychron_comms.instruments.tool import main
from pychron_comms.instruments.tool.learn import learned
from pychron_comms.instruments.tool.modbus_templates import BY_MODBUS
from pychron_comms.instruments.tool.templates import BY_LINES
from tests.instruments.case import SWITCH, described


class ToolCase(SynchronousTestCase):
    def tool(self, *arguments: str) -> tuple[int, str]:
        """Its exit status, and what it says."""
        out = io.StringIO()
        with mock.patch.object(sys, "stdout", out), mock.patch.object(sys, "stderr", out):
            status = main(arguments)
        return status, out.getvalue()

    def file(self, text: str) -> str:
        path = Path(self.mktemp()).with_suffix(".toml")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        return str(path)


class CheckTests(ToolCase):
    def test_those_that_come_with_the_package_are_fine(self) -> None:
        status, said = self.tool("check")
        self.assertEqual(status, 0, said)
        self.assertEqual(said.count(" tests, fine\n"), len(ready()))

    def test_a_wrong_example_ends_with_1(self) -> None:
        wire = 'wire = ["> STATE? 1<LF>", "< 1<LF>"]'
        test = f'test = [{{ with = {{ channel = 1 }}, {wire}, gives = "closed" }}]'
        status, said = self.tool("check", self.file(SWITCH + test))
        self.assertEqual(status, 1)
        self.assertIn("wrong: item.valve.read.state, test 1: it gives 'open'", said)

    def test_what_has_no_test_is_said(self) -> None:
        status, said = self.tool("check", self.file(SWITCH))
        self.assertEqual(status, 0)
        self.assertIn("item.valve.do.open has no test", said)

    def test_a_mistake_ends_with_2_and_its_place(self) -> None:
        status, said = self.tool("check", self.file(SWITCH.replace("kind =", "kin =")))
        self.assertEqual(status, 2)
        self.assertRegex(said, r"toml:\d+: item.valve.kind: expected one of")

    def test_a_name_that_is_none(self) -> None:
        status, said = self.tool("check", "agilent-34970")
        self.assertEqual(status, 2)
        self.assertIn("did you mean agilent-34970a?", said)


class ListTests(ToolCase):
    def test_one_whole(self) -> None:
        status, said = self.tool("list", "pfeiffer-tpg")
        self.assertEqual(status, 0)
        self.assertIn("reads pressure in mbar", said)
        self.assertIn("source: ", said)

    def test_its_file_to_go_on_from(self) -> None:
        status, said = self.tool("list", "pfeiffer-tpg", "--file")
        self.assertEqual((status, said), (0, ready_text("pfeiffer-tpg")))
        self.assertIn("[item.gauge.read.pressure]", said)
        for arguments in (["--file"], ["nothing", "--file"]):
            status, said = self.tool("list", *arguments)
            self.assertEqual(status, 2)


class NewTests(ToolCase):
    def test_what_it_writes_holds(self) -> None:
        kinds = [(kind, "serial:///dev/ttyUSB0") for kind in BY_LINES]
        kinds += [(kind, "modbus+tcp://10.0.0.20") for kind in BY_MODBUS]
        for kind, link in kinds:
            path = self.file("")
            os.unlink(path)
            status, said = self.tool("new", path, "--kind", kind, "--link", link, "--yes")
            self.assertEqual(status, 0, said)
            status, said = self.tool("check", path)
            self.assertEqual(status, 0, said)

    def test_what_it_has_no_beginning_for(self) -> None:
        path = self.file("")
        os.unlink(path)
        modbus = ("--kind", "laser", "--link", "modbus+tcp://10.0.0.20")
        status, said = self.tool("new", path, *modbus, "--yes")
        self.assertEqual(status, 2)
        self.assertIn("a beginning for valve, gauge, loop", said)
        self.assertFalse(os.path.exists(path))

    def test_a_title_may_have_quotes(self) -> None:
        path = self.file("")
        os.unlink(path)
        self.tool("new", path, "--title", 'The "old" box', "--yes")
        status, said = self.tool("check", path)
        self.assertEqual(status, 0, said)

    def test_a_file_that_is_there_is_kept(self) -> None:
        path = self.file("kept")
        status, _ = self.tool("new", path, "--yes")
        self.assertEqual(status, 2)
        self.assertEqual(Path(path).read_text("utf-8"), "kept")


class TryTests(ToolCase):
    def test_what_is_not_there(self) -> None:
        for what, said in (
            ("valv(3).state", "items are valve"),
            ("valve(3).stat", "valve reads state"),
            ("valve(3).open", "open moves it, and try only asks; valve reads state"),
            ("valve.state", "valve takes these parameters: channel"),
            ("valve(9).state", "a number from 1 to 8"),
        ):
            status, text = self.tool("try", self.file(SWITCH), what)
            self.assertEqual(status, 2)
            self.assertIn(said, text)
        status, text = self.tool("try", self.file(SWITCH), "valve(3).state", "--link", "10.0.0.5")
        self.assertEqual(status, 2)
        self.assertIn("--link 10.0.0.5: expected an address that begins with one of tcp,", text)
        status, text = self.tool("try", self.file(SWITCH), "valve(3).state", "--with", "unit=1")
        self.assertEqual(status, 2)
        self.assertIn("no parameter unit", text)


class LearnTests(ToolCase):
    def test_a_recording_becomes_tests(self) -> None:
        made = list(learned(described(), ["> STATE? 3<LF>", "< 1<LF>"]))
        self.assertEqual(made[0], "# item.valve.read.state")
        _, said = self.tool("check", self.file(f"{SWITCH}test = [\n{made[1]}\n]\n"))
        self.assertIn("1 tests, fine", said)

    def test_a_whole_file_of_it(self) -> None:
        path = self.file("noise\n> OPEN 3<LF>\n< OK<LF>\n> WHAT?<LF>\n< ?<LF>\n")
        status, said = self.tool("learn", self.file(SWITCH), path)
        self.assertEqual(status, 0)
        self.assertIn("# item.valve.do.open\n{ with = { channel = 3 }", said)
        self.assertIn("# nothing described says '> WHAT?<LF>'", said)


class FaultTests(SynchronousTestCase):
    def spoiled(self, text: str, answer: bytes = b"1234\n") -> list[Piece]:
        return list(Faults(text, random.Random(1)).spoiled(answer))

    def test_each(self) -> None:
        self.assertEqual(self.spoiled(""), [Piece(0.0, b"1234\n")])
        self.assertEqual(self.spoiled("drop"), [])
        self.assertEqual(self.spoiled("half"), [Piece(0.0, b"12")])
        self.assertEqual(self.spoiled("double"), [Piece(0.0, b"1234\n1234\n")])
        self.assertEqual(self.spoiled("other-address"), [Piece(0.0, b"2234\n")])
        self.assertEqual(self.spoiled("late=2s"), [Piece(2.0, b"1234\n")])
        self.assertEqual(self.spoiled("pieces=0.5s", b"12"), [Piece(0.0, b"1"), Piece(0.5, b"2")])
        (garbled,) = self.spoiled("garble")
        self.assertEqual(sum(a != b for a, b in zip(garbled.data, b"1234\n", strict=True)), 1)

    def test_a_share(self) -> None:
        faults = Faults("drop=10%", random.Random(1))
        lost = sum(not list(faults.spoiled(b"1")) for _ in range(1000))
        self.assertTrue(60 < lost < 140, lost)

    def test_what_is_none(self) -> None:
        for text in ("dorp=1%", "late", "late=2%", "drop=1s", "drop=-1%", "drop=101%"):
            with self.assertRaises(ValueError):
                Faults(text, random.Random(1))
