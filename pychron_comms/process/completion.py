"""What a shell needs to complete the options of our tools; made by shtab from their own parsers."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path

from pychron_comms.process.extras import install_command

#: How arguments are called that name a file or a folder.
_FILES = frozenset({"FILE", "FOLDER", "DIR", "OUT"})

SHELLS = ("bash", "zsh", "fish")


class PrintCompletion(argparse.Action):
    """``--completion SHELL``: writes the script on standard output, and ends."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[object] | None,
        option_string: str | None = None,
    ) -> None:
        try:
            # So named that the type checker needs it as little as the tools do.
            shtab = import_module("shtab")
        except ModuleNotFoundError:
            parser.error(f"completion scripts need shtab:\n    {install_command('shtab')}")
        for action in _all_actions(parser):
            if action.type is Path or action.metavar in _FILES:
                setattr(action, "complete", shtab.FILE)  # noqa: B010
        print(shtab.complete(parser, str(values)))  # noqa: T201
        parser.exit()


def _all_actions(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    """Those of its verbs too."""
    for action in parser._actions:
        yield action
        if isinstance(action, argparse._SubParsersAction):
            for below in action.choices.values():
                yield from _all_actions(below)


def add_completion(parser: argparse.ArgumentParser) -> None:
    """Give a parser the option."""
    parser.add_argument(
        "--completion",
        action=PrintCompletion,
        choices=SHELLS,
        metavar="SHELL",
        help=f"write what {', '.join(SHELLS)} needs to complete these options",
    )
