"""Which brokers are good enough."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

#: The first RabbitMQ whose quorum queues let messages expire; Debian 12 has 3.10.8.
OLDEST = (3, 10)


def check_product(properties: Mapping[str, Any]) -> None:
    """Raises ValueError, which says why, for a broker that cannot keep our promises."""
    product = str(properties.get("product", "something without a name"))
    version = str(properties.get("version", ""))
    numbers = re.match(r"(\d+)\.(\d+)", version)
    if product != "RabbitMQ" or numbers is None:
        raise ValueError(f"it is {product} {version}, and RabbitMQ is wanted".replace("  ", " "))
    if (int(numbers[1]), int(numbers[2])) < OLDEST:
        oldest = ".".join(map(str, OLDEST))
        raise ValueError(f"it is RabbitMQ {version}, and {oldest} or newer is wanted")
