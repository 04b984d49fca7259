"""What ``pychron-instrument new`` begins with, for what is talked to by coil and register."""

from __future__ import annotations

#: By the kind of thing that is in an instrument.
BY_MODBUS = {
    "valve": """
# One question for the inputs of all valves.
[block.switches]
discrete = 0
count = 16

[item.valve]
kind = "valve"
parameter.valve = { minimum = 1, maximum = 8 }

[item.valve.do.open]
coil = "{valve-1}"
write = 1
test = [{ with = { valve = 3 }, wire = ["> 01 05 0002 FF00", "< 01 05 0002 FF00"] }]

[item.valve.do.close]
coil = "{valve-1}"
write = 0
test = [{ with = { valve = 3 }, wire = ["> 01 05 0002 0000", "< 01 05 0002 0000"] }]

# proof: commanded (it repeats what it was told), coil, or indicator (the valve's own switch).
[item.valve.read.state]
discrete = ["{valve*2-2}", "{valve*2-1}"]
block = "switches"
words = { "01" = "closed", "10" = "open", "00" = "moving", "11" = "fault" }
proof = "indicator"
test = [{ with = { valve = 3 }, wire = ["> 01 02 0000 0010", "< 01 02 02 10 00"], gives = "open" }]
""",
    "gauge": """
[item.gauge]
kind = "gauge"
parameter.gauge = { minimum = 1, maximum = 6 }

[item.gauge.read.pressure]
holding = "{gauge*2-2}"
type = "f32"
order = "ABCD"
unit = "mbar"
test = [{ with = { gauge = 3 }, wire = ["> 01 03 0004 0002", "< 01 03 04 3F80 0000"], gives = 1 }]
""",
    "loop": """
[item.loop]
kind = "loop"

[item.loop.read.value]
input = 0
type = "i16"
scale = 0.1
unit = "C"
test = [{ wire = ["> 01 04 0000 0001", "< 01 04 02 00CD"], gives = 20.5 }]

[item.loop.read.setpoint]
holding = 0
type = "i16"
scale = 0.1
unit = "C"
test = [{ wire = ["> 01 03 0000 0001", "< 01 03 02 03E8"], gives = 100 }]

[item.loop.do.set]
holding = 0
type = "i16"
scale = 0.1
unit = "C"
minimum = 0
maximum = 1000
verify = { within = 0.1, seconds = 2 }
test = [{ with = { value = 100 }, wire = ["> 01 06 0000 03E8", "< 01 06 0000 03E8"] }]
""",
    "sensor": """
[item.sensor]
kind = "sensor"

[item.sensor.read.value]
input = 0
type = "i16"
scale = 0.1
unit = "C"
test = [{ wire = ["> 01 04 0000 0001", "< 01 04 02 00CD"], gives = 20.5 }]
""",
    "switch": """
[item.switch]
kind = "switch"
parameter.switch = { minimum = 1, maximum = 8 }

[item.switch.do.on]
coil = "{switch-1}"
write = 1
test = [{ with = { switch = 3 }, wire = ["> 01 05 0002 FF00", "< 01 05 0002 FF00"] }]

[item.switch.do.off]
coil = "{switch-1}"
write = 0
test = [{ with = { switch = 3 }, wire = ["> 01 05 0002 0000", "< 01 05 0002 0000"] }]

[item.switch.read.state]
coil = "{switch-1}"
words = { "0" = "off", "1" = "on" }
test = [{ with = { switch = 3 }, wire = ["> 01 01 0002 0001", "< 01 01 01 01"], gives = "on" }]
""",
}
