"""``python -m pychron_comms.certs`` is ``pychron-certs``."""

from __future__ import annotations

from pychron_comms.certs.tool import main

if __name__ == "__main__":
    raise SystemExit(main())
