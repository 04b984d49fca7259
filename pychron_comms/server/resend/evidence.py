"""What a socket tells of a reply that was written to it: whether its client can have read it.

A write that succeeded says nothing: the reply may lie in a queue of ours, or of the client's, when
the client gives up. That the queue is empty says little more: a client's reset empties it too. So
both are asked, and where a system or a kind of connection (Windows, TLS) cannot tell, nothing is
taken for proof.
"""

from __future__ import annotations

import socket
import sys
from typing import Any

from twisted.protocols.policies import ProtocolWrapper

if sys.platform != "win32":
    import fcntl
    import termios

#: States of a TCP connection, as Linux numbers them: open, and ended by the other side alone.
_ESTABLISHED, _CLOSE_WAIT = 1, 8


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


def _ended(handle: object) -> bool | None:
    if not isinstance(handle, socket.socket):
        return None
    try:
        state = _tcp_state(handle)
        if state is not None:
            return state != _ESTABLISHED
        return not handle.recv(1, socket.MSG_PEEK)
    except BlockingIOError:
        return False
    except (OSError, ValueError):
        return None


def _tcp_state(handle: socket.socket) -> int | None:
    """The state of a TCP connection; None where the system does not tell, and for other kinds."""
    if sys.platform != "linux" or handle.family == socket.AF_UNIX:
        return None
    return handle.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]
