"""What a line means that is asked again and again: looked up, and not worked out anew."""

from __future__ import annotations

from collections import deque
from typing import Generic, TypeVar

Meaning = TypeVar("Meaning")

#: Lines that are remembered, those of one sender among them, and the bytes of the longest.
LINES, SHARE, LONGEST = 1024, 256, 128


class LineTable(Generic[Meaning]):
    """From the words of a line, which are all but its tags, to their meaning.

    A laboratory polls the same hundred reads all day. The first two sights of one go the full way,
    and the second leaves its meaning here; from then on the way begins at the meaning, and is the
    same from there. What is asked once is not worth an entry: see ``seen_before``.

    **Where it is right:** for reads whose meaning depends on their words alone. Whatever depends on
    more is no part of a meaning and is looked at each time: the tags, who asks and what he may do
    (hosts, roles, the system lock), how late it is, how much is under way, whether the process
    stops, and which device has the name that the words say.

    **What ends an entry:** a processor that came back, since its commands may be other ones; the
    server then calls ``clear``. A new configuration and other routes come with a new process. A
    device that appears or goes ends none, being looked up each time.

    **Who can harm it:** nobody. There are ``lines`` entries of up to ``longest`` bytes. Who has his
    ``share`` loses his own oldest for a new one; where all are taken, he who has most loses one. A
    flood of ever new lines can only keep others from coming in while it lasts.
    """

    def __init__(self, lines: int = LINES, share: int = SHARE, longest: int = LONGEST) -> None:
        self._lines = lines
        self._share = share
        self._longest = longest
        self._meanings: dict[bytes, Meaning] = {}
        # The words by who brought them, his oldest first.
        self._brought: dict[str, deque[bytes]] = {}
        # Hashes of what was seen: since a while, and in the while before.
        self._seen: set[int] = set()
        self._seen_earlier: set[int] = set()
        #: The meaning of these words; None where it is not known.
        self.get = self._meanings.get

    def __len__(self) -> int:
        return len(self._meanings)

    def seen_before(self, *words: object) -> bool:
        """Whether the same were seen lately; now they are."""
        seen = hash(words)
        if seen in self._seen or seen in self._seen_earlier:
            return True
        if len(self._seen) >= self._lines:
            self._seen_earlier, self._seen = self._seen, set()
        self._seen.add(seen)
        return False

    def keep(self, words: bytes, meaning: Meaning, sender: str) -> None:
        """What ``sender`` asked has this meaning, whoever asks it next."""
        if len(words) > self._longest:
            return
        if words not in self._meanings:
            self._make_room(sender)
            self._brought.setdefault(sender, deque()).append(words)
        self._meanings[words] = meaning

    def clear(self) -> None:
        """Any line may mean something else from now on."""
        self._meanings.clear()
        self._brought.clear()

    def _make_room(self, sender: str) -> None:
        if len(self._brought.get(sender, ())) >= self._share:
            self._forget_oldest(sender)
        elif len(self._meanings) >= self._lines:
            self._forget_oldest(max(self._brought, key=lambda each: len(self._brought[each])))

    def _forget_oldest(self, sender: str) -> None:
        words = self._brought[sender]
        del self._meanings[words.popleft()]
        if not words:
            del self._brought[sender]
