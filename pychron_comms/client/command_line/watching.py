"""``pychron-ask --watch PATTERN``: lines in a pipe, a living table on a terminal."""

from __future__ import annotations

import select
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TextIO

from pychron_comms.client.command_line.notices import NoticeLines
from pychron_comms.client.command_line.output import ANSWERED, Output, status_of, write_line
from pychron_comms.client.watch.blocking import Watch
from pychron_comms.client.watch.notices import Item, Notice
from pychron_comms.errors import CommandError
from pychron_comms.process.extras import install_command

Show = Callable[[Notice], None]


def run_watch(watch: Watch, output: Output, as_json: bool) -> int:
    """Until Ctrl-C, which is a clean end, or the server refuses. Answers the exit status."""
    try:
        with _shown(sys.stdout, watch.items, as_json) as show:
            for notice in watch:
                show(notice)
    except CommandError as error:
        output.error("Subscribe", error)
        return status_of(error)
    except KeyboardInterrupt:
        pass
    return ANSWERED


def reader_has_gone(out: TextIO) -> bool:
    """Whether nobody reads the pipe ``out`` any more: it may be long until the next line."""
    if not hasattr(select, "poll"):
        return False
    poll = select.poll()
    poll.register(out, 0)
    return any(what & select.POLLERR for _, what in poll.poll(0))


@contextmanager
def _shown(out: TextIO, items: Mapping[str, Item], as_json: bool) -> Iterator[Show]:
    if out.isatty() and not as_json:
        try:
            from pychron_comms.client.command_line.living_table import (  # noqa: PLC0415
                living_table,
            )
        except ModuleNotFoundError:
            told = f"in lines, since the table that lives needs rich: {install_command('rich')}"
            write_line(sys.stderr, f"pychron-ask: {told}")
        else:
            with living_table(out, items) as table:
                yield table.show
            return
    yield NoticeLines(out, sys.stderr, as_json).show
