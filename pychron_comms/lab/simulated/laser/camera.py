"""The camera over a laser's stage: light, snapshots, recordings."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence

from pychron_comms.interfaces import Snapshot

_SIZE = 16


class Camera:
    """Sees a bright sample on a darker stage; the light decides how bright.

    Snapshots are named as lying below ``local`` on this computer and below ``shared`` for others;
    no file is written.
    """

    def __init__(self, local: str, shared: str) -> None:
        self.light = 0.0
        self.recording = ""
        self._local = local
        self._shared = shared

    def snapshot(self, name: str, extension: str) -> Snapshot:
        """The present image, a PNG of a few hundred bytes whatever its extension."""
        file = f"{name}.{extension.lstrip('.')}"
        return Snapshot(f"{self._local}/{file}", f"{self._shared}/{file}", grey_png(self._rows()))

    def start_recording(self, name: str) -> None:
        """Begin a recording; another one that runs ends."""
        self.recording = name

    def stop_recording(self) -> None:
        self.recording = ""

    def _rows(self) -> list[bytes]:
        centre = (_SIZE - 1) / 2
        stage = 20 + self.light
        return [
            bytes(
                int(2 * stage if (x - centre) ** 2 + (y - centre) ** 2 < centre**2 / 2 else stage)
                for x in range(_SIZE)
            )
            for y in range(_SIZE)
        ]


def grey_png(rows: Sequence[bytes]) -> bytes:
    """A PNG of rows of pixels, 0 black to 255 white."""
    header = struct.pack(">IIBBBBB", len(rows[0]), len(rows), 8, 0, 0, 0, 0)
    pixels = zlib.compress(b"".join(b"\0" + row for row in rows))
    chunks = ((b"IHDR", header), (b"IDAT", pixels), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
