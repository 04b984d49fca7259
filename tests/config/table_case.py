"""A configuration with a value of every kind."""

from __future__ import annotations

import re
from collections.abc import Callable

from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.config.table import ConfigError, Table

LAB = """
name = "argon lab"
serving = true
settle = 2
interval = 0.25
port = 1061
kind = "tcp"
hosts = ["10.0.0.1", "10.0.0.2"]
levels = [1, 2.5]

[journal]
file = "journal.sqlite"

[journal.keep]
days = 30

[[listener]]
port = 1061

[[listener]]
port = 1067

[valve.A]
address = "1"

[valve.B]
address = "2"

[alias]
V1 = "A"
V2 = "B"

[limit]
low = 1
high = 2.5
"""


def table(text: str) -> Table:
    return Table.parse(text, "lab.toml")


def without_line(message: str) -> str:
    """What a ConfigError says, for tests of what is not about the line."""
    return re.sub(r"^([^ ]+\.toml):\d+: ", r"\1: ", message)


class Mistakes(SynchronousTestCase):
    """What the classes below share."""

    def assertMistake(self, message: str, read: Callable[..., object], *args: object) -> None:
        error = self.assertRaises(ConfigError, read, *args)
        self.assertEqual(without_line(str(error)), message)
