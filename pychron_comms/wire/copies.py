"""How long a copy of a plain command may come: servers and processors reckon with the same."""

from __future__ import annotations

#: Seconds after its end in which it may be in doubt whether its reply was read. A datagram's copies
#: come sooner.
KEEP = 5.0
KEEP_DATAGRAM = 2.1
