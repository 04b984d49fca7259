"""Modules that a test hides from the code under it."""

from __future__ import annotations

import sys

from twisted.trial.unittest import SynchronousTestCase


def hide_module(test: SynchronousTestCase, name: str) -> None:
    """Let its import fail, as without the extra that it needs."""
    # Not mock.patch.dict: it would drop what else is imported meanwhile, which numpy forbids.
    if name in sys.modules:
        test.addCleanup(sys.modules.__setitem__, name, sys.modules[name])
    else:
        test.addCleanup(sys.modules.pop, name)
    sys.modules[name] = None  # type: ignore[assignment]
