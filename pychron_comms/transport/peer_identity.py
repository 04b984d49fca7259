"""Who is at the other end of a connection."""

from __future__ import annotations

import re
from typing import Any

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.logger import Logger

#: The sender of what comes over a socket that only this computer has.
LOCAL_SENDER = "local"

_MAPPED = "::ffff:"

_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)

# Of IPv4, in every form that somebody may read as one; those of IPv6 have colons.
_ADDRESS = re.compile(r"[0-9.]+", re.ASCII).fullmatch

_COMMON_NAME = "2.5.4.3"


def sender_of(address: object) -> str:
    """How a peer is named in access rules, owners and logs: its IP address, or ``local``."""
    if isinstance(address, (IPv4Address, IPv6Address)):
        return str(address.host).removeprefix(_MAPPED)
    return LOCAL_SENDER


def sender_of_peer(transport: Any) -> str:
    """How the peer of a connection is named: ``NAME@ADDRESS`` where it has shown a certificate.

    Of TLS, this is known when the handshake is done. ValueError for a certificate whose common
    name does not please ``is_name``.
    """
    sender = sender_of(transport.getPeer())
    # Twisted's TLS has it, and nothing else.
    shown = getattr(transport, "getPeerCertificate", None)
    certificate = shown() if shown is not None else None
    return sender if certificate is None else f"{_common_name(certificate)}@{sender}"


def is_name(text: str) -> bool:
    """Whether it may stand in rules and logs as the name of a certificate.

    It has 1 to 64 letters, digits, dots, dashes, underscores; what is trusted by address must not
    be had by a name, so neither an address nor ``local`` is one.
    """
    return bool(_NAME.fullmatch(text)) and text.lower() != LOCAL_SENDER and not _ADDRESS(text)


def introduced(transport: Any, log: Logger) -> str:
    """The sender that a finished handshake of TLS proves; one whose name is none is dropped."""
    try:
        return sender_of_peer(transport)
    except ValueError as error:
        sender = sender_of(transport.getPeer())
        log.warn("dropped {sender}: {error}", sender=sender, error=error)
        transport.abortConnection()
        return sender


def is_here(host: str) -> bool:
    """Whether an address is one of this computer's own, that none else can send from."""
    return host.startswith(("127.", "::ffff:127.")) or host == "::1"


def name_of(sender: str) -> str:
    """The name that a sender's certificate tells; empty for one that has shown none."""
    return sender.rpartition("@")[0]


def host_of(sender: str) -> str:
    """A sender's address, or ``local``."""
    return sender.rpartition("@")[2]


def _common_name(certificate: Any) -> str:
    subject = certificate.to_cryptography().subject
    names = [each.value for each in subject if each.oid.dotted_string == _COMMON_NAME]
    if len(names) != 1 or not isinstance(names[0], str) or not is_name(names[0]):
        raise ValueError(f"a certificate with the name {names!r:.200}")
    return names[0]
