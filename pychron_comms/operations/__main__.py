"""``python -m pychron_comms.operations``: the same as ``pychron-lab``."""

from __future__ import annotations

from pychron_comms.operations.tool import main

if __name__ == "__main__":
    raise SystemExit(main())
