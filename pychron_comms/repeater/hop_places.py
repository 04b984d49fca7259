"""How many commands may wait on one connection to a processor, and whose."""

from __future__ import annotations

from pychron_comms.transport.places import (
    PENDING_LIMIT,
    PENDING_SHARE,
    SAFE_ASSURED,
    SAFE_LIMIT,
    SAFE_SHARE,
    Places,
)

#: Request types that have room for what makes safe each, so that those of a device that hangs leave
#: another's its own; further ones share one.
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
