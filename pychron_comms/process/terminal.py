"""What a terminal shows and a pipe does not, what has no reader any more, how a tool is ended."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn, TextIO

from pychron_comms.process.platform import ending_signals


def shows_colours(stream: TextIO, environ: Mapping[str, str]) -> bool:
    """Whether a person looks at it who wants colours: https://no-color.org says how one does not.

    A terminal that is called dumb, or nothing (as on Windows), shows none.
    """
    return (
        stream.isatty() and not environ.get("NO_COLOR") and environ.get("TERM", "") not in _WITHOUT
    )


_WITHOUT = {"", "dumb"}


def write_no_more() -> None:
    """Who read the standard output has had enough: what is flushed at exit must not fail either."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


class ToldToEnd(KeyboardInterrupt):
    """Ctrl-C by another means: SIGTERM, or the end of the terminal."""


@contextmanager
def ended_as_by_ctrl_c() -> Iterator[None]:
    """What Ctrl-C would tidy up (a hidden cursor, a magnet on its way) is tidied up by SIGTERM too,
    and when the terminal closes, unless ``nohup`` has that ignored. For the main thread."""
    before = {number: signal.getsignal(number) for number in ending_signals()}
    heard = [number for number, handler in before.items() if handler is not signal.SIG_IGN]
    for number in heard:
        signal.signal(number, _end)
    try:
        yield
    finally:
        for number in heard:
            signal.signal(number, before[number])


def _end(number: int, frame: FrameType | None) -> NoReturn:
    raise ToldToEnd
