"""What the tests share: processes that end with the test."""

from __future__ import annotations

from tests.integration.conftest import processes

__all__ = ["processes"]
