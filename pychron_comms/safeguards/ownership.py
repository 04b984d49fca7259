"""Whose the hardware is, of two processors that could both drive it: a lease of their server's.

The server asks each of them again and again. Every answer bears the processor's own time, as a
token; one that comes back in the next question is a lease of ``LEASE`` seconds from that time on.
So however long a message lies somewhere, a lease never ends later than ``LEASE`` seconds after the
server sent it, and no two clocks are compared.
"""

from __future__ import annotations

import enum
from hashlib import blake2b
from typing import NamedTuple

#: Seconds from a processor's word to the end of the lease that is given for it.
LEASE = 3.0

#: Seconds after that end in which what makes safe may still be begun.
SAFE = 1.0

#: Seconds after that end until another processor may be asked: ``SAFE``, and for clocks that run
#: differently and a driver that takes its time.
ALLOWANCE = 1.5

#: Seconds between two questions.
RENEW = 0.4

#: The words of the road that it takes.
QUESTION, GIVEN_UP, KEYS = "Lease", "Released", "Keys"


class Standing(enum.Enum):
    """What a processor says of itself."""

    #: It holds a lease that has not run out.
    OWNS = "owns"
    #: Its lease has just run out: it acts no more, and may still make safe.
    LAPSED = "lapsed"
    #: It holds none, and would take one.
    FREE = "free"
    #: Another process of a server asks it.
    HELD = "held"
    #: It stops, has made safe, and takes none.
    RELEASED = "released"
    #: Nothing is known.
    UNKNOWN = "unknown"


class Verb(enum.Enum):
    """What a question does beside asking."""

    #: Nothing.
    ASK = "ask"
    #: Goes on with a lease; one that has run out stays so.
    RENEW = "renew"
    #: Begins one.
    OPEN = "open"


class Answer(NamedTuple):
    """What is said to a question; ``token`` is for the next one."""

    standing: Standing
    token: str = ""

    @property
    def text(self) -> str:
        return f"{self.standing.value} {self.token}".rstrip()


def parse_answer(text: str) -> Answer:
    """Raises ValueError."""
    word, _, token = text.partition(" ")
    return Answer(Standing(word), token)


def question(instance: str, verb: Verb, token: str = "") -> str:
    """From the process ``instance`` of a server."""
    return f"{QUESTION} {instance} {verb.value} {token}".rstrip()


def digest(sender: str, key: str) -> str:
    """Stands for a key where only its like is asked about."""
    text = f"{sender}\0{key}".encode("utf-8", "surrogatepass")
    return blake2b(text, digest_size=8).hexdigest()
