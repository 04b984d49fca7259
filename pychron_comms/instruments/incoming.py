"""What has come over a wire: whole answers of it, and what nobody has asked for. No I/O."""

from __future__ import annotations

from pychron_comms.instruments.description import Wire
from pychron_comms.instruments.framing import Ends
from pychron_comms.instruments.pattern import GarbledError

#: Bytes that an answer may have whose size is not described.
LONGEST_ANSWER = 4096

#: What some instruments add behind their line's end; it is no answer to anything.
_BLANKS = b" \r\n\0"


class Incoming:
    """The bytes that have come and have not been taken."""

    def __init__(self, wire: Wire) -> None:
        #: Lines that were the answer to nothing.
        self.unasked = 0
        self._wire = wire
        self._came = b""

    def __bool__(self) -> bool:
        return bool(self._came)

    def add(self, data: bytes) -> None:
        self._came += data

    def forget(self) -> None:
        self._came = b""

    def answer(self, ends: Ends) -> bytes | None:
        """The answer that is waited for; None while it is not whole.

        GarbledError for one that is too long, or that has more behind it: that may be half of an
        answer, or the one to an earlier question.
        """
        longest = max(LONGEST_ANSWER, ends.size)
        while (cut := ends.cut(self._came)) is not None and len(cut[0]) <= longest:
            answer, self._came = cut
            if self._wire.unasked(answer):
                continue
            if not self.pass_over(b"" if ends.size else _BLANKS):
                raise GarbledError("more came than one answer")
            return answer
        if len(self._came) > longest:
            raise GarbledError(f"more than {longest} bytes")
        return None

    def pass_over(self, blanks: bytes = _BLANKS) -> bool:
        """Drop what was not asked for; False where it should not have come."""
        *lines, rest = self._came.split(self._wire.steps[-1].ends.line or b"\n")
        self._came = b""
        if self._wire.speaks and len(rest) <= LONGEST_ANSWER:
            # The beginning of what it says by itself.
            self._came = rest
        else:
            lines.append(rest)
        strange = [each for each in lines if each.strip(blanks) and not self._wire.unasked(each)]
        self.unasked += len(strange)
        return not strange
