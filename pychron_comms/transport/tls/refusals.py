"""How the other end of TLS says that it does not take who this end is."""

from __future__ import annotations

import ssl
from contextlib import suppress

_ALERTS = (
    "CERTIFICATE_REQUIRED",
    "ALERT_BAD_CERTIFICATE",
    "ALERT_UNSUPPORTED_CERTIFICATE",
    "ALERT_CERTIFICATE_REVOKED",
    "ALERT_CERTIFICATE_EXPIRED",
    "ALERT_CERTIFICATE_UNKNOWN",
    "ALERT_UNKNOWN_CA",
    "ALERT_ACCESS_DENIED",
    "ALERT_HANDSHAKE_FAILURE",
)


class IdentityRefusedError(PermissionError):
    """The server has ended its half of the handshake, and has read no command."""

    def __init__(self) -> None:
        super().__init__(
            "the server wants another certificate, or one at all: "
            "tls:HOST:PORT:certificate=FILE:privateKey=FILE"
        )


def refused_identity(error: BaseException | None) -> bool:
    """Whether the server ended its half of the handshake, so that it has read no command.

    Under TLS 1.3 a client's own half is over before the server has looked at its certificate:
    what is sent meanwhile is thrown away unread. Takes the errors of Python's ``ssl`` and of
    pyOpenSSL, which this module does not need.
    """
    reason = _reason(error).upper().replace(" ", "_")
    return any(alert in reason for alert in _ALERTS)


def _reason(error: BaseException | None) -> str:
    """What OpenSSL calls it; empty for an error that is not of TLS."""
    if isinstance(error, ssl.SSLError):
        return error.reason or ""
    if error is None:
        return ""
    with suppress(TypeError, ValueError):
        # pyOpenSSL: [(library, function, reason), ...]
        ((_, _, reason), *_), *_ = error.args
        return str(reason)
    return ""
