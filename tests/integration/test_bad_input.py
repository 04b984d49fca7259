"""What no client should send: each gets one clear answer, and nobody else notices."""

from __future__ import annotations

import random
import socket
import time

import pytest

from tests.integration.clients import Address, ConnectingClient, Wire
from tests.integration.laboratories import Laboratory
from tests.integration.processes import wait_until

LINE_LIMIT = 65536

#: Long enough for a segment to be read before the next one comes.
_A_MOMENT = 0.05


def state_of(laboratory: Laboratory, valve: str) -> str | None:
    return ConnectingClient(laboratory.system).ask(f"GetIndicatorState {valve}")


def test_a_command_split_over_many_segments_runs_once_and_whole(laboratory: Laboratory) -> None:
    with Wire(laboratory.system) as wire:
        for byte in b"GetValveState":
            wire.send(bytes([byte]))
        time.sleep(_A_MOMENT)
        wire.send(b" Flag")
        time.sleep(_A_MOMENT)
        wire.send(b"\r")

        (reply,) = wire.rest()
        assert reply.startswith("ERROR 005 : Flag is not a registered valve name")


def test_many_commands_in_one_segment_are_answered_in_order(laboratory: Laboratory) -> None:
    with Wire(laboratory.system) as wire:
        wire.send(b"Open B\rGetIndicatorState B\nBogus\r\n\r\nGetError\rGetBogus B\r\n")
        replies = wire.rest(5)

    assert [reply.partition(" (")[0] for reply in replies] == [
        "OK",
        "True",
        "ERROR 003 : invalid command: Bogus",
        "OK",
        "ERROR 003 : invalid command: GetBogus",
    ]
    assert ConnectingClient(laboratory.system).ask("Close B") == "OK"


def test_a_thousand_commands_in_one_segment_each_get_a_reply(laboratory: Laboratory) -> None:
    with Wire(laboratory.system) as wire:
        wire.send(b"GetValveState A\r" * 1000)

        assert wire.rest() == ["False"] * 1000


def test_a_line_end_split_by_a_pause_is_one_line_end(laboratory: Laboratory) -> None:
    with Wire(laboratory.system) as wire:
        wire.send(b"GetError\r")
        assert wire.line() == "OK"
        wire.send(b"\nGetValveState A\r")
        assert wire.line() == "False"

        assert wire.rest() == []


def test_empty_lines_are_nothing(laboratory: Laboratory) -> None:
    with Wire(laboratory.system) as wire:
        wire.send(b"\r\n\r\r\n\n  \t \nGetError\n\n")

        assert wire.rest() == ["OK"]


@pytest.mark.parametrize("half_closed", [True, False], ids=["half closed", "closed"])
def test_a_command_without_its_end_never_runs(laboratory: Laboratory, half_closed: bool) -> None:
    # Of another length each: what the log has said of a sender it does not repeat at once.
    line = b"Open C" if half_closed else b"Open  C"
    with Wire(laboratory.system) as wire:
        wire.send(line)
        if half_closed:
            assert wire.rest() == []

    told = f"dropped {len(line)} bytes of 127.0.0.1"
    wait_until(lambda: told in laboratory.server.log, "the log to tell of the dropped bytes")
    assert state_of(laboratory, "C") == "False"


def test_a_datagram_is_whole_by_nature(laboratory: Laboratory) -> None:
    assert isinstance(laboratory.system_udp, tuple)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as connection:
        connection.settimeout(10)
        connection.sendto(b"GetValveState A", laboratory.system_udp)

        assert connection.recv(4096) == b"False\r\n"


def test_a_line_past_the_limit_gets_one_error_and_the_next_one_its_reply(
    laboratory: Laboratory,
) -> None:
    with Wire(laboratory.system) as wire:
        wire.send(b"Open " + b"A" * LINE_LIMIT + b"\r\nGetError\r\n")

        assert wire.rest(2) == [f"ERROR 205 : line too long: more than {LINE_LIMIT} bytes", "OK"]


def test_an_endless_line_is_not_kept(laboratory: Laboratory) -> None:
    with Wire(laboratory.system) as wire:
        for _ in range(64):
            wire.send(b"x" * LINE_LIMIT)
        wire.send(b"\nGetError\n")

        assert wire.rest(2) == [f"ERROR 205 : line too long: more than {LINE_LIMIT} bytes", "OK"]


@pytest.mark.parametrize(
    ("line", "error"),
    [
        (b"Open\0 A", "ERROR 206 : malformed request: control character 0x00"),
        (b"\0Open A", "ERROR 206 : malformed request: control character 0x00"),
        (b"Open \x1b[A", "ERROR 206 : malformed request: control character 0x1b"),
        (b"Open \xc3\x28", "ERROR 206 : malformed request: not UTF-8 at byte 5"),
        (b'{"command": "Open", "name"', "ERROR 206 : malformed request: JSON"),
        (b'{"name": "A"}', 'ERROR 206 : malformed request: JSON: no "command"'),
        (b"[" * 20000, "ERROR 003 : invalid command: "),
        (b'{"command": ' + b"[" * 20000, "ERROR 206 : malformed request: JSON"),
        (b"@id Open A", "ERROR 206 : malformed request: tag without name or value: id"),
        (b"@id=7", "@id=7 ERROR 206 : malformed request: no command"),
        (b"@within=soon Open A", "ERROR 206 : malformed request: within=soon"),
        (b"Open", "ERROR 004 : invalid arguments: Open"),
        (b"Open A B C", "ERROR 004 : invalid arguments: Open A B C"),
        (b"GetPipetteCount \xe2\x98\x83", "ERROR 004 : invalid arguments: GetPipetteCount \u2603"),
    ],
)
def test_a_malformed_line_gets_one_error_and_costs_nothing_else(
    laboratory: Laboratory, line: bytes, error: str
) -> None:
    with Wire(laboratory.system) as wire:
        wire.send(line + b"\r\nGetError\r\n")
        replies = wire.rest(2)

    assert len(replies) == 2
    assert replies[0].startswith(error)
    assert replies[1] == "OK"
    assert state_of(laboratory, "A") == "False"


def test_telnet_negotiation_is_skipped(laboratory: Laboratory) -> None:
    with Wire(laboratory.system) as wire:
        wire.send(b"\xff\xfd\x03\xff\xfb\x18GetVal")
        wire.send(b"\xff\xfa\x18\x00vt100\xff\xf0veState A\r\0GetError\r\n")

        assert wire.rest() == ["False", "OK"]


def fill(connection: socket.socket, data: bytes, limit: int) -> int:
    """How many bytes are taken before the other side reads no further; ``limit`` at most."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.settimeout(0.5)
    taken = 0
    try:
        while taken < limit:
            taken += connection.send(data)
    except TimeoutError:
        pass
    return taken


def test_a_client_that_never_reads_is_read_no_further_and_delays_nobody(
    laboratory: Laboratory,
) -> None:
    limit = 64 * 1024 * 1024
    with Wire(laboratory.system) as deaf:
        assert fill(deaf.socket, b"Help\n" * 1000, limit) < limit

        started = time.monotonic()
        assert ConnectingClient(laboratory.system).ask("GetError") == "OK"
        assert time.monotonic() - started < 0.9


def test_a_half_closed_connection_still_gets_its_reply(laboratory: Laboratory) -> None:
    for attempt in laboratory.processes.attempts():
        with attempt, Wire(laboratory.system) as wire:
            wire.send(b"Open D\nGetIndicatorState D\n")
            assert wire.rest() == ["OK", "True"]
    assert ConnectingClient(laboratory.system).ask("Close D") == "OK"


@pytest.mark.parametrize(("room", "count"), [(32768, 100), (65536, 250)])
def test_a_half_closed_client_that_reads_late_gets_every_reply_and_the_end(
    laboratory: Laboratory, room: int, count: int
) -> None:
    with Wire(laboratory.system) as wire:
        wire.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
        wire.send(b"Describe\n" * count)
        wire.stop_sending()
        # It has something else to do, while the replies pile up.
        time.sleep(4 * _A_MOMENT)

        assert len(wire.rest()) == count


def test_a_client_that_resets_its_connection_costs_nobody_else_anything(
    laboratory: Laboratory,
) -> None:
    for _ in range(20):
        with Wire(laboratory.system) as wire:
            # A close that resets, as of a program that has crashed.
            wire.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            wire.send(b"GetValveStates\nHelp\n" * 20)

    assert state_of(laboratory, "A") == "False"


def garbage() -> bytes:
    # No line end by chance at the very end, where it would not count.
    return random.Random(7).randbytes(20000) + b"."


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\nHost: processor\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n",
        b"@id=1;from=10.0.0.7 System|\r\n",
        b"System\n|Open A\n",
        b"x" * (2 * LINE_LIMIT) + b"\n",
        garbage() + b"\n",
    ],
    ids=["http", "tls", "no command", "split type", "long line", "noise"],
)
@pytest.mark.parametrize("end", ["processor", "system"])
def test_garbage_gets_nothing_but_errors(laboratory: Laboratory, data: bytes, end: str) -> None:
    address: Address = getattr(laboratory, end)
    with Wire(address) as wire:
        wire.send(data)
        replies = wire.rest()

    assert replies
    assert all("ERROR " in reply for reply in replies), replies
    assert state_of(laboratory, "A") == "False"
