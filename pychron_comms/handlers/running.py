"""A call is run in the reactor's thread, however its manager's method gives its result."""

from __future__ import annotations

from types import CoroutineType
from typing import Any

from twisted.internet.defer import Deferred

from pychron_comms.errors import as_bug
from pychron_comms.interfaces import ICall

# Nearly all that managers return. To ask whether a value is a Deferred, which is an abstract class,
# takes ten times as long.
_VALUES = (str, int, float)


class RunsCalls:
    """The half of a handler that runs what it has prepared."""

    def handle(self, call: ICall) -> str | Deferred[str]:
        """As ``IRequestHandler.handle``. Errors: what the manager raises."""
        result = call.run()
        if result is None or isinstance(result, _VALUES):
            return call.reply(result)
        result = awaited(result)
        if isinstance(result, Deferred):
            return result.addCallback(call.reply)
        return call.reply(result)


def awaited(result: object) -> object:
    """What a method gave, or a Deferred of it where the method is ``async``."""
    if isinstance(result, CoroutineType):
        return Deferred.fromCoroutine(_whole(result))
    return result


async def _whole(work: CoroutineType[Any, Any, object]) -> object:
    """What it gives in the end, also where it lacks an ``await`` and gives one more to wait for."""
    try:
        result: Any = await work
        while isinstance(result, CoroutineType | Deferred):
            result = await result
    except (Exception, GeneratorExit):
        raise
    except BaseException as end:
        raise as_bug(end) from None
    return result
