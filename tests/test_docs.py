"""The pages under docs and the README say what the code does."""

from __future__ import annotations

import importlib
import pathlib
import queue
import re
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.protocol import Factory
from twisted.internet.task import Clock
from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

import twisted.plugins
from pychron_comms import errors
from pychron_comms.alarms.settings import read_alarms
from pychron_comms.config.table import ConfigError, Table
from pychron_comms.handlers.base import BaseHandler
from pychron_comms.handlers.command import CommandSpec, declared_commands
from pychron_comms.handlers.factories import own_factories
from pychron_comms.history.settings import read_history
from pychron_comms.interfaces import IDevice, IExtractionLineManager, IGaugeController
from pychron_comms.observability.metrics import Metrics
from pychron_comms.processor.assembly import gate_from_config
from pychron_comms.processor.hardware_manager import RemoteHardwareManager
from pychron_comms.processor.settings import default_laboratory, laboratory_from
from pychron_comms.safeguards.access import AccessRules
from pychron_comms.server.settings import read_server_settings
from pychron_comms.transport import schemes
from tests.doubles import ScriptedCall
from tests.promises.page import tables

_ROOT = pathlib.Path(__file__).parent.parent
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_CODES = re.compile(r"\| (\d{3}(?:(?: - |, )\d{3})*) \|")

Gate = RemoteHardwareManager


def page(name: str) -> str:
    return (_ROOT / name).read_text("utf-8")


def blocks(text: str, language: str) -> list[str]:
    return [block for found, block in _BLOCK.findall(text) if found == language]


class ThreadedClock(Clock):
    """A clock for managers with threads: what they hand over waits until the test takes it."""

    def __init__(self) -> None:
        super().__init__()
        self._calls: queue.Queue[Callable[[], object]] = queue.Queue()

    def callFromThread(self, function: Callable[..., object], *args: object) -> None:
        self._calls.put(lambda: function(*args))

    def work_until(self, answer: Deferred[str]) -> None:
        while not answer.called:
            self._calls.get(timeout=60)()


def gate_of(table: Table, clock: Clock) -> Gate:
    """The gate that a file describes, and nothing in the file that nobody reads."""
    server = table.table("server")
    read_server_settings(server)
    server.finish()
    read_alarms(table)
    read_history(table)
    # A page is read, not obeyed: no journal is opened.
    return gate_from_config(*laboratory_from(table), clock, Metrics(), only_check=True)


def makes_safe(spec: CommandSpec) -> bool:
    """Whether a command ever makes safe."""
    try:
        return spec.makes_safe({})
    except KeyError:  # that depends on its arguments
        return True


class KeyRecorder:
    """Notes which keys the readers ask a ``Table`` for, by section."""

    def __init__(self, case: SynchronousTestCase) -> None:
        self._asked: set[tuple[str, str]] = set()
        # Tables whose keys are names of the laboratory's own, since their readers go through them.
        self._named: set[str] = set()
        read, names = Table._read, Table.__iter__

        def recorded_read(table: Table, key: str, *rest: Any) -> Any:
            self._asked.add((table._path, key))
            return read(table, key, *rest)

        def recorded_names(table: Table) -> Iterator[str]:
            self._named.add(table._path)
            return names(table)

        case.patch(Table, "_read", recorded_read)
        case.patch(Table, "__iter__", recorded_names)

    def keys(self) -> dict[str, set[str]]:
        """The keys of each section, with ``NAME`` for what the laboratory names itself."""
        keys = defaultdict(set)
        sections = {self._section(path) for path, _ in self._asked}
        for path, key in self._asked:
            section = self._section(path)
            below = f"{section}.{key}" if section else key
            if path not in self._named and not self._leads_to_a_section(below, sections):
                keys[section].add(key)
        return dict(keys)

    def _leads_to_a_section(self, path: str, sections: set[str]) -> bool:
        named = {self._section(each) for each in self._named}
        return any(f"{each}.".startswith(f"{path}.") for each in sections | named)

    def _section(self, path: str) -> str:
        parts: list[str] = []
        above = ""
        for part in path.split("."):
            parts.append("NAME" if above in self._named and above else part.partition("[")[0])
            above = f"{above}.{part}" if above else part
        return ".".join(parts)


def documented_keys(text: str) -> dict[str, set[str]]:
    """The first cells of the tables below each heading that names a section."""
    keys: dict[str, set[str]] = {}
    for part in text.split("\n### ")[1:]:
        heading, _, body = part.partition("\n")
        found = set(re.findall(r"^\| `(\w+)` \|", body.partition("\n## ")[0], re.MULTILINE))
        section = re.match(r"`\[+([\w.]+)\]+`$", heading)
        if heading == "Top of the file":
            keys[""] = found
        elif section and found:
            keys[section[1]] = found
    return keys


class ConfigurationPageTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.text = page("docs/configuration.md")
        self.blocks = blocks(self.text, "toml")

    def test_every_file_is_accepted(self) -> None:
        self.assertEqual(len(self.blocks), 5)
        for block in self.blocks:
            gate_of(Table.parse(block, "lab.toml"), Clock())

    def test_the_first_file_uses_every_section(self) -> None:
        headings = re.findall(r"^### (`\[.*)", self.text, re.MULTILINE)
        sections = [found for each in headings for found in re.findall(r"\[+([\w.]+)\]+", each)]
        self.assertIn("processor.systems", sections)
        used = re.sub(r"\[(laser|manager)\.\w+", r"[\1.NAME", self.blocks[0])
        used = re.sub(r"\.(holders|motors|tunings)\.[\w-]+", r".\1.NAME", used)
        for section in sections:
            inline = section.rpartition(".")[2]
            if f"[{section}]" not in used:
                self.assertIn(f"{inline} = {{", used, section)

    def test_its_tables_hold_the_keys_that_are_read_and_no_others(self) -> None:
        recorder = KeyRecorder(self)
        gate_of(Table.parse(self.blocks[0], "lab.toml"), Clock())
        gate_of(default_laboratory(), Clock())
        self.assertEqual(documented_keys(self.text), recorder.keys())

    def test_the_mistakes_are_shown_as_they_are(self) -> None:
        (mistake,) = blocks(self.text, "text")
        for text in (mistake, '[server]\nprocesor = "x"'):
            with self.assertRaises(ConfigError) as caught:
                gate_of(Table.parse(text, "lab.toml"), Clock())
            self.assertIn(f"\nconfiguration: {caught.exception}\n", self.text)


class ProtocolPageTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.text = page("docs/protocol.md")
        gate = gate_of(default_laboratory(), Clock())
        self.specs = [
            spec
            for handler in gate._handlers.values()
            if isinstance(handler, BaseHandler)
            for spec in declared_commands(type(handler)).values()
        ]

    def row(self, spec: CommandSpec) -> str:
        rows = [row for row in self.text.splitlines() if row.startswith(f"| `{spec.usage}`")]
        self.assertTrue(rows, spec.usage)
        return "\n".join(rows)

    def test_every_command_has_its_row(self) -> None:
        for spec in self.specs:
            row = self.row(spec)
            self.assertIn(spec.help.replace("|", r"\|"), row)
            for name in spec.names[1:]:
                self.assertIn(f"`{name}`", row)

    def test_every_type_is_named(self) -> None:
        for factory in own_factories():
            for request_type in factory.request_types:
                self.assertRegex(self.text, rf"\b{request_type}\b")

    def test_its_table_lists_every_code(self) -> None:
        listed: set[int] = set()
        for cell in _CODES.findall(self.text):
            for part in cell.split(", "):
                first, _, last = part.partition(" - ")
                listed.update(range(int(first), int(last or first) + 1))
        known = {
            error.code
            for base in (errors.PychronError, errors.RoadError)
            for error in base.__subclasses__()
        }
        self.assertEqual(listed, known)

    def test_what_makes_safe_is_marked(self) -> None:
        marked = set(re.findall(r"^\| `([^`]+)`.*\bsafe\b[^|]*\|$", self.text, re.MULTILINE))
        self.assertEqual(marked, {spec.usage for spec in self.specs if makes_safe(spec)})


class ExtendingPageTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.text = page("docs/extending.md")
        folder = tempfile.TemporaryDirectory(prefix="pychron-docs-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        for block in blocks(self.text, "python"):
            file = self.folder / block.partition("\n")[0].removeprefix("# ")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(block)
        plugins = [*twisted.plugins.__path__, str(self.folder / "twisted" / "plugins")]
        self.patch(twisted.plugins, "__path__", plugins)
        self.patch(sys, "path", [str(self.folder), *sys.path])
        self.addCleanup(self.forget_modules)
        self.clock = ThreadedClock()
        together = "\n".join(blocks(self.text, "toml"))
        self.gate = gate_of(Table.parse(together, "lab.toml"), self.clock)
        self.addCleanup(self.stop)

    def forget_modules(self) -> None:
        for name in [name for name in sys.modules if name.partition(".")[0] == "mylab"]:
            del sys.modules[name]
        sys.modules.pop("twisted.plugins.mylab_dropin", None)

    def stop(self) -> None:
        stopped: Any = self.gate.stopService()
        self.clock.work_until(stopped)

    def ask(self, line: str) -> str:
        answer = maybeDeferred(self.gate.process_server_request, *line.split("|", 1), "127.0.0.1")
        self.clock.work_until(answer)
        told = answer.addErrback(lambda failure: errors.error_line(failure.value))
        return self.successResultOf(told)

    def test_the_examples_answer_as_the_page_says(self) -> None:
        conversations = blocks(self.text, "text")
        self.assertEqual(len(conversations), 3)
        for conversation in conversations:
            lines = conversation.splitlines()
            for request, reply in zip(lines[::2], lines[1::2], strict=True):
                self.assertEqual(self.ask(request), reply, request)

    def test_the_examples_provide_what_they_say(self) -> None:
        hardware = self.gate._hardware
        verifyObject(IGaugeController, hardware.device("gauge"))
        verifyObject(IDevice, hardware.device("furnace"))
        verifyObject(IExtractionLineManager, hardware.manager("extraction_line"))

    def test_each_answer_to_where_is_short(self) -> None:
        where = self.text.partition("## Where do I add ...")[2].partition("\n## ")[0]
        for answer in where.split("\n### ")[1:]:
            lines = [line for line in answer.splitlines()[1:] if line]
            self.assertLessEqual(len(lines), 20, answer)

    def test_the_transport_listens_where_it_says(self) -> None:
        row = {"loopback": importlib.import_module("mylab.loopback").loopback_service}
        self.patch(schemes, "STREAMS", {**schemes.STREAMS, **row})
        reactor = MemoryReactorClock()
        schemes.stream_service(
            "loopback:1061", Factory(), reactor, Metrics()
        ).privilegedStartService()
        port, _, _, interface = reactor.tcpServers[0]
        self.assertEqual((port, interface), (1061, "127.0.0.1"))

    def test_the_safeguard_refuses_and_lets_pass(self) -> None:
        night = importlib.import_module("mylab.night").NothingAtNight
        rules = AccessRules((), [night(lambda: 3)])
        with self.assertRaises(errors.NotPermittedError):
            rules.check(ScriptedCall("Open"))
        rules.check(ScriptedCall("Close", safe=True))
        AccessRules((), [night(lambda: 9)]).check(ScriptedCall("Open"))

    def test_the_metric_is_shown(self) -> None:
        metrics = Metrics()
        importlib.import_module("mylab.shots").Shots(metrics).fire()
        for line in ("mylab_shots_total 1.0\n", "mylab_last_shot 1.0\n"):
            self.assertIn(line, metrics.text())

    def test_a_gauge_that_is_not_plugged_in_is_an_error_of_its_commands(self) -> None:
        def broken(name: str) -> Any:
            raise OSError(name)

        self.patch(sys.modules["mylab.gauge"], "open_port", broken)
        for _ in range(2):
            self.assertEqual(self.ask("Hardware|Read gauge"), "ERROR 010 : no response from device")


class PromisesPageTests(SynchronousTestCase):
    def test_it_lists_those_that_are_put_to_the_test(self) -> None:
        self.assertIn(f"\n{tables()}\n", page("docs/promises.md"))


class UnitTests(SynchronousTestCase):
    def test_what_is_shipped_listens_on_this_computer_alone_until_told_otherwise(self) -> None:
        sockets = list((_ROOT / "docs" / "systemd").glob("*.socket"))
        self.assertTrue(sockets)
        for file in sockets:
            for place in re.findall(r"^ListenStream=(.*)$", file.read_text("utf-8"), re.MULTILINE):
                self.assertRegex(place, r"^(/|127\.0\.0\.1:|\[::1\]:)", file.name)

    def test_who_may_write_nowhere_else_has_a_folder(self) -> None:
        for file in (_ROOT / "docs" / "systemd").glob("*.service"):
            unit = file.read_text("utf-8")
            self.assertIn("\nProtectSystem=strict\n", unit)
            (folder,) = re.findall(r"^StateDirectory=(.*)$", unit, re.MULTILINE)
            self.assertIn(f"`/var/lib/{folder}`", page("docs/operation.md"))


def headings(text: str) -> set[str]:
    """How links call the headings of a page."""
    found = re.findall(r"^#+ (.*)$", re.sub(r"```.*?```", "", text, flags=re.DOTALL), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in found}


class LinkTests(SynchronousTestCase):
    def setUp(self) -> None:
        docs = [f"docs/{path.name}" for path in (_ROOT / "docs").glob("*.md")]
        self.pages = ("README.md", "CHANGELOG.md", "tests/faults/README.md", *docs)

    def test_no_link_leads_nowhere(self) -> None:
        for name in self.pages:
            folder = (_ROOT / name).parent
            for target in re.findall(r"\]\((?!http)([^)#]+)", page(name)):
                self.assertTrue((folder / target).exists(), f"{name}: {target}")

    def test_nor_to_a_heading_that_is_not_there(self) -> None:
        for name in self.pages:
            for target, heading in re.findall(r"\]\((?!http)([^)#]*)#([^)]+)\)", page(name)):
                file = (_ROOT / name).parent / target if target else _ROOT / name
                self.assertIn(heading, headings(file.read_text("utf-8")), f"{name}: {target}")
