"""The log of a service whose terminal stands still holds up nothing."""

from __future__ import annotations

import io
import os
import re
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.process.log_output import END, ROOM, LogOutput, standard_output

_LONG = 10.0


class PipeTests(SynchronousTestCase):
    """A real one, of which ``self.output`` is the end that is written to."""

    def setUp(self) -> None:
        self.reading, writing = os.pipe()
        self.raw = open(writing, "wb", buffering=0)  # noqa: SIM115
        self.output = LogOutput(self.raw)
        self.addCleanup(self.end)

    def end(self) -> None:
        if self.reading:
            os.close(self.reading)
            self.reading = 0
        # Whoever still waits there is told that nobody reads.
        self.output.drain(_LONG)
        self.raw.close()

    def read(self, until: Callable[[bytes], bool]) -> str:
        got = b""
        while not until(got):
            got += os.read(self.reading, 1 << 20)
        return got.decode()

    def test_what_is_read_comes_in_its_order(self) -> None:
        for number in range(100):
            self.output.write(f"line {number} é\n")
        text = self.read(lambda got: b"line 99" in got)
        self.assertEqual(text, "".join(f"line {number} é\n" for number in range(100)))

    def test_who_writes_never_waits_for_who_does_not_read(self) -> None:
        def write() -> None:
            for _ in range(1000):
                self.output.write("x" * 9_999 + "\n")
            self.output.flush()

        writer = threading.Thread(target=write, daemon=True)
        writer.start()
        writer.join(_LONG)
        self.assertFalse(writer.is_alive())

    def test_what_had_no_room_is_counted_in_its_place(self) -> None:
        line = "x" * 9_999 + "\n"
        for _ in range(1000):
            self.output.write(line)

        def told(got: bytes) -> bool:
            lost = sum(map(int, re.findall(rb"(\d+) lines are lost here", got)))
            self.assertLessEqual(got.count(b"x\n"), 2 * ROOM / len(line))
            return got.count(b"x\n") + lost == 1000

        self.read(told)
        self.output.write("again\n")
        self.assertEqual(self.read(lambda got: b"again" in got), "again\n")

    def test_what_waits_for_its_reader_has_so_much_room_and_no_more(self) -> None:
        half = ROOM // 2
        for text in ("x" * half, "z" * (ROOM - half), "one more\n"):
            self.output.write(text)
        got = self.read(lambda got: b"lost here" in got)
        self.assertEqual((got.count("x"), got.count("z")), (half, ROOM - half))
        self.assertNotIn("one more", got)

    def test_the_end_waits_for_who_reads_and_not_for_who_does_not(self) -> None:
        self.output.write("x" * 500_000 + "\n")
        began = time.monotonic()
        self.output.drain(0.05)
        self.assertLess(time.monotonic() - began, _LONG)
        reader = threading.Thread(target=self.read, args=[lambda got: got.endswith(b"\n")])
        reader.start()
        self.output.drain(_LONG)
        reader.join(_LONG)
        self.assertFalse(reader.is_alive())

    def test_at_the_end_what_is_written_is_waited_for(self) -> None:
        """A process that its signal ends has no time after that."""
        path = self.mktemp()
        with open(path, "wb", buffering=0) as file:
            output = LogOutput(file)
            output.write("before\n")
            output.end()
            output.write("the last\n")
            self.assertEqual(Path(path).read_text("utf-8"), "before\nthe last\n")

    def test_the_end_waits_for_nobody_for_long(self) -> None:
        self.output.end()
        began = time.monotonic()
        for _ in range(20):
            self.output.write("x" * 500_000)
        self.assertLess(time.monotonic() - began, END + _LONG)

    def test_one_that_does_not_let_us_wait_is_tried_again(self) -> None:
        os.set_blocking(self.raw.fileno(), False)
        self.output.write("x" * 200_000 + "end\n")
        self.assertEqual(len(self.read(lambda got: got.endswith(b"end\n"))), 200_004)

    def test_without_a_reader_it_goes_on(self) -> None:
        os.close(self.reading)
        self.reading = 0
        for _ in range(3):
            self.output.write("nobody\n")
        self.output.drain(_LONG)
        self.assertEqual(self.output._held, 0)


class StandardOutputTests(SynchronousTestCase):
    def test_what_is_no_file_is_written_to_as_it_is(self) -> None:
        stream = io.StringIO()
        self.assertIs(standard_output(stream), stream)

    def test_it_is_the_files_own_and_ends_with_the_process(self) -> None:
        path = self.mktemp()
        with open(path, "w", encoding="utf-8") as file, mock.patch("atexit.register") as register:
            file.write("before\n")
            output: Any = standard_output(file)
            output.write("after\n")
            register.call_args.args[0]()
            output._output.close()
        self.assertEqual(Path(path).read_text("utf-8"), "before\nafter\n")
