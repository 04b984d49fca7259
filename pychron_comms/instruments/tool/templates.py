"""What ``pychron-instrument new`` begins with, for what is talked to by lines."""

from __future__ import annotations

#: By the kind of thing that is in an instrument; ``%s`` is what ends its lines.
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
    "switch": """
[item.switch]
kind = "switch"
parameter.channel = { minimum = 1, maximum = 8 }

[item.switch.do.on]
send = "ON {channel:d}"
take = "OK"
test = [{ with = { channel = 2 }, wire = ["> ON 2%s", "< OK%s"] }]

[item.switch.do.off]
send = "OFF {channel:d}"
take = "OK"
test = [{ with = { channel = 2 }, wire = ["> OFF 2%s", "< OK%s"] }]

[item.switch.read.state]
send = "ON? {channel:d}"
take = "{value}"
words = { "0" = "off", "1" = "on" }
test = [{ with = { channel = 2 }, wire = ["> ON? 2%s", "< 1%s"], gives = "on" }]
""",
    "sensor": """
[item.sensor]
kind = "sensor"
parameter.channel = { minimum = 1, maximum = 4, default = 1 }

[item.sensor.read.value]
send = "T{channel:d}?"
take = "{value:.1f}"
unit = "C"
words = { "OPEN" = "open" }
test = [
    { with = { channel = 1 }, wire = ["> T1?%s", "< 20.5%s"], gives = 20.5 },
    { with = { channel = 1 }, wire = ["> T1?%s", "< OPEN%s"], gives = "open" },
]
""",
    "drive": """
[item.axis]
kind = "drive"
parameter.axis = { minimum = 1, maximum = 3 }

# It answers when it has begun. Where it is in the end is polled: so it is not verified.
[item.axis.do.move]
send = "MOVE {axis:d} {value:.3f}"
take = "OK"
unit = "mm"
minimum = -25
maximum = 25
verify = {}
test = [{ with = { axis = 1, value = 1.5 }, wire = ["> MOVE 1 1.500%s", "< OK%s"] }]

[item.axis.do.stop]
send = "STOP {axis:d}"
take = "OK"
test = [{ with = { axis = 1 }, wire = ["> STOP 1%s", "< OK%s"] }]

[item.axis.read.position]
send = "POS? {axis:d}"
take = "{value:.3f}"
unit = "mm"
every = 0.5
test = [{ with = { axis = 1 }, wire = ["> POS? 1%s", "< 1.500%s"], gives = 1.5 }]

[item.axis.read.moving]
send = "BUSY? {axis:d}"
take = "{value}"
words = { "0" = "still", "1" = "moving" }
every = 0.5
test = [{ with = { axis = 1 }, wire = ["> BUSY? 1%s", "< 1%s"], gives = "moving" }]
""",
    "pump": """
[item.pump]
kind = "pump"

[item.pump.do.start]
send = "START"
take = "OK"
test = [{ wire = ["> START%s", "< OK%s"] }]

[item.pump.do.stop]
send = "STOP"
take = "OK"
test = [{ wire = ["> STOP%s", "< OK%s"] }]

[item.pump.read.state]
send = "RUN?"
take = "{value}"
words = { "0" = "off", "1" = "on" }
test = [{ wire = ["> RUN?%s", "< 1%s"], gives = "on" }]

[item.pump.read.speed]
send = "SPEED?"
take = "{value:d}"
unit = "Hz"
test = [{ wire = ["> SPEED?%s", "< 1500%s"], gives = 1500 }]
""",
    "source": """
[item.supply]
kind = "source"
parameter.output = { minimum = 1, maximum = 16 }

[item.supply.do.set]
send = "V{output:d} {value:.2f}"
take = "OK"
unit = "V"
minimum = 0
maximum = 5000
verify = { within = 0.5 }
test = [{ with = { output = 4, value = 12.5 }, wire = ["> V4 12.50%s", "< OK%s"] }]

[item.supply.read.value]
send = "V{output:d}?"
take = "{value:.2f}"
unit = "V"
test = [{ with = { output = 4 }, wire = ["> V4?%s", "< 12.50%s"], gives = 12.5 }]
""",
}
