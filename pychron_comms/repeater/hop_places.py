"""How many commands may wait on one connection to a processor, and whose."""

from __future__ import annotations

from pychron_comms.transport.places import Places

#: Commands of one connection that may wait for their replies, and those of one sender among them.
PENDING_LIMIT = 10_000
PENDING_SHARE = 2_500

#: The same for commands that make safe, of one request type: they have room of their own, and
#: those of a device that hangs leave another's its own.
SAFE_LIMIT = 2_000
SAFE_SHARE = 500

#: Of these, what each sender has, whatever the others do. There are no more senders than a server
#: takes connections, and its datagrams have a limit too.
SAFE_ASSURED = 8

#: Request types that have such room each; further ones share one.
SAFE_TYPES = 16


class HopPlaces:
    """The room of one connection: ``ordinary``, and some for what makes safe."""

    def __init__(self) -> None:
        self.ordinary = Places(PENDING_LIMIT, PENDING_SHARE)
        self._safe: dict[str, Places] = {}

    def safe(self, request_type: str) -> Places:
        """Those of that type; of one that is not known yet where there are many, a common one."""
        places = self._safe.get(request_type)
        if places is None:
            if len(self._safe) >= SAFE_TYPES - 1:
                request_type = ""
            places = self._safe.setdefault(
                request_type, Places(SAFE_LIMIT, SAFE_SHARE, SAFE_ASSURED)
            )
        return places
