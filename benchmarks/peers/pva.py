"""EPICS pvAccess by p4p: the value of a process variable is got."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from benchmarks.peers import Say, Times
from benchmarks.peers.loads import Ask, in_threads

# Any: it is installed only for this.
client: Any = import_module("p4p.client.thread")
server: Any = import_module("p4p.server")
shared: Any = import_module("p4p.server.thread")
scalars: Any = import_module("p4p.nt")

_NAME = "valve:A"


def serve(say: Say) -> None:
    pv = shared.SharedPV(nt=scalars.NTScalar("s"), initial="False")
    conf = {"EPICS_PVAS_INTF_ADDR_LIST": "127.0.0.1", "EPICS_PVAS_SERVER_PORT": "0"}
    with server.Server(providers=[{_NAME: pv}], conf=conf, useenv=False) as running:
        found = running.conf()
        say(f"127.0.0.1:{found['EPICS_PVAS_SERVER_PORT']}")
        threading.Event().wait()


def load(address: str, clients: int, seconds: float) -> Times:
    conf = {
        "EPICS_PVA_NAME_SERVERS": address,
        "EPICS_PVA_ADDR_LIST": "",
        "EPICS_PVA_AUTO_ADDR_LIST": "NO",
    }

    @contextmanager
    def connected() -> Iterator[Ask]:
        with client.Context("pva", conf=conf, useenv=False) as context:
            yield lambda: context.get(_NAME)

    return in_threads(connected, clients, seconds)
