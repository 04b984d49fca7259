"""What a socket tells of its client: whether a reply can have been read, and since when it waits.

A write that succeeded says nothing: the reply may lie in a queue of ours, or of the client's, when
the client gives up. That the queue is empty says little more: a client's reset empties it too. So
both are asked, and where a system or a kind of connection (Windows, TLS) cannot tell, nothing is
taken for proof.
"""

from __future__ import annotations

import errno
import math
import socket
import struct
import sys
import time
from typing import Any

from twisted.protocols.policies import ProtocolWrapper

if sys.platform != "win32":
    import fcntl
    import termios

#: States of a TCP connection, as Linux numbers them: open, and ended by the other side alone.
_ESTABLISHED, _CLOSE_WAIT = 1, 8

#: Where in Linux's ``tcp_info`` it is told how many milliseconds ago something was sent last, or
#: the connection made where nothing was; and how many ago something came. Its length up to there.
_SENT, _CAME = 44, 52
_TCP_INFO = 56

#: Asks Linux when the datagram that was read last had come: seconds and nanoseconds of its clock.
_DATED, _DATE = 0x8907, struct.Struct("ll")

#: Seconds by which the system may round these.
_ROUNDED = 0.01


def handle_of(transport: Any) -> object:
    """The socket of a connection, under its TLS where it has any."""
    while isinstance(transport, ProtocolWrapper):
        transport = transport.transport
    return transport.getHandle()


def has_taken_all(handle: object) -> bool:
    """Whether the other end has acknowledged all that was written, and has not reset it.

    Of a connection that the other end has ended, or that has had time to answer with a reset. False
    where nobody can tell.
    """
    if sys.platform == "win32" or not isinstance(handle, socket.socket):
        return False
    try:
        if any(fcntl.ioctl(handle, termios.TIOCOUTQ, bytes(4))):
            return False
        if handle.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            return False
        state = _tcp_state(handle)
    except (OSError, ValueError):
        return False
    return state in {None, _ESTABLISHED, _CLOSE_WAIT}


def has_ended(handle: object) -> bool:
    """Whether the other end has ended or reset it, read by us or not; True where nobody can tell.

    Who had ended it before a reply was written does not tell by it that the reply was read.
    """
    return _ended(handle) is not False


def has_surely_ended(handle: object) -> bool:
    """The same; False where nobody can tell."""
    return _ended(handle) is True


def seconds_since_made(handle: object) -> float:
    """Of a connection to which nothing was written yet; infinite where nobody can tell.

    A process that stood still accepts a connection later than it was made.
    """
    return _seconds_since(handle, _SENT)


def seconds_since_heard(handle: object) -> float:
    """Since the last bytes came, read by us or not; infinite where nobody can tell."""
    return _seconds_since(handle, _CAME)


def date_datagrams(handle: object) -> None:
    """From now on the system notes when each comes to this socket, where it can."""
    seconds_since_datagram(handle)


def seconds_since_datagram(handle: object) -> float:
    """Since the one that was read last had come; infinite where nobody can tell.

    By the clock of the computer, which may have been set meanwhile: where it says less than nothing
    it tells nothing.
    """
    if sys.platform != "linux" or not isinstance(handle, socket.socket):
        return math.inf
    try:
        seconds, nanoseconds = _DATE.unpack(fcntl.ioctl(handle, _DATED, bytes(_DATE.size)))
    except (OSError, ValueError):
        return math.inf
    since = time.time() - seconds - nanoseconds / 1e9
    return since if since >= 0 else math.inf


def _seconds_since(handle: object, field: int) -> float:
    if not isinstance(handle, socket.socket):
        return math.inf
    try:
        told = _tcp_info(handle)
        if told is None:
            return math.inf
        (milliseconds,) = struct.unpack_from("I", told, field)
    except (OSError, struct.error):
        return math.inf
    return float(milliseconds) / 1000 + _ROUNDED


def _ended(handle: object) -> bool | None:
    if not isinstance(handle, socket.socket):
        return None
    try:
        told = _tcp_info(handle)
        if told is not None:
            return told[0] != _ESTABLISHED
        return not handle.recv(1, socket.MSG_PEEK)
    except BlockingIOError:
        return False
    except (OSError, ValueError):
        return None


def _tcp_state(handle: socket.socket) -> int | None:
    """The state of a TCP connection; None where the system does not tell, and for other kinds."""
    told = _tcp_info(handle)
    return None if told is None else told[0]


def _tcp_info(handle: socket.socket) -> bytes | None:
    """What Linux knows of a TCP connection; None elsewhere, and for other kinds. Raises OSError."""
    if sys.platform != "linux":
        return None
    try:
        return handle.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TCP_INFO)
    except OSError as error:
        if error.errno == errno.EOPNOTSUPP:
            # A unix socket's. To ask its family takes longer than all of this.
            return None
        raise
