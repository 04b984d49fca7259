"""A reply as the bytes that its client takes."""

from __future__ import annotations

from pychron_comms.errors import ReplyTooLongError, error_line
from pychron_comms.wire.frames import FrameFormat
from pychron_comms.wire.grammar import plain_reply, tagged_reply


def render(identifier: str, text: str | bytes, frame: FrameFormat | None = None) -> bytes:
    """A reply as bytes: tagged where the request was, framed where the listener says so.

    A text that is bytes already is as ``numbered_reply`` gives it.
    """
    if isinstance(text, bytes):
        if not identifier and frame is None:
            return text + b"\r\n"
        text = text.decode()
    if identifier:
        return tagged_reply(identifier, text)
    if frame is None:
        return plain_reply(text)
    body = text.encode(errors="replace")
    try:
        return frame.encode(body)
    except ValueError:
        return frame.encode(error_line(ReplyTooLongError(len(body), frame.most)).encode())
