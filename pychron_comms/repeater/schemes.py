"""The repeater for an address: a table from what the address begins with to who makes it.

Another way to a processor is one more row, and a module of its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from pychron_comms.observability.metrics import Histogram, Metrics
from pychron_comms.repeater.endpoint import CommandRepeater
from pychron_comms.safeguards.fence import unstopped
from pychron_comms.transport.broker_strings import need_pika, parse_broker
from pychron_comms.transport.cork import Cork
from pychron_comms.transport.endpoints import client_endpoint

if TYPE_CHECKING:
    from pychron_comms.broker.repeater import BrokerRepeater

    #: Those that keep their way to a processor by themselves.
    KeptRepeater = CommandRepeater | BrokerRepeater

#: Makes the repeater to an address, for a reactor, the cork of the process and its numbers. Raises
#: ValueError for an address that is none.
Scheme = Callable[[str, Any, Cork, Metrics], "KeptRepeater"]

_LOOPBACK = re.compile(r"tcp:(host=)?(127\.0\.0\.1|localhost):")


def over_stream(
    address: str,
    reactor: Any,
    cork: Cork,
    metrics: Metrics,
    is_near: Callable[[str], bool] = lambda address: False,
) -> CommandRepeater:
    """Over one connection to a client endpoint string.

    ``is_near`` tells whether it leads to this computer, where both ends have one clock.
    """
    endpoint = client_endpoint(address, reactor)
    return CommandRepeater(
        endpoint,
        address,
        reactor,
        is_near=is_near(address),
        cork=cork,
        hop=_hop(metrics, address),
    )


def by_broker(address: str, reactor: Any, cork: Cork, metrics: Metrics) -> BrokerRepeater:
    """By way of a broker, to whichever processor owns the hardware."""
    broker = parse_broker(address)
    need_pika(address)
    from pychron_comms.broker.figures import BrokerFigures  # noqa: PLC0415
    from pychron_comms.broker.repeater import BrokerRepeater  # noqa: PLC0415

    figures = BrokerFigures(metrics, unstopped, processor=address)
    return BrokerRepeater(broker, reactor, figures, cork, hop=_hop(metrics, address))


def _hop(metrics: Metrics, address: str) -> Histogram:
    return metrics.histogram(
        "pychron_comms_hop_seconds",
        "From a command that leaves for a processor to its reply.",
        processor=address,
    )


SCHEMES: Mapping[str, Scheme] = {
    "amqp": by_broker,
    "amqps": by_broker,
    "unix": partial(over_stream, is_near=lambda address: True),
    "tcp": partial(over_stream, is_near=lambda address: bool(_LOOPBACK.match(address))),
}


def repeater_to(address: str, reactor: Any, cork: Cork, metrics: Metrics) -> KeptRepeater:
    """Any client endpoint string will do that is not in the table. Raises ValueError."""
    scheme, _, _ = address.partition(":")
    return SCHEMES.get(scheme, over_stream)(address, reactor, cork, metrics)
