"""Whether the places where a laboratory listens are free, or its own already."""

from __future__ import annotations

import os
import socket
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from http.client import HTTPException
from pathlib import Path

from pychron_comms.client.command_line.which_laboratory import another_laboratory
from pychron_comms.client.communicator import Communicator
from pychron_comms.client.outcome import ClientError
from pychron_comms.client.reaching import connect_to, laboratory_at
from pychron_comms.config.here import QTEGRA
from pychron_comms.errors import CommandError
from pychron_comms.operations.findings import BROKEN, GOOD, SEE_WHICH, WARNING, Finding
from pychron_comms.operations.laboratory import Laboratory
from pychron_comms.process.platform import HERE
from pychron_comms.transport.addresses import Address, listener_address

#: Seconds that who holds a port has to say what it is.
PATIENCE = 1.0

#: What is asked of it; empty for HTTP.
_READY, _QTEGRA, _ECHO, _HTTP = "PychronReady", "GetIntegrationTime", "test|are you there", ""

#: How those begin whose clients show certificates.
_TLS = "tls:"

_RUNS = "a laboratory runs there: pychron-lab status says how it is"

_ANOTHER = "another laboratory runs there, not that of this file"

Answers = Callable[[str, str], bool]


def answers(listen: str, question: str) -> bool:
    """Whether a laboratory of ours answers where an endpoint string listens."""
    endpoint = connect_to(listen, ("tcp", "udp"))
    if not endpoint:
        return False
    if question == _HTTP:
        return _is_alive(endpoint.removeprefix("tcp:"))
    try:
        with Communicator(endpoint, timeout=PATIENCE, form="plain") as communicator:
            communicator.ask(question)
    except (ClientError, ValueError, OSError):
        return False
    except CommandError:
        return True  # An error with a number is an answer.
    return True


def _is_alive(place: str) -> bool:
    try:
        with urllib.request.urlopen(f"http://{place}/livez", timeout=PATIENCE) as reply:
            return bool(reply.status == 200)
    except (OSError, ValueError, HTTPException):
        return False


def taken(laboratory: Laboratory, answers: Answers = answers) -> list[Address]:
    """The ports of this laboratory's at which one runs already.

    One whose page alone is taken starts without it, as it always has: it is another laboratory.
    """
    return [
        address
        for text, question in _places(laboratory)
        if question != _HTTP
        and (address := _port_of(text))
        and _cannot_bind(address)
        and answers(text, question)
    ]


def _port_of(text: str) -> Address | None:
    try:
        address = listener_address(text)
    except ValueError:
        return None
    return None if address is None or address.network == "unix" else address


def serves_another(laboratory: Laboratory) -> bool:
    """Whether its ports are those of another laboratory that runs, as far as that tells."""
    file = laboratory.file
    return file is not None and any(
        meant and another_laboratory(endpoint, meant)
        for _type, endpoint in laboratory.server_endpoints()
        if (meant := laboratory_at(endpoint, file))
    )


def ports(
    laboratory: Laboratory,
    answers: Answers = answers,
    serves_another: Callable[[Laboratory], bool] = serves_another,
) -> list[Finding]:
    """What is found of each place; ``answers`` tells whether a laboratory is there already."""
    found = [*_each_port(laboratory, answers)]
    if any(each.text == _RUNS for each in found) and serves_another(laboratory):
        other = partial(replace, state=BROKEN, text=_ANOTHER, mend=SEE_WHICH)
        return [other(each) if each.text == _RUNS else each for each in found]
    return found


def _each_port(laboratory: Laboratory, answers: Answers) -> Iterator[Finding]:
    """A place that wants a certificate cannot be asked: it is the laboratory's own where others
    are."""
    own = False
    places = sorted(_places(laboratory), key=lambda place: place[0].startswith(_TLS))
    for text, question in places:
        try:
            address = listener_address(text)
        except ValueError as error:
            yield Finding(text, BROKEN, str(error), "edit it in the file")
            continue
        if address is not None:
            found = _port(text, question, address, answers)
            if found.text == _RUNS:
                own = True
            elif found.state == WARNING and own and text.startswith(_TLS):
                found = Finding(text, GOOD, _RUNS)
            yield found


def _places(laboratory: Laboratory) -> Iterator[tuple[str, str]]:
    """Each endpoint string, and what is asked of who is there."""
    for listener in laboratory.server.listeners:
        for text in listener.listen:
            yield text, _QTEGRA if listener.kind == QTEGRA else _READY
    if laboratory.server.processor:
        for text in laboratory.processor.listen:
            yield text, _ECHO
    for text in laboratory.http_listeners():
        yield text, _HTTP


def _port(text: str, question: str, address: Address, answers: Answers) -> Finding:
    if address.network == "unix":
        return _folder_of_socket(text, Path(address.place).parent)
    problem = _cannot_bind(address)
    if not problem:
        return Finding(text, GOOD, "free")
    if answers(text, question):
        return Finding(text, GOOD, _RUNS)
    mend = f"see who has it: sudo ss -lptun 'sport = :{address.place}'"
    return Finding(text, WARNING, problem, mend)


def _folder_of_socket(text: str, folder: Path) -> Finding:
    if not folder.is_dir() or os.access(folder, os.W_OK):
        return Finding(text, GOOD, "its folder is there, or is made at the start")
    return Finding(
        text,
        BROKEN,
        f"{folder} cannot be written by this account",
        f"sudo install -d -m 700 -o {os.environ.get('USER', 'ACCOUNT')} {folder}",
    )


def _cannot_bind(address: Address) -> str:
    kind = socket.SOCK_DGRAM if address.network == "udp" else socket.SOCK_STREAM
    host = address.interface.replace("\\:", ":")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, kind) as probe:
        if not HERE.is_windows and address.network != "udp":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, int(address.place)))
        except OSError as error:
            return error.strerror or str(error)
    return ""
