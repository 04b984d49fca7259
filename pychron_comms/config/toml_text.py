"""A text as TOML writes it."""

from __future__ import annotations


def toml_text(text: str) -> str:
    """Between double quotes. For texts without control characters."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
