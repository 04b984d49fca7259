"""What has come over a wire: whole answers of it, and what nobody has asked for. No I/O."""

from __future__ import annotations

from pychron_comms.instruments.description import Wire
from pychron_comms.instruments.framing import Ends
from pychron_comms.instruments.modbus.frames import Answer, Frames
from pychron_comms.instruments.pattern import GarbledError

#: Bytes that an answer may have whose size is not described.
LONGEST_ANSWER = 4096

#: Lines that an instrument may say by itself at once: more would keep all others waiting.
MOST_LINES = 256

#: What some instruments add behind their line's end; it is no answer to anything.
_BLANKS = b" \r\n\0"


class Incoming:
    """The bytes that have come and have not been taken."""

    def __init__(self, wire: Wire) -> None:
        #: How often something came that was the answer to nothing.
        self.unasked = 0
        self._wire = wire
        self._came = b""

    def __bool__(self) -> bool:
        return bool(self._came)

    def add(self, data: bytes) -> None:
        self._came += data

    def forget(self) -> None:
        self._came = b""

    def answer(self, ends: Ends | Answer) -> bytes | None:
        """The answer that is waited for; None while it is not whole.

        GarbledError for one that is too long, or that has more behind it: that may be half of an
        answer, or the one to an earlier question.
        """
        if isinstance(ends, Answer):
            return self._message(ends)
        longest = max(LONGEST_ANSWER, ends.size)
        start = 0
        for _ in range(MOST_LINES):
            found = ends.find(self._came, start)
            if found is None or found[0] - start > longest:
                break
            answer, start = self._came[start : found[0]], found[1]
            if not self._wire.unasked(answer):
                self._came = self._came[start:]
                if not self.pass_over(b"" if ends.size else _BLANKS):
                    raise GarbledError("more came than one answer")
                return answer
        else:
            raise GarbledError(f"more than {MOST_LINES} lines by itself")
        self._came = self._came[start:]
        if len(self._came) > longest:
            raise GarbledError(f"more than {longest} bytes")
        return None

    def pass_over(self, blanks: bytes = _BLANKS) -> bool:
        """Drop what was not asked for; False where it should not have come."""
        frames = self._wire.frames
        if frames is not None:
            return self._pass_over_frames(frames)
        came, self._came = self._came, b""
        if not self._wire.speaks:
            strange = bool(came.strip(blanks))
        else:
            end = self._wire.steps[-1].ends.line or b"\n"
            *lines, rest = came.split(end, MOST_LINES)
            strange = any(each.strip(blanks) and not self._wire.unasked(each) for each in lines)
            if end in rest or len(rest) > LONGEST_ANSWER:
                strange = True
            else:
                # The beginning of what it says by itself.
                self._came = rest
        self.unasked += strange
        return not strange

    def _message(self, expected: Answer) -> bytes | None:
        """As ``answer``, over Modbus: those to other questions are passed over."""
        if len(self._came) > LONGEST_ANSWER:
            raise GarbledError(f"more than {LONGEST_ANSWER} bytes")
        while (cut := expected.cut(self._came)) is not None:
            message, self._came = cut
            if message is None:
                self.unasked += 1
                continue
            if not self.pass_over():
                raise GarbledError("more came than one answer")
            return message
        return None

    def _pass_over_frames(self, frames: Frames) -> bool:
        """The numbered answer to a question that was given up is nothing strange."""
        if frames.numbered and len(self._came) <= LONGEST_ANSWER:
            try:
                for _, rest in frames.frames(self._came):
                    self._came = rest
                    self.unasked += 1
                return True
            except GarbledError:
                pass
        strange = bool(self._came)
        self._came = b""
        self.unasked += strange
        return not strange
