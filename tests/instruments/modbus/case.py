"""What tests of Modbus share: a small unit with bits and registers."""

from __future__ import annotations

from pychron_comms.config.table import Table
from pychron_comms.instruments.description import Description
from pychron_comms.instruments.loader import read_description

UNIT = """
title = "A unit"
source = "this test"

[wire]
link = "modbus+tcp://127.0.0.1"
first_byte = 1.0
late = 3.0

[block.switches]
discrete = 0
count = 16

[item.valve]
kind = "valve"
parameter.valve = { minimum = 1, maximum = 8 }

[item.valve.do.open]
coil = "{valve-1}"
write = 1

[item.valve.do.close]
coil = "{valve-1}"
write = 0

[item.valve.read.state]
discrete = ["{valve*2-2}", "{valve*2-1}"]
block = "switches"
words = { "01" = "closed", "10" = "open", "00" = "moving", "11" = "fault" }
proof = "indicator"

[item.loop]
kind = "loop"

[item.loop.do.set]
holding = 100
type = "f32"
order = "CDAB"
minimum = 0
maximum = 1000

[item.loop.read.setpoint]
holding = 100
type = "f32"
order = "CDAB"
unit = "C"

[item.loop.read.value]
input = 7
type = "i16"
scale = 0.1
unit = "C"
words = { "-32768" = "open sensor" }
"""


def described(text: str = UNIT) -> Description:
    return read_description(Table.parse(text, "unit.toml"), "unit")
