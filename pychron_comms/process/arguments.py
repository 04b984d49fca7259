"""Command lines of our tools: a word that is not known gets the nearest one that is."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from typing import NoReturn

from pychron_comms import __version__
from pychron_comms.config.nearest import did_you_mean

_CHOICE = re.compile(r"invalid choice: '([^']*)' \(choose from (.*)\)")
_EXTRA = re.compile(r"unrecognized arguments: (\S+\.toml)\Z")
_NO_VERB = "arguments are required: COMMAND"
_OPTION = re.compile(r"unrecognized arguments: (-[^\s=]+)")


class Parser(argparse.ArgumentParser):
    """A tool's command line, that of its verbs too."""

    def add_version(self, name: str = "") -> None:
        """The option ``--version``, which tells of the tool of that name; by default this one."""
        text = f"{name or self.prog} {__version__}"
        self.add_argument("--version", action="version", version=text)

    def error(self, message: str) -> NoReturn:
        super().error(message + self._hint(message))

    def _hint(self, message: str) -> str:
        choice = _CHOICE.search(message)
        if choice is not None:
            return did_you_mean(choice[1], re.findall(r"[\w-]+", choice[2]))
        if message.endswith(_NO_VERB):
            return f": one of {', '.join(self._verbs())} ({self.prog} --help tells more)"
        option = _OPTION.search(message)
        if option is None:
            extra = _EXTRA.search(message)
            is_file = extra is not None and "--config" in self._options()
            return f"; a file is named so: --config {extra[1]}" if extra and is_file else ""
        return did_you_mean(option[1], self._options()) + f" ({self.prog} --help lists the options)"

    def _verbs(self) -> Sequence[str]:
        verbs = (each for each in self._actions if isinstance(each, argparse._SubParsersAction))
        return [verb for each in verbs for verb in each.choices]

    def _options(self) -> Sequence[str]:
        found = [*self._option_string_actions]
        for action in self._actions:
            if isinstance(action, argparse._SubParsersAction):
                for below in action.choices.values():
                    found += below._option_string_actions
        return found
