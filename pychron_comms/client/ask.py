"""``pychron-ask``: one command to a server, its reply on stdout.

The exit status is 0 for a reply, 1 for an ERROR reply, 2 for no connection, an unknown outcome or
a mistake in the call.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from functools import partial

from pychron_comms.client.command_line.options import AskOptions, read_options
from pychron_comms.client.command_line.output import ANSWERED, FAILED, REFUSED, Output
from pychron_comms.client.command_line.session import AskSession
from pychron_comms.client.command_line.which_laboratory import another_laboratory, for_another
from pychron_comms.client.communicator import Communicator
from pychron_comms.client.instrument import Asks
from pychron_comms.process.extras import install_command
from pychron_comms.process.terminal import ended_as_by_ctrl_c, shows_colours, write_no_more

_NO_PROMPT = f"""\
pychron-ask: the interactive prompt needs prompt_toolkit and rich:
    {install_command("prompt_toolkit", "rich")}
A command needs neither: pychron-ask Open A
"""


def main(argv: Sequence[str] | None = None) -> int:
    words = sys.argv[1:] if argv is None else argv
    try:
        with ended_as_by_ctrl_c():
            return _scan(words[1:]) if words[:1] == ["scan"] else _ask(read_options(words))
    except KeyboardInterrupt:
        return FAILED
    except BrokenPipeError:
        write_no_more()
        return ANSWERED


def _ask(options: AskOptions) -> int:
    in_colour = shows_colours(sys.stderr, os.environ)
    output = Output(sys.stdout, sys.stderr, options.as_json, in_colour=in_colour)
    if options.via:
        return _watch_by_broker(output, options)
    try:
        communicator = Communicator(
            options.server,
            timeout=options.timeout,
            form="plain" if options.plain else "auto",
            request_type=options.request_type,
            laboratory=options.laboratory,
        )
    except (ValueError, OSError) as error:
        output.note(str(error))
        return FAILED
    with communicator:
        if options.laboratory and (options.plain or options.patterns):
            other = another_laboratory(options.server, options.laboratory, options.timeout)
            if other is not None:
                output.error(options.command or "Subscribe", other)
                output.note(for_another(options.server))
                return REFUSED
        if options.patterns:
            return _watch(communicator, output, options)
        if options.command or not sys.stdin.isatty():
            return _session(communicator, output, options).run(sys.stdin)
        return _prompt(communicator, options)


def _session(communicator: Communicator, output: Output, options: AskOptions) -> AskSession:
    ask = partial(communicator.ask, key=options.key) if options.key else None
    return AskSession(
        communicator, output, options, ask=ask, last_key=lambda: communicator.last_key
    )


def _watch(communicator: Communicator, output: Output, options: AskOptions) -> int:
    # Brings a part of Twisted along, which a command does not need.
    from pychron_comms.client.command_line.watching import (  # noqa: PLC0415
        reader_has_gone,
        run_watch,
    )

    try:
        watch = communicator.watch(*options.patterns, cancel=partial(reader_has_gone, sys.stdout))
    except ValueError as error:
        output.note(str(error))
        return FAILED
    return run_watch(watch, output, options.as_json)


def _watch_by_broker(output: Output, options: AskOptions) -> int:
    from pychron_comms.client.command_line.watching import (  # noqa: PLC0415
        reader_has_gone,
        run_watch,
    )
    from pychron_comms.client.watch.by_broker import watch_by_broker  # noqa: PLC0415

    cancel = partial(reader_has_gone, sys.stdout)
    try:
        watch = watch_by_broker(options.via, options.patterns, cancel)
    except ValueError as error:
        output.note(str(error))
        return FAILED
    return run_watch(watch, output, options.as_json)


def _scan(words: Sequence[str]) -> int:
    # Brings Twisted along, which a command does not need.
    from pychron_comms.client.command_line import scan_command  # noqa: PLC0415

    return scan_command.main(words)


def _prompt(communicator: Asks, options: AskOptions) -> int:
    try:
        from pychron_comms.client.command_line.prompt import run_prompt  # noqa: PLC0415
    except ModuleNotFoundError:
        sys.stderr.write(_NO_PROMPT)
        return FAILED
    return run_prompt(communicator, options)
