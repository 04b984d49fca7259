"""Names of which there are few, for tables that are asked for each command."""

from __future__ import annotations

import enum


class IdentityEnum(enum.Enum):
    """Its members are hashed by what they are: ``enum.Enum`` hashes their names, in Python."""

    __hash__ = object.__hash__
