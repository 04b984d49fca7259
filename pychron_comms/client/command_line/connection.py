"""What a prompt knows of its server: what it can do, and since when it is not there."""

from __future__ import annotations

import time
from collections.abc import Callable

from pychron_comms.client.command_line.catalogue import Catalogue, fetch_catalogue
from pychron_comms.client.instrument import Asks
from pychron_comms.errors import CommandError, OutcomeUnknownError, PychronCommunicationError


def time_of_day() -> str:
    """As a person reads it."""
    return time.strftime("%H:%M:%S")


class Connection:
    """Asks a server, and learns what it can do as soon as it answers.

    ``note`` tells the person something; ``now`` is the time of day as text.
    """

    def __init__(
        self, asks: Asks, note: Callable[[str], None], now: Callable[[], str] = time_of_day
    ) -> None:
        self._asks = asks
        self._note = note
        self._now = now
        self._lost_since = ""
        self._described = False
        self.catalogue = Catalogue()

    @property
    def label(self) -> str:
        """What stands in front of what the person types."""
        lost = f"(not connected since {self._lost_since}) " if self._lost_since else ""
        return f"{lost}{self.catalogue.request_type or 'ask'}> "

    def ask(self, command: str, timeout: float | None = None) -> str:
        """As a communicator."""
        try:
            reply = self._asks.ask(command, timeout)
        except PychronCommunicationError:
            self._lost_since = self._lost_since or self._now()
            raise
        except OutcomeUnknownError:
            raise
        except CommandError:
            self._answered()
            raise
        self._answered()
        return reply

    def close(self) -> None:
        """As a communicator."""
        self._asks.close()

    def learn(self) -> None:
        """Ask what the server can do; where it is not there, it is asked again when it is."""
        try:
            self.catalogue = fetch_catalogue(self.ask)
        except PychronCommunicationError:
            return
        except (CommandError, ValueError) as error:
            self._note(f"no completion, since the server does not describe itself: {error}")
        self._described = True

    def _answered(self) -> None:
        if not self._lost_since:
            return
        self._note(f"connected again; there was no connection since {self._lost_since}")
        self._lost_since = ""
        if not self._described:
            self.learn()
