"""Both communicators against our own server, against originals, and against bad ones."""

from __future__ import annotations

import signal
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import pytest_twisted
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.threads import deferToThread

from pychron_comms.client.communicator import Communicator
from pychron_comms.client.deferred import DeferredCommunicator
from pychron_comms.client.outcome import (
    BadReplyError,
    ClientError,
    NoReplyError,
    NotSentError,
    ReplyTimeoutError,
)
from pychron_comms.client.settling import Outcome
from pychron_comms.errors import InvalidCommandError, ValveSoftwareLockError
from tests.integration.laboratories import (
    ANY_PORT,
    Laboratory,
    server_address,
    start_server,
)
from tests.integration.other_servers import (
    Answer,
    OtherServer,
    command_of,
    make_context,
    tag_of,
)
from tests.integration.processes import PATIENCE, Processes, wait_until

ASK = Path(sys.executable).with_name("pychron-ask")

Serving = Callable[..., OtherServer]

#: Asks one command and waits for its reply, by either communicator.
Ask = Callable[..., Deferred[str]]
Asking = Callable[..., Ask]

on_every_transport = pytest.mark.parametrize("kind", ["tcp", "udp", "unix", "tls"])
in_both_forms = pytest.mark.parametrize("form", ["plain", "tagged"])


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serving]:
    """Starts servers that end with the test."""
    servers: list[OtherServer] = []

    def started(kind: str, answer: Answer, closes: bool = False) -> OtherServer:
        server = OtherServer(kind, answer, tmp_path, closes)
        servers.append(server)
        return server

    yield started
    for server in servers:
        server.close()


@pytest.fixture(params=["blocking", "deferred"])
def asking(request: pytest.FixtureRequest, reactor: Any) -> Iterator[Asking]:
    """Makes communicators of either kind, the blocking one asked from a thread."""
    made: list[Any] = []

    def asker(endpoint: str, **arguments: Any) -> Ask:
        if request.param == "deferred":
            deferred = DeferredCommunicator(endpoint, reactor, **arguments)
            made.append(deferred)
            return deferred.ask
        blocking = Communicator(endpoint, **arguments)
        made.append(blocking)
        return lambda *command: deferToThread(blocking.ask, *command)

    yield asker
    for each in made:
        closed = each.close()
        if closed is not None:
            pytest_twisted.blockon(closed)


async def failure_of(reply: Deferred[str], kind: type[ClientError]) -> ClientError:
    with pytest.raises(kind) as caught:
        await reply
    return caught.value


def echo(line: str) -> Iterable[tuple[float, bytes]]:
    """The command itself, with the number where there is one."""
    yield 0, f"{tag_of(line)}{command_of(line)}\r\n".encode()


def original(line: str) -> Iterable[tuple[float, bytes]]:
    """Knows no tags and writes no terminator."""
    yield 0, b"Error: Invalid Command" if line.startswith("@") else line.encode()


def endpoint_of(address: object) -> str:
    assert isinstance(address, tuple)
    return f"tcp:{address[0]}:{address[1]}"


# -- our own server


@pytest.mark.parametrize("laboratory", ["unix", "nothing"], indirect=True, scope="module")
@pytest_twisted.ensureDeferred
async def test_our_server_is_asked_with_tags(laboratory: Laboratory, asking: Asking) -> None:
    ask = asking(endpoint_of(laboratory.system))

    assert await ask("Open A") == "OK"
    assert await ask("GetIndicatorState A") == "True"
    assert await ask("Close A") == "OK"
    with pytest.raises(ValveSoftwareLockError):
        await ask("Open E")


@pytest.mark.parametrize("laboratory", ["unix", "nothing"], indirect=True, scope="module")
def test_our_server_runs_a_key_once_and_tells_its_outcome(laboratory: Laboratory) -> None:
    key = f"test-{uuid4().hex}"
    with Communicator(endpoint_of(laboratory.system)) as asker:
        assert asker.outcome(key) == Outcome("never seen")
        assert asker.ask("Open A", key=key) == "OK"
        assert asker.ask("Close A") == "OK"
        assert asker.ask("Open A", key=key) == "OK"
        assert asker.ask("GetValveState A") == "False"
        assert asker.outcome(key) == Outcome("done", "OK")
        error = ReplyTimeoutError(endpoint_of(laboratory.system), "Open A", "no reply", key)
        assert asker.settle(error) == "OK"
    with Communicator(endpoint_of(laboratory.open)) as asker:
        assert asker.outcome(key, "System") == Outcome("done", "OK")


@pytest.mark.parametrize("laboratory", ["unix", "nothing"], indirect=True, scope="module")
def test_our_server_leases_for_as_long_as_a_block_runs(laboratory: Laboratory) -> None:
    with Communicator(endpoint_of(laboratory.system)) as asker:
        asker.check("Open A")
        with pytest.raises(InvalidCommandError):
            asker.check("Opne A")
        with asker.lease("A", 3.0) as lease:
            (first,) = asker.owners()
            wait_until(lambda: asker.owners()[0].until != first.until, "a renewal")
            lease.check()
            (renewed,) = asker.owners()
            assert (renewed.since, renewed.owner) == (first.since, first.owner)
            assert asker.ask("Open A") == "OK"
        assert asker.owners() == []


@pytest_twisted.ensureDeferred
async def test_our_server_over_udp_and_by_type(laboratory: Laboratory, asking: Asking) -> None:
    udp = endpoint_of(laboratory.system_udp).replace("tcp", "udp")
    open_to_all = endpoint_of(laboratory.open)

    assert await asking(udp)("Open B") == "OK"
    assert await asking(open_to_all, request_type="System")("GetIndicatorState B") == "True"
    assert await asking(open_to_all, request_type="CO2")("GetSampleHolder") == "221-hole"
    assert await asking(udp, form="plain")("Close B") == "OK"


@pytest_twisted.ensureDeferred
async def test_many_at_once(laboratory: Laboratory, asking: Asking) -> None:
    ask = asking(endpoint_of(laboratory.open), request_type="test", timeout=10.0)

    replies = await gatherResults([ask(f"command {number}") for number in range(50)])

    assert replies == [f"command {number}" for number in range(50)]


@pytest_twisted.ensureDeferred
async def test_frames_of_our_server(processes: Processes, asking: Asking) -> None:
    file = processes.folder / "lab.toml"
    file.write_text(
        f'[[server.listener]]\ntype = "System"\nlisten = ["{ANY_PORT}"]\nframe = "L4,-,C4"\n'
    )
    server = processes.twistd("pychron-server", "--config", str(file))

    ask = asking(endpoint_of(server_address(server)), frame="L4,-,C4")

    assert await ask("PychronReady") == "OK"


@pytest_twisted.ensureDeferred
async def test_a_killed_server_is_found_again_by_the_next_ask(
    processes: Processes, asking: Asking
) -> None:
    first = start_server(processes, f"test={ANY_PORT}")
    host, port = server_address(first, "test")
    ask = asking(f"tcp:{host}:{port}")
    assert await ask("one") == "one"

    await deferToThread(first.kill)
    error = await failure_of(ask("lost"), NotSentError)
    assert f"tcp:{host}:{port}" in str(error)
    again = start_server(processes, f"test=tcp:{port}:interface={host}")
    await deferToThread(again.wait_for, "starting on")

    assert await ask("two") == "two"


# -- a late reply


@on_every_transport
@in_both_forms
@pytest_twisted.ensureDeferred
async def test_a_late_reply_is_never_the_next_ones(
    serve: Serving, asking: Asking, kind: str, form: str
) -> None:
    second_answered = threading.Event()

    def late(line: str) -> Iterable[tuple[float, bytes]]:
        if command_of(line) == "first":
            second_answered.wait(PATIENCE)
        yield 0, f"{tag_of(line)}{command_of(line)}\r\n".encode()

    server = serve(kind, late)
    ask = asking(server.endpoint, form=form, timeout=10.0)

    # What it takes to connect is no part of the patience with a reply.
    assert await ask("hello") == "hello"
    error = await failure_of(ask("first", 1.0), ReplyTimeoutError)
    assert "outcome unknown of 'first', sent to" in str(error)
    assert await ask("second") == "second"
    second_answered.set()
    await deferToThread(wait_until, lambda: "first" in server.answered, "the late reply")
    assert await ask("third") == "third"
    assert server.commands == ["hello", "first", "second", "third"]


# -- originals


@pytest_twisted.ensureDeferred
async def test_an_original_that_closes_after_each_reply_loses_no_command(
    serve: Serving, asking: Asking
) -> None:
    server = serve("tcp", original, closes=True)
    ask = asking(server.endpoint)

    assert [await ask(f"Cmd{number}") for number in range(6)] == [f"Cmd{n}" for n in range(6)]
    assert server.commands == ["PychronReady", *(f"Cmd{number}" for number in range(6))]


@on_every_transport
@pytest_twisted.ensureDeferred
async def test_an_original_that_keeps_its_connections(
    serve: Serving, asking: Asking, kind: str
) -> None:
    ask = asking(serve(kind, original).endpoint)

    assert [await ask("Open A"), await ask("Open B")] == ["Open A", "Open B"]


@on_every_transport
@pytest_twisted.ensureDeferred
async def test_a_server_of_ours_on_every_transport(
    serve: Serving, asking: Asking, kind: str
) -> None:
    ask = asking(serve(kind, echo).endpoint)

    assert [await ask("Open A"), await ask("Open B")] == ["Open A", "Open B"]


# -- bad ones


@in_both_forms
@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (None, (ReplyTimeoutError, "no reply within 0.3 s")),
        (b"\xff\xfe\x00garbage\r\n", (BadReplyError, "garbage")),
    ],
    ids=["silence", "garbage"],
)
@pytest_twisted.ensureDeferred
async def test_what_is_no_reply(
    serve: Serving, asking: Asking, form: str, reply: bytes | None, expected: tuple[Any, str]
) -> None:
    kind, why = expected
    server = serve("tcp", lambda line: [] if reply is None else [(0, reply)])
    timeout = 0.3 if reply is None else 10.0

    error = await failure_of(asking(server.endpoint, form=form, timeout=timeout)("Open A"), kind)

    assert why in str(error)
    assert (error.server, error.command) == (server.endpoint, "Open A")
    # Its thread may have stood still for longer than the client waits.
    wait_until(lambda: server.commands == ["Open A"], "the command, once")


@pytest_twisted.ensureDeferred
async def test_a_reply_without_an_end(serve: Serving, asking: Asking) -> None:
    """With tags: without, what had come until 50 ms of silence would be taken for the whole."""
    server = serve("tcp", lambda line: [(0, tag_of(line).encode() + b"x" * 16 * 1024 * 1024)])

    error = await failure_of(asking(server.endpoint, form="tagged")("Open A"), BadReplyError)

    assert "a reply of more than 8388608 bytes" in str(error)


@pytest_twisted.ensureDeferred
async def test_a_server_that_answers_twice(serve: Serving, asking: Asking) -> None:
    server = serve("tcp", lambda line: [(0, line.encode() + b"\r\nagain\r\n")])
    await failure_of(asking(server.endpoint, form="plain")("Open A"), BadReplyError)

    forms = ("plain", "tagged")
    was_read = {f"{form} {number}": threading.Event() for form in forms for number in range(5)}

    def twice(line: str) -> Iterable[tuple[float, bytes]]:
        yield from echo(line)
        # Both at once would be one chunk, and no reply.
        was_read[f"{form} {command_of(line)}"].wait(PATIENCE)
        yield 0, f"{tag_of(line)}again\r\n".encode()

    for form in forms:
        ask = asking(serve("tcp", twice).endpoint, form=form)
        for number in range(5):
            assert await ask(f"{number}") == f"{number}"
            was_read[f"{form} {number}"].set()


@pytest_twisted.ensureDeferred
async def test_a_reply_cut_by_the_end_of_the_connection(serve: Serving, asking: Asking) -> None:
    server = serve("tcp", lambda line: [(0, f"{tag_of(line)}Tr".encode())], closes=True)

    error = await failure_of(
        asking(server.endpoint, form="tagged")("GetValveState A"), NoReplyError
    )

    assert "GetValveState A" in str(error)


@pytest.mark.parametrize(
    "endpoint",
    ["tcp:nowhere.invalid:1067", "tcp:127.0.0.1:1", "udp:127.0.0.1:1", "unix:/nowhere/x.sock"],
)
@pytest_twisted.ensureDeferred
async def test_nobody_there(asking: Asking, endpoint: str) -> None:
    error = await failure_of(asking(endpoint)("Open A"), NotSentError)

    assert str(error).startswith(f"'Open A' was never sent to {endpoint}: ")


@pytest_twisted.ensureDeferred
async def test_tls_that_does_not_match_sends_nothing(serve: Serving, asking: Asking) -> None:
    secure, plain = serve("tls", echo), serve("tcp", echo)
    distrusted = secure.endpoint.partition(":trustRoots")[0]

    await failure_of(asking(distrusted)("Open A"), NotSentError)
    await failure_of(asking(plain.endpoint.replace("tcp", "tls"))("Open A"), NotSentError)
    await failure_of(asking(distrusted.replace("tls", "tcp"), form="plain")("Open A"), NoReplyError)
    assert secure.commands == []


class Certificates:
    """Those of a server and of a client; each is its own authority."""

    def __init__(self, folder: Path) -> None:
        self.server, self.client = folder / "server", folder / "client"
        for each in (self.server, self.client):
            each.mkdir()
            make_context(each)
            (each / "lab.key").chmod(0o600)

    @property
    def options(self) -> str:
        """What an endpoint string says of the client."""
        pem, key = self.client / "lab.pem", self.client / "lab.key"
        roots = self.server / "lab.pem"
        return f":certificate={pem}:privateKey={key}:trustRoots={roots}"

    def demand(self) -> ssl.SSLContext:
        """A server's context that takes this client alone."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.server / "lab.pem", self.server / "lab.key")
        context.load_verify_locations(self.client / "lab.pem")
        context.verify_mode = ssl.CERT_REQUIRED
        return context


@pytest.mark.parametrize("form", ["tagged", "auto"])
@pytest_twisted.ensureDeferred
async def test_a_server_may_demand_a_certificate(
    serve: Serving, asking: Asking, tmp_path: Path, form: str
) -> None:
    certificates = Certificates(tmp_path)
    secure = serve("tls", echo)
    secure._context = certificates.demand()
    where = secure.endpoint.partition(":trustRoots")[0]

    assert await asking(f"{where}{certificates.options}", form=form)("Open A") == "Open A"

    nobody = f"{where}:trustRoots={certificates.server}"
    await failure_of(asking(nobody, form=form)("Open B"), ClientError)
    assert "Open B" not in secure.commands


@pytest.mark.parametrize("how", [[], ["--plain"]])
def test_pychron_ask_shows_its_certificate(serve: Serving, tmp_path: Path, how: list[str]) -> None:
    certificates = Certificates(tmp_path)
    secure = serve("tls", echo)
    secure._context = certificates.demand()
    where = secure.endpoint.partition(":trustRoots")[0]
    asked = [ASK, *how, "-s", f"{where}{certificates.options}", "Open", "A"]

    done = subprocess.run(asked, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert (done.stdout, done.stderr, done.returncode) == ("Open A\n", "", 0)

    (certificates.client / "lab.key").chmod(0o644)
    done = subprocess.run(asked, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert (done.stdout, done.returncode) == ("", 2)
    assert "lab.key: others can read it" in done.stderr


def test_a_keyboard_interrupt_leaves_it_usable(serve: Serving) -> None:
    def slow(line: str) -> Iterable[tuple[float, bytes]]:
        yield 0.5 if command_of(line) == "first" else 0, next(iter(echo(line)))[1]

    for form in ("plain", "tagged"):
        server = serve("tcp", slow)
        with Communicator(server.endpoint, form=form, timeout=10) as asker:
            me = threading.get_ident()
            threading.Timer(0.1, signal.pthread_kill, (me, signal.SIGINT)).start()
            started = time.monotonic()
            with pytest.raises(KeyboardInterrupt):
                asker.ask("first")
            assert time.monotonic() - started < 5
            assert asker.ask("second") == "second"


def test_tell_and_threads(serve: Serving) -> None:
    for form in ("plain", "tagged"):
        server = serve("tcp", echo)
        with Communicator(server.endpoint, form=form) as asker:
            asker.tell("told")
            found: list[str] = []

            def ask(number: int, asker: Communicator = asker, found: list[str] = found) -> None:
                found.append(asker.ask(f"{number}"))

            threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert sorted(found) == [f"{number}" for number in range(8)]
