"""Makes one coroutine callable both ways: for its result, or for a Deferred of it.

::

    class Magnet(Part[M_co]):
        @operation
        async def dac(self) -> float: ...

    Magnet(QtegraMicrocontroller(...)).dac()           # 5.35
    Magnet(DeferredQtegraMicrocontroller(...)).dac()   # a Deferred of 5.35

Which of the two is the choice of the part's microcontroller, and type checkers know it. Coroutines
that build on others await ``magnet.dac.coroutine()``, which is the same whoever runs it.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import wraps
from types import MethodType
from typing import Any, Concatenate, Generic, ParamSpec, Protocol, TypeVar, overload

from twisted.internet.defer import Deferred

from pychron_comms.client.qtegra.microcontroller import (
    DeferredQtegraMicrocontroller,
    Microcontroller,
    QtegraMicrocontroller,
)

P = ParamSpec("P")
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
M_co = TypeVar("M_co", bound=Microcontroller, covariant=True)


class Part(Generic[M_co]):
    """Something that is reached through a microcontroller."""

    def __init__(self, microcontroller: M_co) -> None:
        self.microcontroller = microcontroller


class Call(Protocol[P, T_co]):
    """An operation of one part."""

    @property
    def coroutine(self) -> Callable[P, Coroutine[Any, Any, T_co]]:
        """For coroutines that build on it."""


class BlockingCall(Call[P, T_co], Protocol):
    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> T_co: ...


class DeferredCall(Call[P, T], Protocol):
    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Deferred[T]: ...


class Operation(Generic[P, T]):
    """A coroutine function whose first argument is a part, as a method or by itself."""

    def __init__(self, function: Callable[Concatenate[Any, P], Coroutine[Any, Any, T]]) -> None:
        self.coroutine = function
        wraps(function)(self)

    @overload
    def __get__(
        self, part: Part[QtegraMicrocontroller], owner: object = None
    ) -> BlockingCall[P, T]: ...

    @overload
    def __get__(
        self, part: Part[DeferredQtegraMicrocontroller], owner: object = None
    ) -> DeferredCall[P, T]: ...

    @overload
    def __get__(self, part: Part[Microcontroller], owner: object = None) -> Call[P, T]: ...

    @overload
    def __get__(
        self, part: None, owner: object
    ) -> Callable[Concatenate[Any, P], Coroutine[Any, Any, T]]: ...

    def __get__(self, part: Part[Microcontroller] | None, owner: object = None) -> Any:
        if part is None:
            return self.coroutine
        coroutine = MethodType(self.coroutine, part)

        @wraps(coroutine)
        def call(*args: P.args, **kwargs: P.kwargs) -> Any:
            return part.microcontroller.run(coroutine(*args, **kwargs))

        vars(call)["coroutine"] = coroutine
        return call

    @overload
    def __call__(
        self, part: Part[QtegraMicrocontroller], /, *args: P.args, **kwargs: P.kwargs
    ) -> T: ...

    @overload
    def __call__(
        self, part: Part[DeferredQtegraMicrocontroller], /, *args: P.args, **kwargs: P.kwargs
    ) -> Deferred[T]: ...

    def __call__(self, part: Part[Microcontroller], /, *args: P.args, **kwargs: P.kwargs) -> Any:
        return part.microcontroller.run(self.coroutine(part, *args, **kwargs))


def operation(function: Callable[Concatenate[Any, P], Coroutine[Any, Any, T]]) -> Operation[P, T]:
    """See the module."""
    return Operation(function)
