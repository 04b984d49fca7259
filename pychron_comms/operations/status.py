"""``pychron-lab status``: whether both processes run, and what they say of themselves."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Protocol

from pychron_comms.client.communicator import Communicator
from pychron_comms.client.outcome import ClientError
from pychron_comms.client.reaching import laboratory_at
from pychron_comms.config.here import LINES, QTEGRA
from pychron_comms.errors import (
    AnotherLaboratoryError,
    CommandError,
    ManagerUnavailableError,
    PychronCommunicationError,
)
from pychron_comms.operations.findings import BROKEN, GOOD, SEE_WHICH, WARNING, Finding
from pychron_comms.operations.laboratory import PATIENCE, Laboratory
from pychron_comms.operations.route_health import Look, healthz, route_findings
from pychron_comms.operations.state_health import Told, state_findings, told_now
from pychron_comms.server.settings import ServerSettings
from pychron_comms.transport.tls.reading import read_certificates

_START_SERVER = (
    "pychron-lab run, or systemctl start pychron-server; pychron-lab doctor says what is in its way"
)
_START_PROCESSOR = (
    "systemctl start pychron-processor; pychron-lab run, where it runs, starts one by itself"
)
#: What a server's reply begins with where it runs and its processor does not.
_NO_PROCESSOR = "the server answers, and its processor does not: "

#: And where it is not the one that was asked for.
_ANOTHER = "the laboratory of this file does not run there: "

_NO_HARDWARE = "answers, but the laboratory has no hardware for it"

#: Days before its end in which a certificate is to be renewed.
RENEW = 30


class Asks(Protocol):
    def ask(self, command: str) -> str: ...

    def close(self) -> None: ...


def communicator(endpoint: str, form: str, file: Path | None = None) -> Asks:
    """One that asks in this form, for this file's laboratory. ValueError for no endpoint."""
    meant = laboratory_at(endpoint, file) if file else ""
    return Communicator(endpoint, timeout=PATIENCE, form=form, laboratory=meant)


def status(
    laboratory: Laboratory,
    now: datetime | None = None,
    connect: Callable[[str, str], Asks] | None = None,
    look: Look = healthz,
    told: Told = told_now,
) -> list[Finding]:
    """What is found by asking; nothing is moved."""
    connect = connect or partial(communicator, file=laboratory.file)
    servers = _as_one([*_server(laboratory, connect)])
    # How another laboratory is, nobody has asked.
    is_own = all(each.mend != SEE_WHICH for each in servers)
    return [
        *servers,
        *(route_findings(laboratory.page, look) if is_own else ()),
        *_processor(laboratory, connect),
        *(state_findings(laboratory, told) if is_own else ()),
        *_leases(laboratory, connect),
        *_journal(laboratory),
        *_certificates(laboratory, now or datetime.now(UTC)),
    ]


def _server(laboratory: Laboratory, connect: Callable[[str, str], Asks]) -> Iterator[Finding]:
    asked = False
    is_named = laboratory.server.listeners != ServerSettings().listeners
    for kind, (question, is_well) in _QUESTIONS.items():
        for request_type, endpoint in laboratory.server_endpoints(kind):
            asked = True
            subject = f"server, {request_type} at {endpoint}"
            reply, error = _ask(connect, endpoint, question, _FORMS[kind])
            if error:
                mend = _START_PROCESSOR if error.startswith(_NO_PROCESSOR) else _START_SERVER
                mend = SEE_WHICH if error.startswith(_ANOTHER) else mend
                yield Finding(subject, BROKEN, error, mend)
            elif is_well(reply):
                yield Finding(subject, GOOD, "answers, and its processor too")
            else:
                # Nobody has asked for the listeners that are there where the file names none.
                as_meant = reply.startswith(_NO_HARDWARE) and not is_named
                yield Finding(subject, GOOD if as_meant else WARNING, reply)
    if not asked:
        yield Finding("server", WARNING, "no listener that can be asked from here without TLS")


def _as_one(found: list[Finding]) -> list[Finding]:
    """One finding where something is wrong with each of several listeners, and the same.

    Another laboratory's has no others: one that speaks as Qtegra cannot tell whose it is.
    """
    other = next((each for each in found if each.mend == SEE_WHICH), None)
    if other is not None:
        return [replace(other, subject="server")]
    if len({each.text for each in found}) > 1 or len(found) < 2 or found[0].state != BROKEN:
        return found
    text, mend = found[0].text, found[0].mend
    if mend == _START_SERVER:
        text = f"none of its {len(found)} listeners answers: {text}"
    return [Finding("server", BROKEN, text, mend)]


def _is_number(reply: str) -> bool:
    try:
        float(reply)
    except ValueError:
        return False
    return True


#: What each kind of listener is asked, which moves nothing, and what a good reply is like.
_QUESTIONS: dict[str, tuple[str, Callable[[str], bool]]] = {
    LINES: ("PychronReady", "OK".__eq__),
    QTEGRA: ("GetIntegrationTime", _is_number),
}


#: Only a question with tags says which laboratory is meant.
_FORMS = {LINES: "tagged", QTEGRA: "plain"}


def _processor(laboratory: Laboratory, connect: Callable[[str, str], Asks]) -> Iterator[Finding]:
    ways = {"processor": laboratory.processor_endpoint()}
    ways |= {f"processor of {name}": way for name, way in laboratory.server.routes.items()}
    ways |= {f"standby of {name}": way for name, way in laboratory.server.standbys.items()}
    for subject, endpoint in ways.items():
        if not endpoint:
            continue
        if endpoint.split(":")[0] not in {"tcp", "unix", "tls"}:
            yield Finding(subject, WARNING, f"{endpoint} cannot be asked from here")
            continue
        reply, error = _ask(connect, endpoint, "Metrics", "tagged")
        if error:
            yield Finding(subject, BROKEN, f"{endpoint}: {error}", _START_PROCESSOR)
        else:
            yield Finding(subject, GOOD, f"answers at {endpoint}{_queues(reply)}")


def _queues(metrics: str) -> str:
    """What waits in the queues, as far as it is told."""
    lines = [line for line in metrics.replace("\\n", "\n").splitlines() if "queue" in line]
    waiting = [line for line in lines if line[0] != "#" and not line.endswith((" 0", " 0.0"))]
    return f"; {'; '.join(waiting)}" if waiting else ""


def _leases(laboratory: Laboratory, connect: Callable[[str, str], Asks]) -> Iterator[Finding]:
    for request_type, endpoint in laboratory.server_endpoints():
        if request_type == "*":
            continue
        reply, error = _ask(connect, endpoint, "Owners", "tagged")
        if error:
            return
        try:
            leases = json.loads(reply)
        except ValueError:
            yield Finding("leases", WARNING, reply)
            return
        told = ", ".join(_lease(each) for each in leases) or "none"
        yield Finding("leases", GOOD, told)
        return


def _lease(lease: object) -> str:
    if isinstance(lease, dict):
        return " ".join(f"{name}={value}" for name, value in lease.items())
    return str(lease)


def _journal(laboratory: Laboratory) -> Iterator[Finding]:
    settings = laboratory.processor.journal
    if laboratory.file is None:
        text = "pychron-lab run writes one of the built-in laboratory, which is gone with it"
        yield Finding("journal", GOOD, text)
        return
    if laboratory.is_servers_alone:
        yield Finding("journal", GOOD, "is the processor's, and in its own file")
        return
    if settings is None:
        yield Finding(
            "journal", WARNING, "nothing is written down", '[journal] with file = "lab.journal"'
        )
        return
    file = Path(settings.file)
    try:
        size = file.stat().st_size
    except OSError as error:
        yield Finding("journal", WARNING, f"{file}: {error.strerror}; it is made at the start")
        return
    yield Finding("journal", GOOD, f"{file}: {size / 1e6:.1f} MB")


def _certificates(laboratory: Laboratory, now: datetime) -> Iterator[Finding]:
    for file in certificate_files(laboratory):
        try:
            ends = min(each.not_valid_after_utc for each in read_certificates(file))
        except (OSError, ValueError) as error:
            yield Finding("certificate", BROKEN, str(error))
            continue
        days = (ends - now).days
        state = BROKEN if days < 0 else WARNING if days < RENEW else GOOD
        mend = f"pychron-certs renew {file.parent}" if state != GOOD else ""
        yield Finding("certificate", state, f"{file}: {days} days left", mend)


def certificate_files(laboratory: Laboratory) -> list[Path]:
    """The files of certificates that the endpoint strings of a laboratory name."""
    texts = [text for listener in laboratory.server.listeners for text in listener.listen]
    texts += [*laboratory.processor.listen, laboratory.server.processor]
    texts += laboratory.server.routes.values()
    options = (part.partition("=") for text in texts for part in text.split(":"))
    return list(dict.fromkeys(Path(value) for key, _, value in options if key == "certificate"))


def _ask(
    connect: Callable[[str, str], Asks], endpoint: str, command: str, form: str = "plain"
) -> tuple[str, str]:
    """The reply, or why there is none. What is long is asked with tags: it is told as a whole."""
    try:
        asks = connect(endpoint, form)
    except (ValueError, OSError) as error:
        return "", str(error)
    try:
        return asks.ask(command), ""
    except ClientError as error:
        return "", error.why
    except AnotherLaboratoryError as error:
        return "", f"{_ANOTHER}{error}"
    except CommandError as error:
        if error.code == ManagerUnavailableError.code:
            return f"{_NO_HARDWARE}: {error}", ""
        no_processor = error.code == PychronCommunicationError.code
        return "", f"{_NO_PROCESSOR}{error}" if no_processor else str(error)
    finally:
        asks.close()
