"""Pika's connection and channel, quicker with what each command needs: messages, confirmations, and
the barrier behind an acknowledgement.

Pika looks each method up in a table of callbacks by its name, at more cost than to decode it, and
asks nothing more on a channel until it has the answer. What is not dealt with here is pika's own.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from pika import spec
from pika.channel import Channel
from pika.connection import Connection

from pychron_comms.broker import frames


class PromptChannel(Channel):
    """Several barriers may be under way at once: the broker answers in their order."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._confirmed: Callable[[Any], object] | None = None
        self._barriers: deque[Callable[[Any], object] | None] = deque()

    def confirm_delivery(self, ack_nack_callback: Any, callback: Any = None) -> None:
        super().confirm_delivery(ack_nack_callback, callback)
        self._confirmed = ack_nack_callback

    def basic_qos(
        self,
        prefetch_size: int = 0,
        prefetch_count: int = 0,
        global_qos: bool = False,
        callback: Callable[[Any], object] | None = None,
    ) -> None:
        self._raise_if_not_open()
        self._send_method(spec.Basic.Qos(prefetch_size, prefetch_count, global_qos))
        self._barriers.append(callback)

    def took(self, value: Any) -> bool:
        """Deal with a frame; False for one that is pika's affair."""
        if value.frame_type != spec.FRAME_METHOD:
            self._handle_content_frame(value)
            return True
        method = value.method
        if isinstance(method, spec.Basic.Deliver):
            self._handle_content_frame(value)
        elif isinstance(method, spec.Basic.Ack | spec.Basic.Nack) and self._confirmed is not None:
            self._confirmed(value)
        elif isinstance(method, spec.Basic.QosOk) and self._barriers:
            seen = self._barriers.popleft()
            if seen is not None:
                seen(value)
        else:
            return False
        return True


class PromptConnection(Connection):
    """What it writes at once goes to the transport at once."""

    def _create_channel(self, channel_number: int, on_open_callback: Any) -> Channel:
        return PromptChannel(self, channel_number, on_open_callback)

    def _send_message(self, channel_number: int, method_frame: Any, content: Any) -> None:
        if not isinstance(method_frame, spec.Basic.Publish):
            super()._send_message(channel_number, method_frame, content)
            return
        properties, body = content
        most = self._body_max_length
        written = frames.publication(channel_number, method_frame, properties, body, most)
        self._output_marshaled_frames([written])

    def _output_marshaled_frames(self, marshaled_frames: Sequence[bytes]) -> None:
        # A message has three, which pika would write one by one.
        super()._output_marshaled_frames([b"".join(marshaled_frames)])

    def _read_frame(self) -> tuple[int, Any]:
        return frames.read(self._frame_buffer)

    def _process_frame(self, frame_value: Any) -> None:
        channel = self._channels.get(frame_value.channel_number)
        if isinstance(channel, PromptChannel) and channel.took(frame_value):
            self.frames_received += 1
        else:
            super()._process_frame(frame_value)
