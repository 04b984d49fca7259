"""What ``pychron-instrument new`` begins with, by the kind of thing that is in an instrument."""

from __future__ import annotations

#: Of an instrument that is talked to by lines; ``%s`` is what ends them.
BY_LINES = {
    "valve": """
[item.valve]
kind = "valve"
parameter.channel = { minimum = 1, maximum = 64 }

[item.valve.do.open]
send = "OPEN {channel:d}"
take = "OK"
test = [{ with = { channel = 3 }, wire = ["> OPEN 3%s", "< OK%s"] }]

[item.valve.do.close]
send = "CLOSE {channel:d}"
take = "OK"
test = [{ with = { channel = 3 }, wire = ["> CLOSE 3%s", "< OK%s"] }]

# proof: commanded (it repeats what it was told), coil, or indicator (the valve's own switch).
[item.valve.read.state]
send = "STATE? {channel:d}"
take = "{value}"
words = { "0" = "closed", "1" = "open" }
proof = "coil"
test = [{ with = { channel = 3 }, wire = ["> STATE? 3%s", "< 1%s"], gives = "open" }]
""",
    "gauge": """
[item.gauge]
kind = "gauge"
parameter.channel = { minimum = 1, maximum = 6 }

[item.gauge.read.pressure]
send = "PR{channel:d}?"
take = "{value:.2E}"
unit = "mbar"
words = { "OFF" = "off" }
test = [{ with = { channel = 1 }, wire = ["> PR1?%s", "< 1.20E-08%s"], gives = 1.2e-8 }]
""",
    "loop": """
[item.loop]
kind = "loop"

[item.loop.read.value]
send = "PV?"
take = "{value:.1f}"
unit = "C"
test = [{ wire = ["> PV?%s", "< 20.5%s"], gives = 20.5 }]

[item.loop.read.setpoint]
send = "SP?"
take = "{value:.1f}"
unit = "C"
test = [{ wire = ["> SP?%s", "< 100.0%s"], gives = 100.0 }]

[item.loop.do.set]
send = "SP {value:.1f}"
take = "OK"
unit = "C"
minimum = 0
maximum = 1000
verify = { within = 0.1, seconds = 2 }
test = [{ with = { value = 100 }, wire = ["> SP 100.0%s", "< OK%s"] }]
""",
    "laser": """
[item.laser]
kind = "laser"

[item.laser.do.enable]
send = "ENABLE 1"
take = "OK"
test = [{ wire = ["> ENABLE 1%s", "< OK%s"] }]

[item.laser.do.disable]
send = "ENABLE 0"
take = "OK"
test = [{ wire = ["> ENABLE 0%s", "< OK%s"] }]

[item.laser.do.power]
send = "POWER {value:.2f}"
take = "OK"
unit = "%"
minimum = 0
maximum = 100
test = [{ with = { value = 12.5 }, wire = ["> POWER 12.50%s", "< OK%s"] }]

# What shows that it is on. Leave it out where nothing does: it is then what it was last told.
[item.laser.read.state]
send = "ENABLE?"
take = "{value}"
words = { "0" = "off", "1" = "on" }
test = [{ wire = ["> ENABLE?%s", "< 1%s"], gives = "on" }]
""",
}

#: Of one that is talked to by coil and register.
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
}
