"""The laboratory that ``pychron-journal replay`` starts: how it is reached, asked and ended."""

from __future__ import annotations

import socket
import subprocess
import tempfile
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.journal import replay


class AskingTests(SynchronousTestCase):
    def test_a_line_for_a_line(self) -> None:
        near, far = socket.socketpair()
        with near, far, closing(replay._Laboratory(near)) as laboratory:
            far.sendall("OK µ\r\na\rb\r\n".encode())
            self.assertEqual(laboratory.ask("System|Open Düse"), "OK µ")
            self.assertEqual(laboratory.ask("System|Get"), "a\rb")
            self.assertEqual(far.recv(100), "System|Open Düse\r\nSystem|Get\r\n".encode())


class Processor:
    """As one that runs; ``died`` is what it ended with."""

    def __init__(self) -> None:
        self.died: int | None = None
        self.begun: list[Any] = []
        self.killed = 0

    def __call__(self, words: list[str], **options: Any) -> Processor:
        self.begun += [words, options]
        return self

    def __enter__(self) -> Processor:
        return self

    def __exit__(self, *failure: object) -> None:
        """It is over."""

    def poll(self) -> int | None:
        return self.died

    def kill(self) -> None:
        self.killed += 1


class StartingTests(SynchronousTestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.place = Path(folder.name) / "socket"
        self.clock = Clock()
        self.patch(
            replay, "time", SimpleNamespace(monotonic=self.clock.seconds, sleep=self.pass_time)
        )
        self.processor: Any = Processor()
        self.listens_at = 0.0
        self.listener: socket.socket | None = None

    def pass_time(self, seconds: float) -> None:
        self.clock.advance(seconds)
        if self.listener is None and self.clock.seconds() >= self.listens_at:
            self.listen()

    def listen(self) -> None:
        self.listener = listener = socket.socket(socket.AF_UNIX)
        self.addCleanup(listener.close)
        listener.bind(str(self.place))
        listener.listen(1)

    def test_it_is_waited_for(self) -> None:
        self.listens_at = 29.9
        with replay._connected(self.place, self.processor) as connection:
            self.assertEqual(connection.gettimeout(), 30.0)
        self.assertAlmostEqual(self.clock.seconds(), 29.9, 1)

    def test_not_for_ever(self) -> None:
        self.listens_at = 60.0
        error = self.assertRaises(ValueError, replay._connected, self.place, self.processor)
        self.assertEqual(str(error), "the simulated laboratory did not start")
        self.assertAlmostEqual(self.clock.seconds(), 30.0, 1)

    def test_not_for_one_that_died(self) -> None:
        self.processor.died = 1
        self.assertRaises(ValueError, replay._connected, self.place, self.processor)
        self.assertEqual(self.clock.seconds(), 0.0)

    def test_it_runs_in_a_folder_of_its_own_and_ends_whatever_happens(self) -> None:
        self.patch(subprocess, "Popen", self.processor)
        near, far = socket.socketpair()
        self.addCleanup(far.close)
        self.patch(replay, "_connected", lambda place, processor: near)
        with self.assertRaises(KeyError), replay._laboratory() as laboratory:
            far.sendall(b"OK\r\n")
            self.assertEqual(laboratory.ask("System|Open A"), "OK")
            words, options = self.processor.begun
            folder = Path(options["cwd"])
            self.assertEqual(words[1:], [
                "-m", "twisted", "pychron-processor", "--http=off", "--listen",
                f"unix:{folder / 'socket'}",
            ])  # fmt: skip
            self.assertTrue(folder.is_dir())
            # What it says is no part of what is compared.
            self.assertEqual(options["stdout"].name, str(folder / "log"))
            self.assertEqual(options["stderr"], subprocess.STDOUT)
            raise KeyError
        self.assertEqual(self.processor.killed, 1)
        self.assertFalse(folder.exists())
        near.close()
