"""Each mechanism that ``make promises`` breaks is where it says, and so is its test."""

from __future__ import annotations

import importlib

from twisted.trial.unittest import SynchronousTestCase

from tests.promises import PROMISES
from tests.promises.__main__ import ROOT


class PlaceTests(SynchronousTestCase):
    def test_a_mechanism_is_in_its_file_once(self) -> None:
        for each in PROMISES:
            whole = (ROOT / "pychron_comms" / each.file).read_text("utf-8")
            self.assertEqual(whole.count(each.kept), 1, each.text)

    def test_its_test_is_there(self) -> None:
        for each in PROMISES:
            module, case, name = each.test.rsplit(".", 2)
            tests = getattr(importlib.import_module(module), case)
            self.assertTrue(callable(getattr(tests, name)), each.test)
