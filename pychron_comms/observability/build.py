"""What a process is and since when, for Prometheus."""

from __future__ import annotations

import platform

from pychron_comms import __version__
from pychron_comms.observability.metrics import Metrics


def metrics_of_process(started: float) -> Metrics:
    """The numbers of a process that starts now; ``started`` is Unix time in seconds."""
    metrics = Metrics()
    metrics.gauge(
        "pychron_comms_build_info",
        "What runs here; always 1.",
        lambda: 1.0,
        version=__version__,
        python=platform.python_version(),
    )
    metrics.gauge(
        "pychron_comms_start_time_seconds", "When it was started, as Unix time.", lambda: started
    )
    return metrics
