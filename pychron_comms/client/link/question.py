"""One command of the blocking communicator, with what it may take."""

from __future__ import annotations

from pychron_comms.client.link.deadline import Deadline


class Question:
    """``key`` is empty until the command is about to be sent with tags, where none was given."""

    __slots__ = ("command", "deadline", "key")

    def __init__(self, command: str, deadline: Deadline, key: str = "") -> None:
        self.command = command
        self.deadline = deadline
        self.key = key
