"""``pychron-history`` and ``[history]``."""

from __future__ import annotations

import io
import math
import os
import time
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.config.table import ConfigError, Table
from pychron_comms.history import tool
from pychron_comms.history.picture import spans_decades, stepped
from pychron_comms.history.settings import HistorySettings, read_history
from pychron_comms.history.store import HistoryStore, Point


class ToolTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.file = Path(self.mktemp())
        store = HistoryStore(self.file)
        now = time.time()
        for ago, value in ((300.0, 1e-8), (200.0, None), (100.0, 2e-5)):
            store.write([Point("device/gc/IG", "mbar", now - ago, value)], now)
        store.write([Point("device/CO2", "W", now - 50.0, 5.0)], now)
        store.close()

    def run_tool(self, *words: str) -> tuple[int, str]:
        out = io.StringIO()
        self.err = io.StringIO()
        self.patch(tool.sys, "stderr", self.err)
        return tool.main([words[0], str(self.file), *words[1:]], out), out.getvalue()

    def test_list(self) -> None:
        status, out = self.run_tool("list", "device/gc/*")
        self.assertEqual(status, 0)
        self.assertRegex(out, r"^device/gc/IG  mbar  +3 points  [\d :-]+ to [\d :-]+\n$")

    def test_export_writes_gaps_as_gaps(self) -> None:
        _, out = self.run_tool("export", "*IG", "--since", "1h")
        rows = [line.split(",") for line in out.splitlines()]
        self.assertEqual(rows[0], ["path", "unit", "at", "value"])
        self.assertEqual([row[3] for row in rows[1:]], ["1e-08", "", "2e-05"])

    def test_plot(self) -> None:
        picture = Path(self.mktemp()).with_suffix(".svg")
        status, out = self.run_tool("plot", "--since", "1h", "--out", str(picture))
        self.assertEqual((status, out), (0, f"{picture}\n"), self.err.getvalue())
        self.assertIn("<svg", picture.read_text("utf-8"))

    def test_in_the_folder_of_a_laboratory_its_own_is_meant(self) -> None:
        folder = Path(self.mktemp()).resolve()
        folder.mkdir()
        whole = self.file.resolve()
        (folder / "lab.toml").write_text(f'[history]\nfile = "{whole}"\n')
        before = Path.cwd()
        self.addCleanup(os.chdir, before)
        os.chdir(folder)
        for words in (["list"], ["list", "device/*"], ["list", str(whole)]):
            out = io.StringIO()
            self.assertEqual(tool.main(words, out), tool.DONE)
            self.assertEqual(len(out.getvalue().splitlines()), 2, words)
        (folder / "lab.toml").write_text("")
        self.err = io.StringIO()
        self.patch(tool.sys, "stderr", self.err)
        self.assertEqual(tool.main(["list"], io.StringIO()), tool.FAILED)
        self.assertIn("lab.toml here has no history: no number is kept", self.err.getvalue())
        (folder / "lab.toml").unlink()
        self.assertEqual(tool.main(["list"], io.StringIO()), tool.FAILED)
        self.assertIn("which file?", self.err.getvalue())

    def test_one_that_has_just_begun_is_no_mistake(self) -> None:
        self.file = Path(self.mktemp())
        HistoryStore(self.file).close()
        for word, status in (("list", 0), ("export", 0), ("plot", 2)):
            self.assertEqual(self.run_tool(word)[0], status)
            self.assertEqual(self.err.getvalue(), "pychron-history: nothing is recorded yet\n")

    def test_mistakes_are_told_in_a_line(self) -> None:
        for words, told in (
            (("plot", "nothing"), "nothing of that is recorded"),
            (("export", "nothing"), "nothing of that is recorded"),
            (("list", "nothing"), "nothing of that is recorded"),
            (("plot", "--since", "soon"), "soon: no time such as"),
            (("plot", "--since", "1h", "--until", "2h"), "--since must be before --until"),
        ):
            self.assertEqual(self.run_tool(*words)[0], tool.FAILED)
            self.assertIn(told, self.err.getvalue())
        self.file = Path("/no/such.history")
        self.assertEqual(self.run_tool("list")[0], tool.FAILED)
        self.assertIn("/no/such.history: there is no such file", self.err.getvalue())
        self.assertFalse(self.file.exists())


class PictureTests(SynchronousTestCase):
    def test_a_value_holds_until_the_next_and_a_gap_is_no_line(self) -> None:
        times, values = stepped([(5.0, 1.0), (20.0, None), (30.0, 2.0)], 10.0, 40.0)
        self.assertEqual(times, [10.0, 20.0, 30.0, 40.0])
        self.assertTrue(math.isnan(values[1]))
        self.assertEqual(values[2:], [2.0, 2.0])

    def test_before_the_first_nothing_is_known(self) -> None:
        times, values = stepped([(20.0, 1.0)], 10.0, 40.0)
        self.assertEqual((times, values[1:]), ([10.0, 20.0, 40.0], [1.0, 1.0]))
        self.assertTrue(math.isnan(values[0]))
        times, values = stepped([], 10.0, 40.0)
        self.assertEqual((times, all(map(math.isnan, values))), ([10.0, 40.0], True))

    def test_pressures_are_read_by_their_logarithm(self) -> None:
        self.assertTrue(spans_decades([1e-8, math.nan, 1e-5]))
        self.assertFalse(spans_decades([1.0, 2.0]))
        self.assertFalse(spans_decades([0.0, 1000.0]))
        self.assertFalse(spans_decades([math.nan]))


class SettingsTests(SynchronousTestCase):
    def read(self, text: str) -> HistorySettings | None:
        return read_history(Table.parse(text, "lab.toml"))

    def test_nothing_is_recorded_unless_it_is_said(self) -> None:
        self.assertIsNone(self.read(""))
        text = '[history]\nfile = "lab.history"\nitems = ["device/*"]\nevery = 5\ndays = 30'
        expected = HistorySettings(file="lab.history", items=["device/*"], every=5.0, days=30.0)
        self.assertEqual(self.read(text), expected)

    def test_mistakes(self) -> None:
        for keys, told in (
            ("days = 5", "history.file: expected the name of a file"),
            ('file = "/no/such/folder/x"', "history.file: expected a file in a folder that is"),
            ('file = "x"\nitems = []', "history.items: expected patterns of items, not a pattern"),
            ('file = "x"\nevry = 5', "no such key is known; did you mean every?"),
            ('file = "x"\nevery = 0', "history.every: expected a number from 1 to 3600"),
        ):
            with self.assertRaises(ConfigError) as caught:
                self.read(f"[history]\n{keys}")
            self.assertIn(told, str(caught.exception))
