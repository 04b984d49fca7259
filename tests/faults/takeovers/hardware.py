"""What real processors are given: the model's words, and hardware that writes down what it obeys.

Each line of the record is one JSON object, written at once, so that it is whole whatever becomes of
its process. Beside what the hardware is told it has each change of the process's fence, by the same
clock: who owned the hardware at any moment can be read from it.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Sequence
from typing import Any

from twisted.plugin import IPlugin
from zope.interface import implementer

from pychron_comms.errors import NoResponseError
from pychron_comms.interfaces import IDevice, IHardware, ILaserManager, IRequestHandlerFactory
from pychron_comms.safeguards.fence import LeasedFence, unstopped
from tests.faults.model.bench import EASE, FAILS, WELL, Script
from tests.faults.model.words import REQUEST_TYPE, ModelHandler

_ENDINGS = {"w": WELL, "f": FAILS}
_LETTERS = {ending: letter for letter, ending in _ENDINGS.items()}

#: By the names of the fence's methods that change for how long it is open.
_CHANGES = ("open", "renew", "shut", "end")


def scripted(number: str, script: Script) -> str:
    """A command's number that tells the hardware what to do with it."""
    return f"{number}x{script.seconds * 1000:.0f}{_LETTERS[script.ending]}"


def script_of(number: str) -> Script:
    milliseconds = number.rpartition("x")[2]
    return Script(int(milliseconds[:-1]) / 1000, _ENDINGS[milliseconds[-1]])


class Record:
    """The file of that name, and who writes to it."""

    def __init__(self, file: str) -> None:
        self._file = file

    def write(self, what: str, **fields: Any) -> None:
        line = json.dumps({"what": what, "process": os.getpid(), **fields})
        handle = os.open(self._file, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        try:
            os.write(handle, f"{line}\n".encode())
        finally:
            os.close(handle)


@implementer(IDevice)
class Bench:
    """A device that blocks. It actuates when it is told, and then takes its time."""

    name = "bench"

    def __init__(self, record: str) -> None:
        self._record = Record(record)
        _Watched.watch(self._record)

    def do(self, word: str, device: str, number: str) -> object:
        """Errors: 010 as the number has it."""
        self._record.write(
            "told",
            at=unstopped(),
            let=_Watched.let_through(),
            word=word,
            device=device,
            number=number,
        )
        script = script_of(number)
        time.sleep(script.seconds)
        if script.ending == FAILS:
            raise NoResponseError
        return f"did {number}"

    def tell(self, device: str) -> object:
        """That it is there."""
        return "calm"

    def get(self) -> float:
        """Nobody asks for it."""
        raise NoResponseError

    def set(self, value: str, sender: str) -> None:
        """Nor for that."""
        raise NoResponseError


@implementer(ILaserManager)
class Lamp:
    """What whoever takes the hardware, or loses it, puts out."""

    def __init__(self, record: str) -> None:
        self._bench = Bench(record)

    def disable(self) -> None:
        self._bench.do(EASE, "lamp", scripted("lamp", Script()))


class _Watched:
    """The fence of this process, which goes on as it is, and whose changes are written down."""

    _let = threading.local()
    _is_watched = False

    @classmethod
    def watch(cls, record: Record) -> None:
        if cls._is_watched:
            return
        cls._is_watched = True
        for name in _CHANGES:
            setattr(LeasedFence, name, cls._writing(name, record))
        check = LeasedFence.check

        def checked(fence: LeasedFence, safe: bool) -> None:
            now = unstopped()
            check(fence, safe)
            cls._let.at = now

        setattr(LeasedFence, "check", checked)  # noqa: B010

    @classmethod
    def let_through(cls) -> float:
        """When this thread was let through last."""
        return float(getattr(cls._let, "at", 0.0))

    @staticmethod
    def _writing(name: str, record: Record) -> Any:
        change = getattr(LeasedFence, name)

        def changed(fence: LeasedFence, *arguments: Any) -> None:
            now = unstopped()
            change(fence, *arguments)
            until = fence._until
            record.write("fence", at=now, until=until, epoch=fence.epoch, change=name)

        return changed


class _Managers:
    """Finds as a manager what a laboratory's file can name as a device only."""

    def __init__(self, hardware: IHardware) -> None:
        self._hardware = hardware

    def __getattr__(self, name: str) -> Any:
        return getattr(self._hardware, name)

    def manager(self, name: str) -> object:
        return self._hardware.device(name)


@implementer(IPlugin, IRequestHandlerFactory)
class ModelHandlerFactory:
    request_types: Sequence[str] = (REQUEST_TYPE,)

    def build(self, hardware: IHardware) -> ModelHandler:
        managers: Any = _Managers(hardware)
        return ModelHandler(managers, None)
