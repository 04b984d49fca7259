"""``python -m tests.faults.held FILE -n ...``: twistd, which begins when FILE is there.

What it imports, it has by then: so a start takes no longer than on a quiet machine.
"""

from __future__ import annotations

import importlib
import sys
import time
from pathlib import Path

#: What it says when it has.
HELD = "held"

_MODULES = ("pychron_comms.processor.tap", "pychron_comms.operations.tool", "tests.faults.counting")
_POLL = 0.005


def main() -> None:
    begins = Path(sys.argv.pop(1))
    from twisted.internet import reactor  # noqa: F401, PLC0415
    from twisted.plugin import IPlugin, getPlugins  # noqa: PLC0415
    from twisted.scripts.twistd import run  # noqa: PLC0415

    list(getPlugins(IPlugin))
    for name in _MODULES:
        importlib.import_module(name)
    sys.stdout.write(f"{HELD}\n")
    sys.stdout.flush()
    while not begins.exists():
        time.sleep(_POLL)
    run()


if __name__ == "__main__":
    main()
