"""``python -m pychron_comms``: the same as ``pychron-lab run``."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from pychron_comms.operations.tool import main as lab


def main(argv: Sequence[str]) -> int:
    return lab(["run", *argv])


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
