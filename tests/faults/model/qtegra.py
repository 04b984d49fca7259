"""Qtegra's way into the model: the words of its hardware as lines of Qtegra's own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn
from unittest.mock import patch

from pychron_comms.handlers.command import declared_commands
from pychron_comms.handlers.spectrometer import handler
from pychron_comms.qtegra import readers
from pychron_comms.qtegra.words import WORDS, Word
from tests.faults.model.words import ModelHandler


@contextmanager
def spoken() -> Iterator[None]:
    """Qtegra knows these words, and which of them make safe."""
    words = {name: _word(name) for name in ("Count", "Nudge", "Calm", "Look")}
    with patch.dict(WORDS, words), patch.dict(handler._COMMANDS, declared_commands(ModelHandler)):
        yield


def _word(name: str) -> Word:
    def call(bench: Any, device: str, number: str) -> object:
        return bench.do(name, device, number)

    read = readers.first("device", "number")
    return Word(names=(name,), read=read, call=call, reply=str, refused=_raised)


def _raised(error: Exception, values: object) -> NoReturn:
    raise error
