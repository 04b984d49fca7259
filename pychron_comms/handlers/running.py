"""A call is run in the reactor's thread, however its manager's method gives its result."""

from __future__ import annotations

from types import CoroutineType

from twisted.internet.defer import Deferred

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
        if isinstance(result, CoroutineType):
            result = Deferred.fromCoroutine(result)
        if isinstance(result, Deferred):
            return result.addCallback(call.reply)
        return call.reply(result)


def awaited(result: object) -> object:
    """What a method gave, or a Deferred of it where the method is ``async``."""
    if isinstance(result, CoroutineType):
        return Deferred.fromCoroutine(result)
    return result
