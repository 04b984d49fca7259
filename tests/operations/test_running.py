"""A laboratory that runs is not started again: where it runs, and what to do, is told."""

from __future__ import annotations

import io
import pathlib
import socket
import tempfile
from contextlib import redirect_stdout

from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.observability.http.settings import HttpSettings
from pychron_comms.operations import init, ports, tool
from pychron_comms.operations.laboratory import Laboratory, load
from pychron_comms.operations.running import already_running, process_at
from pychron_comms.processor.settings import ProcessorSettings
from pychron_comms.server.settings import ListenerSettings, ServerSettings
from pychron_comms.transport.addresses import Address

HEAD = "  sl  local_address rem_address   st tx_queue tr tm->when retrnsmt   uid  timeout inode\n"
ROW = "   0: 0100007F:{:04X} 00000000:0000 {} 00000000:00000000 00:00000000 00000000  1000 0 {} 1\n"


class RunningTests(SynchronousTestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def proc(self) -> pathlib.Path:
        """A computer on which process 42 listens at 1061, over TCP, and 7 is connected from it."""
        (self.folder / "net").mkdir()
        rows = ROW.format(1061, "01", 55) + ROW.format(1061, "0A", 77)
        (self.folder / "net" / "tcp").write_text(HEAD + rows)
        for process, inode in ((7, 55), (42, 77)):
            open_files = self.folder / str(process) / "fd"
            open_files.mkdir(parents=True)
            (open_files / "3").symlink_to("/dev/null")
            (open_files / "4").symlink_to(f"socket:[{inode}]")
        (self.folder / "9").mkdir()
        (self.folder / "9" / "fd").write_text("of somebody else: cannot be read")
        return self.folder

    def test_who_listens_is_found(self) -> None:
        proc = self.proc()
        self.assertEqual(process_at(Address("tcp", "1061"), proc), 42)
        self.assertEqual(process_at(Address("tcp", "1062"), proc), 0)
        self.assertEqual(process_at(Address("udp", "1061"), proc), 0)
        self.assertEqual(process_at(Address("tcp", "1061"), self.folder / "nowhere"), 0)

    def test_it_says_where_it_runs_and_what_to_do(self) -> None:
        addresses = [Address("tcp", "1061"), Address("udp", "1061")]
        told = already_running(load(None), lambda _: addresses, self.proc())
        self.assertIn("runs here already (process 42); it answers at port 1061\n", told)
        self.assertIn("Ctrl-C in its terminal, or  kill 42;", told)
        self.assertIn("init --yes --first-port 2060", told)
        self.assertIn("systemctl stop pychron-server", told)

    def test_one_that_pychron_lab_run_has_started_is_ended_with_it(self) -> None:
        proc = self.proc()
        addresses = [Address("tcp", "1061")]
        (proc / "42" / "stat").write_text("42 (a) name) S 40 42 42 0 -1")
        (proc / "40").mkdir()
        (proc / "40" / "cwd").symlink_to("/home/ann/lab")
        for words, first in (
            (b"python\0/venv/bin/pychron-lab\0run\0", "(process 40, in /home/ann/lab);"),
            (b"python\0-m\0pychron_comms.operations\0run\0", "(process 40, in /home/ann/lab);"),
            (b"systemd\0", "(process 42);"),
            (b"tmux\0run\0", "(process 42);"),
        ):
            (proc / "40" / "cmdline").write_bytes(words)
            told = already_running(load(None), lambda _: addresses, proc)
            self.assertIn(f"runs here already {first} it answers", told)
            self.assertIn(f"or  kill {first[9:11]};", told)

    def test_where_it_does_not_run_nothing_is_told(self) -> None:
        self.assertEqual(already_running(load(None), lambda _: []), "")

    def test_without_proc_no_process_is_named(self) -> None:
        told = already_running(load(None), lambda _: [Address("tcp", "1")], self.folder)
        self.assertNotIn("process ", told.partition("\n")[0])
        self.assertIn("Ctrl-C in its terminal;", told)

    def test_only_a_laboratory_is_one(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listening:
            port = listening.getsockname()[1]
            listener = ListenerSettings(
                request_type="System",
                listen=[f"tcp:{port}:interface=127.0.0.1", "unix:/nowhere/x", "tls:1:certificate"],
            )
            laboratory = Laboratory(None, ServerSettings(listeners=[listener]), ProcessorSettings())
            self.assertEqual(ports.taken(laboratory, lambda listen, question: False), [])
            (found,) = ports.taken(laboratory, lambda listen, question: True)
        self.assertEqual((found.network, found.place), ("tcp", str(port)))

    def test_a_page_that_another_laboratory_serves_is_no_reason_not_to_start(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listening:
            port = listening.getsockname()[1]
            page = HttpSettings(listen=f"tcp:{port}:interface=127.0.0.1")
            server = ServerSettings(listeners=[], http=page)
            laboratory = Laboratory(None, server, ProcessorSettings())
            self.assertIn(page.listen, laboratory.http_listeners())
            self.assertEqual(ports.taken(laboratory, lambda listen, question: True), [])

    def test_run_ends_before_it_starts_anything(self) -> None:
        self.patch(tool, "already_running", lambda laboratory: "a laboratory runs here already")
        self.patch(tool.run, "in_foreground", lambda *arguments: self.fail("it was started"))
        error = self.assertRaises(SystemExit, tool.main, ["run"])
        self.assertEqual(str(error), "pychron-lab: a laboratory runs here already")


class SecondLaboratoryTests(SynchronousTestCase):
    def test_it_has_ports_and_pages_of_its_own(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "lab.toml"
            with redirect_stdout(io.StringIO()):
                tool.main(["init", "--yes", "--config", str(file), "--first-port", "2060"])
            laboratory = load(file)
        ways = [way for _, way in laboratory.server_endpoints()]
        self.assertEqual((ways[0], ways[-1]), ("tcp:127.0.0.1:2060", "tcp:127.0.0.1:2068"))
        self.assertEqual(laboratory.page, "http://127.0.0.1:2070/")
        self.assertIn("tcp:2071:interface=127.0.0.1", list(laboratory.http_listeners()))
        deep = init.written(pathlib.Path("/" + "x" * 120), init.Answers(first_port=2060))
        self.assertIn("tcp:2069:interface=127.0.0.1", deep)

    def test_ports_that_cannot_be(self) -> None:
        for port, why in (("80", "is 1024 to"), ("65530", "is 1024 to"), ("1065", "some of the")):
            error = self.assertRaises(
                SystemExit, tool.main, ["init", "--yes", "-c", "/nowhere/x", "--first-port", port]
            )
            self.assertIn(why, str(error))
