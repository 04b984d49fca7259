"""Tells a connection of a browser from one that brings commands."""

from __future__ import annotations

import re

#: Bytes after which it is told, whatever follows; a line that ends before is a command.
ENOUGH = 16

_HTTP = re.compile(rb"(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS|TRACE|PRI) +(?:/|\*|https?:)")

#: How TLS begins: a handshake.
_TLS = b"\x16\x03"


def other_protocol(begin: bytes) -> str | None:
    """The protocol that these first bytes are of: empty for ours, None where more must tell.

    Any web page that somebody opens on a computer here can have the browser send what it likes to
    any port: its lines would come behind those of HTTP, and be run.
    """
    if begin.startswith(_TLS):
        return "TLS"
    if _HTTP.match(begin):
        return "HTTP"
    is_told = len(begin) >= ENOUGH or b"\n" in begin or b"\r" in begin
    return "" if is_told else None
