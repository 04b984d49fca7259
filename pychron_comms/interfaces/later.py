"""An answer that may come later."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TypeAlias, TypeVar

T = TypeVar("T")

#: An answer, or something to wait for it by: a Deferred, or the coroutine of an ``async`` method.
Later: TypeAlias = T | Awaitable[T]
