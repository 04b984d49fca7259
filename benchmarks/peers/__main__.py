"""``python -m benchmarks.peers NAME serve`` and ``... NAME load ADDRESS CLIENTS SECONDS``."""

from __future__ import annotations

import json
import statistics
import sys

from benchmarks.peers import peer


def main() -> None:
    name, what, *rest = sys.argv[1:]
    found = peer(name)
    if what == "serve":
        found.serve(lambda address: print(address, flush=True))
        return
    address, clients, seconds = rest
    times = found.load(address, int(clients), float(seconds))
    figures = {
        "rate": len(times) / float(seconds),
        "p50": statistics.median(times),
        "p99": statistics.quantiles(times, n=100)[98],
    }
    print(json.dumps(figures), flush=True)


if __name__ == "__main__":
    main()
