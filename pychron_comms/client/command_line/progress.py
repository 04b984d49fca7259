"""A line on the terminal that tells how long a wait has taken. Needs rich."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

from rich.console import Console
from rich.text import Text

from pychron_comms.client.waiting import Progress


@contextmanager
def status_line(stream: TextIO) -> Iterator[Callable[[Progress], None]]:
    """What shows progress on ``stream``; the line is gone when the wait is over."""
    with Console(file=stream).status("") as status:
        yield lambda progress: status.update(Text(progress_text(progress)))


def progress_text(progress: Progress) -> str:
    return f"{progress.what}: {progress.elapsed:.1f} s"
