"""What a configuration says of a processor, key by key."""

from __future__ import annotations

import pathlib
import tempfile

from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.config.table import ConfigError, Table
from pychron_comms.observability.metrics import Metrics
from pychron_comms.processor.assembly import gate_from_config
from pychron_comms.processor.service import ProcessorService
from pychron_comms.processor.settings import ProcessorSettings, laboratory_from


def read(text: str) -> ProcessorSettings:
    return laboratory_from(Table.parse(text, "lab.toml"))[0]


class ProcessorKeysTests(SynchronousTestCase):
    def test_without_a_word_nothing_is_asked_for(self) -> None:
        settings = read("[processor]\n")
        self.assertEqual((settings.owner, settings.emergency_key), ("", b""))
        self.assertFalse(settings.commands)

    def test_what_is_said_counts(self) -> None:
        settings = read(
            """
            [processor]
            trust = ["10.0.0.2"]
            owner = "10.0.0.2"
            keep_keys = 60
            commands = true
            connections = 7
            [state]
            period = 2.5
            """
        )
        self.assertEqual(settings.owner, "10.0.0.2")
        self.assertEqual((settings.keep_keys, settings.state_period), (60.0, 2.5))
        self.assertEqual(settings.limits.connections, 7)
        self.assertTrue(settings.commands)

    def test_who_owns_the_hardware_must_be_trusted(self) -> None:
        error = self.assertRaises(ConfigError, read, '[processor]\nowner = "10.0.0.2"')
        self.assertIn("processor.owner: expected one of those in trust", str(error))
        self.assertIn("127.0.0.1", str(error))

    def test_bounds_are_kept_on_both_sides(self) -> None:
        for section, key, least, most in (
            ("processor", "keep_keys", 1, 86400),
            ("state", "period", 0, 60),
        ):
            for inside in (least, most):
                read(f"[{section}]\n{key} = {inside}\n")
            for outside in (least - 0.5, most + 0.5):
                self.assertRaises(ConfigError, read, f"[{section}]\n{key} = {outside}\n")

    def test_the_emergency_key_is_read_from_its_file(self) -> None:
        folder = self.enterContext(tempfile.TemporaryDirectory())
        file = pathlib.Path(folder) / "key"
        text = f'[access]\nemergency_key = "{file.as_posix()}"'
        self.assertIn("a file with a secret", str(self.assertRaises(ConfigError, read, text)))
        file.write_text("a secret of some length\n")
        file.chmod(0o600)
        self.assertEqual(read(text).emergency_key, b"a secret of some length")


class OneFileTests(SynchronousTestCase):
    def test_what_is_the_servers_is_passed_over(self) -> None:
        text = 'lab = "default"\n' + "".join(
            f"{section}\nanything = 1\n"
            for section in ("[server]", "[[alarm]]", "[alarms]", "[history]", "[[notifier]]")
        )
        laboratory = laboratory_from(Table.parse(text, "lab.toml"))
        gate_from_config(*laboratory, MemoryReactorClock(), Metrics())


class OwnerTests(SynchronousTestCase):
    """Whose the hardware is, where two processors can move it."""

    def service(self, text: str) -> ProcessorService:
        settings, laboratory = laboratory_from(Table.parse(text, "lab.toml"))
        self.metrics = Metrics()
        return ProcessorService(settings, laboratory, MemoryReactorClock(), self.metrics)

    def test_with_an_owner_it_is_nobodys_until_that_says_so(self) -> None:
        self.service('lab = "default"\n[processor]\nowner = "127.0.0.1"')
        self.assertIn("pychron_comms_owns_hardware 0.0\n", self.metrics.text())
        self.assertIn(
            "# HELP pychron_comms_owns_hardware Whether this process may move the hardware.\n",
            self.metrics.text(),
        )

    def test_without_one_nothing_is_said_of_it(self) -> None:
        self.service('lab = "default"\n')
        self.assertNotIn("pychron_comms_owns_hardware", self.metrics.text())

    def test_two_cannot_say_it(self) -> None:
        for listen, owner, why in (
            (
                '["amqp:mq:set=a", "amqp:mq:set=b"]',
                "",
                "'amqp:mq:set=b': one broker says whose the hardware is, not two",
            ),
            (
                '["amqp:mq:set=a"]',
                'owner = "127.0.0.1"',
                "processor.owner: the broker says whose the hardware is, not a server",
            ),
        ):
            text = f"[processor]\nlisten = {listen}\n{owner}\n"
            error = self.assertRaises(ValueError, self.service, text)
            self.assertEqual(str(error), why)
