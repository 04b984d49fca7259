"""The road with one mechanism taken out: what the model must notice."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure

from pychron_comms.errors import ExpiredError, JournalError, ShuttingDownError
from pychron_comms.handlers.spec import CommandSpec
from pychron_comms.handlers.spectrometer.handler import QtegraCall
from pychron_comms.processor.execution.askers import Askers
from pychron_comms.processor.execution.changes import ChangeLog
from pychron_comms.processor.execution.copies import CopyMemory
from pychron_comms.processor.execution.entry import Ended, Entry, State
from pychron_comms.processor.execution.execution import Execution
from pychron_comms.processor.execution.idempotency import CommandMemory
from pychron_comms.processor.execution.keys import KeyMemory
from pychron_comms.processor.execution.making_safe import MakingSafe
from pychron_comms.processor.execution.manager_queue import ManagerQueue
from pychron_comms.processor.execution.plain_command import PlainCommand
from pychron_comms.processor.execution.queues import Queues
from pychron_comms.processor.execution.recall import Recall
from pychron_comms.processor.execution.runners import ThreadRunner
from pychron_comms.processor.execution.safety import SafetyLane
from pychron_comms.processor.execution.written_entry import WrittenEntry
from pychron_comms.repeater.connection import ProcessorConnection
from pychron_comms.repeater.endpoint import CommandRepeater
from pychron_comms.repeater.hop_places import HopPlaces
from pychron_comms.repeater.waiting import Waiting
from pychron_comms.safeguards.holds import Hold
from pychron_comms.safeguards.leases import Leases
from pychron_comms.safeguards.system_lock import SystemLock
from pychron_comms.safeguards.unsafe_parts import UnsafeParts
from pychron_comms.server.resend.delivery import Delivery
from pychron_comms.transport.reply_order import ReplyOrder
from tests.faults.model import promises

#: What is put in place of what: its owner, its name, and the broken one.
Patches = list[tuple[Any, str, Any]]


@contextmanager
def broken(patches: Patches) -> Iterator[None]:
    with ExitStack() as stack:
        for owner, name, instead in patches:
            stack.enter_context(patch.object(owner, name, instead))
        yield


def _nothing(*_: Any) -> None:
    """Instead of what should have been done."""


def _no(*_: Any, **__: Any) -> bool:
    return False


def _yes(*_: Any) -> bool:
    return True


def _delivered_all_the_same(self: Any) -> None:
    self._reports.repeater.reply_taken(self._ask)


def _begin_afterwards(self: Any, run: Callable[[], Any], until: float = math.inf) -> Any:
    """The journal hears of a command when the hardware has been told."""
    try:
        result = run()
    except Exception:
        self._record.begin()
        self._ended(Failure())
        raise
    self._record.begin()
    self._is_written = True
    if isinstance(result, str):
        self._ended(result)
        return result
    return result.addBoth(self._ended)


def _begin_unwritten(self: Any) -> None:
    try:
        self._number = self._audit.begin(self.request, self.call.safe)
    except JournalError:
        self._number = 0
    self.state = State.RUNNING
    self._keeper.begun(self)


_give_up = Askers._give_up
_forget = ManagerQueue.forget


def _give_up_running_only(self: Any, answer: Deferred[str]) -> None:
    if self._jobs[answer].work is not None:
        _give_up(self, answer)


def _forget_running(self: Any, response: Deferred[str]) -> bool:
    job = self._running
    if job is not None and response in job.askers:
        del self._askers._jobs[response]
        job.askers.pop(response).settle(Failure(ExpiredError("who asked has gone")))
        return True
    return _forget(self, response)


def _answered_whatever_runs(self: Any, outcome: Any) -> Any:
    if self.state in {State.WAITING, State.RUNNING}:
        self.state = State.DONE
        self._keeper.ended(self, Ended(State.DONE, self._reply(outcome)))
        self._tell(outcome)
    return outcome


def _send_with_old_ids(self: Any, words: str, tags: str, waiting: Waiting) -> None:
    number = next(each for each in range(1, 100) if each not in self._pending)
    self._last_id = max(self._last_id, number)
    self._pending[number] = waiting
    self._outbox.write(f"@id={number}{tags} {words}\r\n".encode())


_send = ProcessorConnection._send
_connected = CommandRepeater.connected


def _send_and_remember(self: Any, words: str, tags: str, waiting: Waiting) -> None:
    _send(self, words, tags, waiting)
    self.__dict__.setdefault("sent", []).append((self._last_id, words, tags, waiting))


def _lost_for_a_while(self: Any, reason: Failure = connectionDone) -> None:
    self._sweep.stop()
    self.taken.stop()
    self._owner.disconnected(self, reason)
    self._owner.__dict__["left"] = [
        each for number, *each in self.__dict__.get("sent", []) if number in self._pending
    ]


def _connected_and_sent_again(self: Any, connection: Any) -> None:
    _connected(self, connection)
    for each in self.__dict__.pop("left", []):
        connection._send(*each)


def _all_that_is_ready(self: Any) -> bytes:
    ready = b"".join(reply or b"" for reply in self._replies)
    self._replies = [None if reply is None else b"" for reply in self._replies]
    while self._replies and self._replies[0] is not None:
        del self._replies[0]
        self._left += 1
    return ready


async def _acted_once(self: Any, turn: Any, action: Any, rival: Any, waits: Any = None) -> Any:
    return await turn.act(action)


_safe_turn = MakingSafe._turn


async def _safe_turn_at_last(self: Any, moves: Any, why: str, call: Any = None) -> Any:
    """What makes safe waits for what runs."""
    while self._ordinary._running is not None:
        await self._ordinary._running.when_over()
    return await _safe_turn(self, moves, why, call)


_submit_safe = MakingSafe.submit


def _safe_refused_at_the_end(
    self: Any, handler: Any, call: Any, within: Any, execution: Any
) -> Any:
    if self._ordinary._stopping is not None:
        raise ShuttingDownError(call.name)
    return _submit_safe(self, handler, call, within, execution)


_take, _hand_over = Execution.take, Execution.hand_over


def _taken_at_any_time(self: Any) -> None:
    self._until = math.inf
    _take(self)


def _begun_at_hand_over(self: Any, run: Callable[[], Any], until: float = math.inf) -> Any:
    def begun() -> Any:
        _take(self)
        return run()

    return _hand_over(self, begun, until)


def _run_later_untaken(self: Any, job: Any, take: object) -> Any:
    return maybeDeferred(self._runner.run, job.handler, job.call, _nothing)


def _run_in_one_thread(self: Any, handler: Any, call: Any, take: Callable[[], None] | None) -> Any:
    def work() -> object:
        if take is not None:
            take()
        return call.run()

    return self._defer(self._work, work).addCallback(call.reply)


def _read_past_the_queue(self: Any, handler: Any, call: Any, ahead: bool) -> Any:
    return self.of(call.manager)._runner.run(handler, call, _nothing)


_find_copy = CopyMemory.find


def _late_taken_for_new(self: Any, request: Any, call: Any, now: float) -> Any:
    try:
        return _find_copy(self, request, call, now)
    except ExpiredError:
        return None


def _found_as_if_it_came_now(self: Any, request: Any, call: Any, now: float) -> Any:
    context = call.context
    call.context = context._replace(age=0.0, silent=context.silent + context.age)
    try:
        return _find_copy(self, request, call, now)
    finally:
        call.context = context


def _stop_is_each_senders_own(self: Any, by: Any) -> None:
    for begun, _, _ in self._plain:
        self._changes.note(begun.moves or (), begun.record["sender"])


def _locked_for_all(self: Any, call: Any) -> None:
    if self._holder and call.manager is not None:
        self._check_holder(call.sender)


def _place_among_all(self: Any, request_type: str) -> Any:
    return self.ordinary


_moved = CommandSpec.moved


def _moved_as_it_is_spelled(self: Any, manager: Any, values: Any) -> Any:
    moves = _moved(self, manager, values)
    place = values.get("place")
    return moves if place is None else tuple(move._replace(target=place) for move in moves)


_key_ended = KeyMemory.ended


def _remembered_in_one_room(self: Any, request: Any, ended: Ended, now: float) -> None:
    with patch.object(self, "_refused", self._run):
        _key_ended(self, request, ended, now)


_resemble = QtegraCall.resemble


def _resembles_without(attribute: str, instead: object) -> Any:
    def resemble(self: Any, command: Any, word: str, arguments: Any) -> None:
        _resemble(self, command, word, arguments)
        setattr(self, attribute, instead)

    return resemble


#: Of these, the histories with Qtegra's clients tell.
OF_QTEGRA: Mapping[str, Patches] = {
    "a line of Qtegra's moves nothing": [
        (QtegraCall, "resemble", _resembles_without("moves", ())),
    ],
    "a line of Qtegra's makes nothing safe": [
        (QtegraCall, "resemble", _resembles_without("safe", False)),
    ],
    "a line of Qtegra's takes as long as it likes": [
        (QtegraCall, "resemble", _resembles_without("deadline", 5.0)),
    ],
    "copies at a listener that closes are not known": [(CopyMemory, "find", _nothing)],
}

BREAKAGES: Mapping[str, Patches] = {
    "keys are forgotten": [(CommandMemory, "find", _nothing)],
    "keys are forgotten at a restart": [(Recall, "take", _nothing)],
    "copies are not known": [(CopyMemory, "find", _nothing)],
    "undelivered replies are not kept": [(Delivery, "lost", _delivered_all_the_same)],
    "a reply that crossed the end is taken for delivered": [(promises, "_has_taken_all", _yes)],
    "a late copy is taken for a new command": [(CopyMemory, "find", _late_taken_for_new)],
    "a stop is each sender's own change": [
        (Recall, "_undo", _stop_is_each_senders_own),
        (Recall, "_all_safe", _stop_is_each_senders_own),
    ],
    "another's change is each sender's own": [(ChangeLog, "changed_by", _yes)],
    "what lay comes now": [(CopyMemory, "find", _found_as_if_it_came_now)],
    "refusals push out what was run": [(KeyMemory, "ended", _remembered_in_one_room)],
    "refusals are forgotten": [(PlainCommand, "was_refused_to", _no)],
    "refusals are forgotten at a restart": [(Recall, "refused", _nothing)],
    "a lease keeps nobody away": [(Leases, "check", _nothing)],
    "a lease is forgotten at a restart": [(Leases, "recall", _nothing)],
    "the end of a lease makes nothing safe": [(UnsafeParts, "add", _nothing)],
    "what runs is dropped as if it waited": [
        (ManagerQueue, "forget", _forget_running),
        (Entry, "answered", _answered_whatever_runs),
    ],
    "what others change ends no kept reply": [(ChangeLog, "changed_since", _no)],
    "ids are used again": [(ProcessorConnection, "_send", _send_with_old_ids)],
    "the journal is written afterwards": [(Execution, "hand_over", _begin_afterwards)],
    "what cannot be written is run": [(WrittenEntry, "begin", _begin_unwritten)],
    "deadlines are not kept": [
        (Askers, "_give_up", _give_up_running_only),
        (Execution, "take", _taken_at_any_time),
    ],
    "the repeater sends again": [
        (ProcessorConnection, "_send", _send_and_remember),
        (ProcessorConnection, "connectionLost", _lost_for_a_while),
        (CommandRepeater, "connected", _connected_and_sent_again),
    ],
    "what waits is not overtaken": [(ManagerQueue, "overtake", _nothing)],
    "what stood still begins what is late": [
        (Askers, "expire_late", _nothing),
        (Execution, "take", _taken_at_any_time),
    ],
    "what makes safe waits for what runs": [(MakingSafe, "_turn", _safe_turn_at_last)],
    "what makes safe is refused at the end": [(MakingSafe, "submit", _safe_refused_at_the_end)],
    "what makes safe is not done again": [(SafetyLane, "assured", _acted_once)],
    "a thread takes what is late": [(Execution, "take", _taken_at_any_time)],
    "begun at hand-over": [
        (Execution, "hand_over", _begun_at_hand_over),
        (Execution, "take", _nothing),
        (MakingSafe, "_run_later", _run_later_untaken),
    ],
    "what makes safe has no thread of its own": [(ThreadRunner, "run", _run_in_one_thread)],
    "what excludes each other is tested at once": [(Hold, "hinders", _no)],
    "interlocks are read past the queue": [(Queues, "read", _read_past_the_queue)],
    "the lock keeps what makes safe": [(SystemLock, "check", _locked_for_all)],
    "what makes safe has no room of its own": [(HopPlaces, "safe", _place_among_all)],
    "another word moves another part": [(CommandSpec, "moved", _moved_as_it_is_spelled)],
    "two run at once": [(ManagerQueue, "_must_wait", _no)],
    "plain replies come as they are ready": [
        (ReplyOrder, "_ready", _all_that_is_ready),
    ],
}
