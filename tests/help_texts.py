"""What metrics say of themselves, for whoever draws them."""

from __future__ import annotations

import re

from pychron_comms.observability.metrics import Metrics

_SENTENCE = re.compile(r"[A-Z][a-z'-]* .*[a-z0-9)]\.")


def help_texts(metrics: Metrics) -> dict[str, str]:
    """By the names of the metrics."""
    lines = [each for each in metrics.text().splitlines() if each.startswith("# HELP ")]
    return dict(each.removeprefix("# HELP ").split(" ", 1) for each in lines)


def unfinished(metrics: Metrics) -> dict[str, str]:
    """Those whose text is no sentence; ValueError where there is none at all."""
    texts = help_texts(metrics)
    if not texts:
        raise ValueError("no metrics")
    return {name: text for name, text in texts.items() if not _SENTENCE.fullmatch(text)}
