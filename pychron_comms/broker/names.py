"""What exchanges and queues are called at the broker, and what each is like.

Each set of hardware has five queues, whose names begin with ``pychron.SET``. Exchanges are common,
so that who may publish for which set is said by the broker's topic permissions.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Any, NamedTuple

from pychron_comms.transport.broker_strings import STATE_EXCHANGE
from pychron_comms.transport.places import PENDING_LIMIT

#: Requests, by the topic ``SET.LANE``.
COMMANDS = "pychron.command"
#: Replies, by the name of the queue that they go to.
REPLIES = "pychron.reply"
#: Copies of the journals' records, by ``SET.EVENT``.
JOURNAL = "pychron.journal"
#: What only the processors of a set tell each other, by ``SET.WHAT``.
PROCESSORS = "pychron.processors"

#: What kind each exchange is; by the one of states goes also who owns a set, by ``SET.owner``.
EXCHANGES = {
    COMMANDS: "topic",
    REPLIES: "direct",
    STATE_EXCHANGE: "topic",
    JOURNAL: "topic",
    PROCESSORS: "topic",
}

#: Messages that may wait in a lane; one more is refused by the broker, and never replayed. Reads:
#: as many as a server has places for.
WAITING = 256
SAFE_WAITING = 2000
READS_WAITING = PENDING_LIMIT

#: Milliseconds that a message which makes safe may wait: longer than a takeover takes, and so short
#: that it undoes nothing that somebody did who was told 201 and went to look.
SAFE_FOR = 60_000

#: What is kept for a standby: for how long, and how many bytes.
REMEMBERED_FOR = "24h"
REMEMBERED = 64_000_000


class Lane(enum.Enum):
    """The queues that requests come by."""

    #: What acts, or may: acknowledged before it is run.
    ACT = "act"
    #: What makes safe: passes the others, and is acknowledged when it has been done.
    SAFE = "safe"
    #: What is known to read, and what a server says beside commands: forgotten with who has it.
    READ = "read"


class Queue(NamedTuple):
    """``exchange`` and ``topic``: from where it gets its messages.

    ``is_exclusive``: it is of the connection that makes it, and ends with that.
    """

    name: str
    arguments: Mapping[str, Any]
    exchange: str
    topic: str
    is_exclusive: bool = False


def lane_queue(hardware: str, lane: Lane) -> Queue:
    arguments: dict[str, Any] = {"x-overflow": "reject-publish", "x-max-length": WAITING}
    if lane is Lane.READ:
        # Of no worth without the owner. One that outlives him is of one node of a cluster, and
        # could be neither used nor made again while that is away.
        arguments.update({"x-queue-type": "classic", "x-max-length": READS_WAITING})
    else:
        arguments.update({"x-queue-type": "quorum", "x-single-active-consumer": True})
    if lane is Lane.SAFE:
        arguments.update({"x-max-length": SAFE_WAITING, "x-message-ttl": SAFE_FOR})
    name = f"pychron.{hardware}.{lane.value}"
    return Queue(name, arguments, COMMANDS, topic_of(hardware, lane), lane is Lane.READ)


def owner_queue(hardware: str) -> Queue:
    """Its single active consumer is the processor that may own the hardware."""
    arguments = {
        "x-queue-type": "quorum",
        "x-single-active-consumer": True,
        "x-max-length": 100,
        "x-message-ttl": 5000,
    }
    return Queue(f"pychron.{hardware}.owner", arguments, PROCESSORS, owner_topic(hardware))


def memory_queue(hardware: str) -> Queue:
    """A log that each processor of the set reads from its beginning."""
    arguments = {
        "x-queue-type": "stream",
        "x-max-age": REMEMBERED_FOR,
        "x-max-length-bytes": REMEMBERED,
        "x-stream-max-segment-size-bytes": REMEMBERED // 16,
    }
    return Queue(f"pychron.{hardware}.memory", arguments, PROCESSORS, memory_topic(hardware))


def topic_of(hardware: str, lane: Lane) -> str:
    return f"{hardware}.{lane.value}"


def owner_topic(hardware: str) -> str:
    """By which the set's processors send beats; and, to who listens, by which its owner speaks."""
    return f"{hardware}.owner"


def memory_topic(hardware: str) -> str:
    """By which that is told which every processor of the set must know."""
    return f"{hardware}.memory"
