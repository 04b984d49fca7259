"""How a server's TLS says that it does not take who this client is."""

from __future__ import annotations

import ssl

#: What to do about it.
WANTS_CERTIFICATE = (
    "the server wants another certificate, or one at all: "
    "tls:HOST:PORT:certificate=FILE:privateKey=FILE"
)

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


def refused_identity(error: BaseException) -> bool:
    """Whether the server ended its half of the handshake, so that it has read no command.

    Under TLS 1.3 a client's own half is over before the server has looked at its certificate:
    what is sent meanwhile is thrown away unread.
    """
    reason = getattr(error, "reason", None) if isinstance(error, ssl.SSLError) else None
    return reason is not None and any(alert in reason for alert in _ALERTS)
