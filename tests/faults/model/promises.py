"""What must hold after every history.

What a reply of "never begun" speaks of: a word of the gate (``GATE_CODES``) under a key speaks of
the command, whatever it was asked before; so does any such word where each earlier ask was answered
with such a word, too. Where an earlier ask had no answer or 201, the word is about the last ask
alone: 011 says that this one was never sent, 203 that there was no room for it.

Where a command may be run twice, all of it for want of a key:

- a plain client sends again, and something else has been done to the same device since: the copy
  looks like a wish to have it so once more;
- a plain datagram is held back by the network for longer than the gate remembers its reply;
- a plain client sends again what makes safe (``Calm``) or reads (``Look``): these are meant anew;

and one under a key: what makes safe is run even where the disk is too full to write it down; when
the processor then dies as well, nobody is left who knows of it. A refusal that could not be written
down is forgotten in the same way; the command may then be begun by an ask that was still under way.
A datagram that the network doubles may come after the 011 to its twin, and be run; so may one that
it holds back for longer than the gate remembers that its twin was refused.
"""

from __future__ import annotations

import gc
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import pairwise, zip_longest
from typing import Any
from unittest.mock import patch

from twisted.logger import globalLogPublisher

from pychron_comms.repeater import hop_places
from pychron_comms.server.resend import evidence
from pychron_comms.wire.copies import KEEP, KEEP_DATAGRAM
from tests.faults.model.bench import BLOCKING, DEVICES, EASE, MOVES, SAFE, Told
from tests.faults.model.clients import Unit
from tests.faults.model.history import History
from tests.faults.model.interlocked import check_interlocks
from tests.faults.model.keeping import code_of, keep
from tests.faults.model.keyed_clients import DatagramClient, KeyedClient
from tests.faults.model.leased import check_leases
from tests.faults.model.links import End
from tests.faults.model.plain_clients import KeptPlainClient
from tests.faults.model.qtegra import spoken
from tests.faults.model.safety import check_safety
from tests.faults.model.truth import check_truth
from tests.faults.model.world import Post, World

#: Errors that say that the command was never begun; those of the gate, and the server's own.
GATE_CODES = {12, 202, 204, 207, 208, 209, 210, 214}
#: Those that speak of this asking alone: it was never sent, or found no room on its way.
NEVER_SENT = 11
NEVER_TAKEN = {NEVER_SENT, 203}
NEVER_BEGUN = {*GATE_CODES, *NEVER_TAKEN}

_NUMBER = re.compile(r"\bn\d+\b")

#: Commands that may wait on the hop, and those of one client among them.
PLACES, PLACES_OF_ONE = 6, 3

#: Seconds after which everything has ended: the repeater's 30 s, and a half-open link's 20 s.
_QUIET = 60.0

#: Seconds after which no process stands still or is down.
_AWAKE = 7.0


def live_through(history: History, sync: float | None = None) -> World:
    """Let a history happen, let everything come to rest, and see that the promises were kept.

    ``sync`` as a world has it.
    """
    # Few, so that histories meet them.
    room = patch.multiple(hop_places, PENDING_LIMIT=PLACES, PENDING_SHARE=PLACES_OF_ONE)
    with errors_logged() as errors, garbage_found(), acknowledged(), spoken(), room:
        world = World(sync)
        for step in history:
            step.happen(world)
        come_to_rest(world)
        for unit in world.units:
            check_replies(world, unit)
            check_count(world, unit)
        check_conversations(world)
        check_times(world)
        check_safety(world)
        check_truth(world)
        check_interlocks(world)
        check_leases(world)
        check_journal(world)
        check_outcomes(world)
        check_nothing_left(world)
    keep("no error is lost", not errors, *errors)
    return world


@contextmanager
def acknowledged() -> Iterator[None]:
    """Sockets tell what was acknowledged and when it came, which else only a system knows."""
    # The rest of a connection's handle is a transport's.
    taken = patch.object(evidence, "has_taken_all", _has_taken_all)
    ended = patch.multiple(evidence, has_ended=End.has_ended, has_surely_ended=End.has_ended)
    dated = patch.object(evidence, "seconds_since_datagram", Post.seconds_since_datagram)
    with taken, ended, dated:
        yield


def _has_taken_all(end: End) -> bool:
    return end.has_taken_all()


@contextmanager
def errors_logged() -> Iterator[list[str]]:
    """Failures that were logged: bugs, and errors of Deferreds that nobody handled."""
    errors: list[str] = []

    def observe(event: Mapping[str, Any]) -> None:
        if "log_failure" in event:
            errors.append(event["log_failure"].getTraceback())

    globalLogPublisher.addObserver(observe)
    try:
        yield errors
    finally:
        globalLogPublisher.removeObserver(observe)


@contextmanager
def garbage_found() -> Iterator[None]:
    """Throw away what is left in circles, so that errors which it holds are logged."""
    # What is there already need not be looked through.
    gc.freeze()
    try:
        yield
        gc.collect()
    finally:
        gc.unfreeze()


def come_to_rest(world: World) -> None:
    world.end_faults()
    world.laboratory.release()
    world.pass_time(_AWAKE)
    # Its beats would be most of what happens from now on.
    world.server.watch.stopService()
    world.pass_time(_QUIET)
    keep("all clients come to an end", not any(client.busy for client in world.clients))
    keyed = [client for client in world.clients if isinstance(client, KeyedClient)]
    for client in keyed:
        client.connect_now()
    world.pass_time(1.0)
    # One after the other, since the way has room for few.
    for units in zip_longest(*(client.units for client in keyed)):
        for client, unit in zip(keyed, units, strict=True):
            client.ask_outcomes([unit] if unit is not None else [])
        world.pass_time(0.3)


# -- 1 to 4: replies, and how often the hardware was told and acted


def check_replies(world: World, unit: Unit) -> None:
    for ask in unit.asks:
        if ask.reply is not None:
            named = set(_NUMBER.findall(ask.reply))
            keep("no reply goes to another", named <= {unit.number}, unit)
            known = ask.reply == f"did {unit.number}" or code_of(ask.reply)
            keep("each reply is of its command", known, unit)


def check_count(world: World, unit: Unit) -> None:
    told = [told for told in world.laboratory.told if told.number == unit.number]
    acted = world.laboratory.actuated[unit.number]
    last = unit.last_word
    # What makes safe is done again where something older ended after it.
    if unit.word != "Calm" and not may_be_repeated(world, unit, told):
        keep("none twice", len(told) <= 1 and acted <= 1, unit, told)
    if unit.client.pychron and unit.word in MOVES:
        check_answered(world, unit, told)
    if last is not None and code_of(last) is None:
        keep("success is exactly once", acted >= 1, unit)
    if speaks_of_all(world, unit, code_of(last)) and not came_after_refusal(world, unit, told):
        keep("never begun is never", not told and not acted, unit, told)
    if not unit.asks:
        keep("not asked is never", not told, unit)


def check_answered(world: World, unit: Unit, told: list[Told]) -> None:
    """Who has the reply asks no more: what comes late of him undoes nothing."""
    answered = min((ask.answered_at for ask in unit.asks if code_of(ask.reply) is None), default=0)
    for one, other in pairwise(told):
        late = answered < other.at
        excused = one.process is not other.process or unit.client.by_datagrams
        keep("what comes late undoes nothing", not late or excused, unit, told)
    refusals = [ask.answered_at for ask in unit.asks if code_of(ask.reply) in GATE_CODES]
    for each in told if refusals else []:
        known = refusal_is_known(world, unit, each, min(refusals))
        keep("what was refused is not done", each.at <= min(refusals) or not known, unit, each)


def refusal_is_known(world: World, unit: Unit, told: Told, refused: float) -> bool:
    """Whether that is still known, by whichever process: a disk that was full took nothing down."""
    seconds = KEEP_DATAGRAM if unit.client.by_datagrams else KEEP
    is_recent = world.witness.arrival_of(told).at < refused + seconds
    return is_recent and not refusal_is_lost(world, unit)


def may_be_repeated(world: World, unit: Unit, told: list[Told]) -> bool:
    if unit.word == "Look":
        return True
    if unit.key:
        return unit.word == "Calm" and unwritten_and_forgotten(world, told)
    if not unit.client.pychron:
        return False
    if unit.word == "Calm":
        return True
    return all(
        changed_between(world, *pair) or (unit.client.by_datagrams and came_late(world, *pair))
        for pair in pairwise(told)
    )


def came_late(world: World, one: Told, other: Told) -> bool:
    """Whether the network held a copy back for longer than the gate remembers a datagram."""
    stills = [still for server in world.servers for still in server.stills]
    if any(one.at <= still.until <= other.at for still in stills):
        return False
    ends = [run.until for run in world.laboratory.runs if run.told == one]
    return world.witness.arrival_of(other).at >= max([one.at, *ends]) + KEEP_DATAGRAM


def changed_between(world: World, one: Told, other: Told) -> bool:
    """Whether its computer had something else done to the device in between: it wants it anew."""
    every = world.laboratory.told
    between = every[every.index(one) + 1 : every.index(other)]
    address = world.address_of(one.number)
    return any(
        each.device == one.device
        and each.word != "Look"
        and world.address_of(each.number) == address
        for each in between
    )


def unwritten_and_forgotten(world: World, told: list[Told]) -> bool:
    return any(world.was_full(each.at) and not each.process.alive for each in told)


def speaks_of_all(world: World, unit: Unit, code: int | None) -> bool:
    """Whether the last word says that the command, however often asked, was never begun."""
    if code not in NEVER_BEGUN:
        return False
    # Each asking of a read is a command of its own, whatever its key.
    if unit.key and code in GATE_CODES and unit.word != "Look":
        return not refusal_is_lost(world, unit)
    return all(code_of(ask.reply) in NEVER_BEGUN for ask in unit.asks) and is_alone(unit)


def came_after_refusal(world: World, unit: Unit, told: list[Told]) -> bool:
    """Whether the network held a copy back for longer than the gate remembers a datagram."""
    heard = [ask.answered_at + KEEP_DATAGRAM for ask in unit.asks]
    late = all(world.witness.last_arrival_of(each).at >= min(heard) for each in told)
    return unit.client.by_datagrams and bool(told) and late


def is_alone(unit: Unit) -> bool:
    """Whether no copy is made of its asks on their way, as is done to datagrams, that is begun.

    A plain one's twin is known where it was refused; of what was never sent nobody knows.
    """
    if isinstance(unit.client, DatagramClient):
        return False
    is_known = all(code_of(ask.reply) in GATE_CODES for ask in unit.asks)
    return is_known or not unit.client.by_datagrams


def refusal_is_lost(world: World, unit: Unit) -> bool:
    """Whether the disk was too full to write its refusal down, and who knew of it is dead."""
    return any(
        each["event"] == "refused" and each["command"] == unit.line
        for pen in world.pens
        if not pen.alive
        for each in pen.unwritten
    )


# -- 5: connections


def check_conversations(world: World) -> None:
    for client in world.clients:
        keep("no reply without a request", not client.strays, client.name, client.strays)
        for conversation in client.conversations:
            asked, replies = conversation.asked, conversation.replies
            keep("no more replies than requests", len(replies) <= len(asked), client.name, asked)
            if conversation.open:
                keep("a reply to each", len(replies) == len(asked), client.name, asked, replies)
            if isinstance(client, KeptPlainClient):
                # Success tells its command; in order, they must be those of the requests.
                for line, reply in zip(asked, replies, strict=False):
                    number = line.rpartition(" ")[2]
                    named = set(_NUMBER.findall(reply))
                    keep("plain replies keep their order", named <= {number}, asked, replies)


# -- in time, in order, one at a time


def check_times(world: World) -> None:
    keep("one at a time", not world.laboratory.crowded, world.laboratory.crowded)
    for each in world.laboratory.told:
        if each.word in {*SAFE, "Look"}:
            continue  # better late; and looking late harms nothing
        arrival = world.witness.arrival_of(each)
        keep("in time or not at all", each.at <= arrival.until + 1e-6, each, arrival.until)
    safe = [each for each in world.laboratory.told if each.word == "Calm"]
    for calm in safe:
        came = world.witness.arrival_of(calm)
        place = world.laboratory.told.index(calm)
        for later in world.laboratory.told[place + 1 :]:
            if later.device == calm.device and later.process is calm.process:
                undoes = later.word in MOVES and world.witness.arrival_of(later).order < came.order
                keep("what makes safe has the last word", not undoes, calm, later)


# -- 6: the journal, and what it says of keys


def check_journal(world: World) -> None:
    begins: dict[int, str] = {}
    ends: dict[int, str] = {}
    for record in world.records():
        if record["event"] == "begin":
            begins[record["n"]] = record["command"].rpartition(" ")[2]
        elif record["event"] == "end" and "of" in record:
            keep("an end has its begin", record["of"] in begins, record)
            keep("one end", record["of"] not in ends, record)
            ends[record["of"]] = record["reply"]
    check_begins(world, begins, ends)
    for number, unit in begins.items():
        if number not in ends:
            keep("a begin has its end", end_is_excused(world, unit), unit)
        elif code_of(ends[number]) is None:
            keep("an end tells its reply", ends[number] == f"did {unit}", ends[number], unit)


def check_begins(world: World, begins: Mapping[int, str], ends: Mapping[int, str]) -> None:
    """Each time that the hardware was told has a begin of its own before it."""
    free = dict(begins)
    for each in world.laboratory.told:
        if each.word in {EASE, "Look"}:
            continue
        # A disk that is too slow gets it later.
        late = each.word == "Calm" and world.sync is not None and world.was_full(each.at)
        own = [n for n, unit in free.items() if unit == each.number and (late or n <= each.records)]
        # Where a disk is slow one may have been kept from beginning, and asked again.
        number = min(own, key=lambda n: code_of(ends.get(n)) in GATE_CODES, default=None)
        if number is None:
            again = any(unit == each.number and n <= each.records for n, unit in begins.items())
            same = [told for told in world.laboratory.told if told.number == each.number]
            # It is written when it is asked, and may have waited since.
            asks = [
                ask.at for unit in world.units if unit.number == each.number for ask in unit.asks
            ]
            unwritten = any(world.was_full(told.at, min(asks, default=None)) for told in same)
            excused = each.word == "Calm" and (again or unwritten)
            keep("begun in the journal before the hardware", excused, each)
        else:
            del free[number]
    # What one sender asks again to make safe, while it waits, is done once for all.
    for told in world.laboratory.told:
        if told.word == "Calm":
            for number in [n for n in free if free[n] == told.number and n <= told.records]:
                del free[number]
    # What was handed over to a thread can be prevented until that has taken it; on a full disk that
    # cannot be written.
    lost = [
        world.unit(unit)
        for number, unit in free.items()
        if code_of(ends.get(number)) not in GATE_CODES
        and (number in ends or not world.faults["disk full"])
        # What a disk was to keep when its processor died was not begun.
        and (number in ends or world.sync is None or not world.processor_deaths)
    ]
    # What was to be done once for all that its sender asked was lost once.
    lost = [each for n, each in enumerate(lost) if each.word not in SAFE or each not in lost[:n]]
    at_once = [unit for unit in lost if DEVICES[unit.device] not in BLOCKING]
    keep("no begin without the hardware", len(at_once) <= world.faults["death after begin"], lost)
    # A manager's thread may have had two before it at a death: one of them makes safe.
    for alike in (SAFE, {unit.word for unit in lost} - SAFE):
        few = sum(unit.word in alike for unit in lost) <= len(world.processor_deaths)
        keep("no begin without the hardware", few, lost)


def end_is_excused(world: World, number: str) -> bool:
    """Whether its processor died, or its disk was full when it ended."""
    if any(
        number in each.get("command", "") or each["event"] == "end"
        for pen in world.pens
        for each in pen.unwritten
    ):
        return True
    return bool(world.processor_deaths)


def check_outcomes(world: World) -> None:
    for unit in world.units:
        if not unit.key:
            continue
        keep("Outcome has an answer", unit.outcome is not None, unit)
        if unit.word == "Look":
            keep("Outcome is of what acts", unit.outcome == "never seen", unit, unit.outcome)
        elif unit.outcome is not None:
            check_outcome(world, unit, unit.outcome)


def check_outcome(world: World, unit: Unit, outcome: str) -> None:
    told = [each for each in world.laboratory.told if each.number == unit.number]
    acted = world.laboratory.actuated[unit.number]
    state, _, reply = outcome.partition(" ") if outcome != "never seen" else (outcome, "", "")
    if state == "never seen":
        lost = unit.word == "Calm" and unwritten_and_forgotten(world, told)
        keep("Outcome: never seen is never", lost or not told, unit, told)
    elif state == "done":
        code = code_of(reply)
        keep("Outcome: never begun is never", code not in GATE_CODES or not told, unit, outcome)
        once = acted == 1 or unit.word == "Calm" or may_be_repeated(world, unit, told)
        keep("Outcome: done is once", code is not None or once, unit, outcome)
    else:
        keep("Outcome: at rest, nothing waits or runs", state == "unknown", unit, outcome)
        keep("Outcome: unknown was begun", told or world.processor_deaths, unit, outcome)
    last = unit.last_word
    if state == "done" and code_of(last) not in {None, 201, *NEVER_TAKEN}:
        keep("Outcome and reply agree", last == reply, unit, outcome)
    if last == f"did {unit.number}":
        agrees = state == "unknown" or reply == last or unwritten_and_forgotten(world, told)
        keep("Outcome and success agree", agrees, unit, outcome)


# -- 7: nothing is left


def check_nothing_left(world: World) -> None:
    for client in world.clients:
        client.leave()
    world.pass_time(10.0)
    server, processor = world.server, world.processor
    left = {
        "connections": server.process.owned - 1 + processor.process.owned - 1,
        "datagrams": server.datagrams.in_flight,
        "keys that run": processor.memory.keys.running,
        "plain commands that run": processor.memory.copies.running,
        "those who wait for them": len(processor.memory.waiting),
        "waiting": sum(len(queue._waiting.jobs) for queue in processor.queues),
        "running": sum(
            (queue._running is not None) + queue._safety.busy + len(queue._askers._jobs)
            for queue in processor.queues
        ),
    }
    hop = server.repeater.connection
    keep("the processor is connected", hop is not None)
    assert hop is not None
    left["replies to come"] = len(hop._pending)
    keep("nothing is left behind", not any(left.values()), left)
    keep("keys are bounded", processor.memory.keys.kept <= len(world.units) + world.strangers)
    server.repeater.stopService()
    processor.gate.stopService()
    processor.gate.close()
    world.pass_time(1.0 + (world.sync or 0.0))
    calls = world.clock.getDelayedCalls()
    keep("no timers are left", not calls, [str(call) for call in calls])
