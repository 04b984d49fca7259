"""The promises of docs/promises.md: for each, how to break it, and the test that then fails.

``python -m tests.promises`` breaks each mechanism in a copy of the project and runs its test there.
It ends with 1 where a test did not notice.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.util import cache_from_source
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "promises.md"

#: Seconds that one test may take.
_PATIENCE = 120.0


class Promise(NamedTuple):
    """``text`` and ``how`` it is kept are that page's; ``file`` is below ``pychron_comms``.

    ``broken`` takes the place of ``kept``, which is in the file once. ``test`` is the test's name.
    """

    text: str
    how: str
    file: str
    kept: str
    broken: str
    test: str

    @property
    def test_file(self) -> str:
        module, _, _ = self.test.rpartition(".")
        module, _, _ = module.rpartition(".")
        return f"{module.replace('.', '/')}.py"


PROMISES = (
    Promise(
        "a reply for every command",
        "every error, a bug too, becomes a line in one place",
        "transport/exchange.py",
        "            asker.reply(identifier(line), self._error_text(error, line, asker.sender))\n",
        "",
        "tests.transport.test_line_protocol.ReplyTests.test_a_bug_is_answered_with_002_and_logged",
    ),
    Promise(
        "in the order of the requests",
        "a plain reply waits for its turn; one with an id may overtake",
        "transport/reply_order.py",
        "            if turn.reply is None:\n                break\n",
        "            if turn.reply is None:\n                continue\n",
        "tests.transport.test_line_protocol.ReplyTests.test_plain_replies_keep_the_order_of_the_requests",
    ),
    Promise(
        "a connection that is closed has its replies first",
        "one outbox for each connection, past which nothing is written; closing empties it",
        "transport/outbox.py",
        "        self.release()\n        # A transport waits",
        "        # A transport waits",
        "tests.transport.test_outbox.OutboxTests.test_closing_sends_first_what_was_held",
    ),
    Promise(
        "whole commands only",
        "a command ends at its terminator; what has none when the connection ends is "
        "dropped and logged",
        "transport/line_protocol.py",
        '            self._connections.count("unterminated_dropped")\n',
        "            self._take(self._decoder.take_pending())\n",
        "tests.transport.test_line_protocol.EndTests"
        ".test_a_partial_command_is_dropped_and_logged_when_the_connection_ends",
    ),
    Promise(
        "nothing is sent twice",
        "a lost connection is never a reason to send again",
        "repeater/connection.py",
        "            waiting.reply.errback(error)",
        "            self._owner.get_response('System', waiting.command, '').chainDeferred("
        "waiting.reply)",
        "tests.repeater.test_endpoint.FailureTests"
        ".test_what_was_sent_when_the_connection_ends_is_unknown_and_not_sent_again",
    ),
    Promise(
        "never sent is told apart from outcome unknown",
        "011 where nothing was sent, 201 where it may have been done",
        "repeater/endpoint.py",
        "            return fail(PychronCommunicationError(self._name, self._why))",
        "            return fail(OutcomeUnknownError(self._why))",
        "tests.repeater.test_endpoint.FailureTests"
        ".test_without_a_connection_nothing_is_sent_and_011_says_so",
    ),
    Promise(
        "no late reply answers another command",
        "an id is never used again on a connection",
        "repeater/connection.py",
        "        number = self._last_id + 1",
        "        number = 1\n        while number in self._pending:\n            number += 1",
        "tests.repeater.test_endpoint.FailureTests.test_a_late_reply_answers_nobody_else",
    ),
    Promise(
        "nothing a client re-sends is run twice",
        "Pychron's client asks again on a new connection after 1.03 s: the copy joins the"
        " command that still runs",
        "processor/execution/copies.py",
        "        return plain.what",
        "        return None",
        "tests.processor.test_copies.WhileItRunsTests.test_a_copy_by_another_connection_joins_the_first",
    ),
    Promise(
        "a copy that comes late undoes nothing",
        "the first word of an older connection, whose part was changed since, is not run (202)",
        "processor/execution/copies.py",
        "            if may_be_late and is_changed and is_first(ask):\n",
        "            if False:\n",
        "tests.processor.test_copies.LateTests"
        ".test_a_first_word_past_a_change_is_neither_run_nor_told_ok",
    ),
    Promise(
        "nor does a datagram that lay for long",
        "what may have lain for half a second at a server that stood still is not begun (202)",
        "server/datagrams.py",
        "        return (self.sender, self._line) in not_begun\n",
        "        return False\n",
        "tests.server.test_datagrams.DatagramTests"
        ".test_what_acts_and_lay_there_for_long_is_not_begun",
    ),
    Promise(
        "also between two computers",
        "what takes longer than the quickest command of the last minute was held up for that long",
        "processor/lateness.py",
        "        return _credible(took - self._least(took, now)) if math.isfinite(took) else 0.0\n",
        "        return 0.0\n",
        "tests.processor.test_lateness.LatenessTests"
        ".test_the_first_has_none_and_tells_what_the_others_take",
    ),
    Promise(
        "nor does a stop double a command",
        "what was done before a processor was stopped is not done again by a copy, nor told `OK`"
        " (201)",
        "processor/execution/recall.py",
        '            (begun, ended.undone(begun.record["command"], THE_STOP), at)\n',
        "            (begun, ended, at)\n",
        "tests.processor.test_recall.RecallTests"
        ".test_what_a_clean_stop_may_have_undone_is_neither_done_again_nor_told_ok",
    ),
    Promise(
        "time that a copy lies is nobody's",
        "whether it comes in time is reckoned by when it left its server, where the processor stood"
        " still",
        "processor/execution/copies.py",
        "            if not plain.may_be_copied_by(sent):\n",
        "            if not plain.may_be_copied_by(now):\n",
        "tests.processor.test_copies_under_way.LyingTests"
        ".test_what_left_its_server_in_time_is_a_copy",
    ),
    Promise(
        "what was refused is done by no copy",
        "a copy that was under way when its sender was told gets the same error",
        "processor/execution/copies.py",
        "            if refused is not None and refused.was_refused_to(ask, sent, silent_since):\n",
        "            if False:\n",
        "tests.processor.test_copies_under_way.RefusedTests"
        ".test_a_connection_that_was_made_before_brings_a_copy",
    ),
    Promise(
        "a reply is kept until there is evidence that it was read",
        "for 5 s, at the processor, for the client that asks again; no write is evidence, and a"
        " reset is none",
        "server/resend/conversation.py",
        "        for delivery in [*self._take_unread(), *crossed]:\n            delivery.lost()",
        "        for one in [*self._take_unread(), *crossed]:\n            one.delivered()",
        "tests.server.resend.test_delivery.InDoubtTests.test_a_reply_before_a_reset",
    ),
    Promise(
        "nor is it forgotten that it was",
        "a server tells a processor that comes back what was read in the last 5 s: who has read it"
        " means the same anew",
        "repeater/endpoint.py",
        "        for ask in self._read_lately.asks():\n",
        "        for ask in ():\n",
        "tests.repeater.test_taken.TakenTests"
        ".test_a_processor_that_comes_back_is_told_first_what_was_read_lately",
    ),
    Promise(
        "a process that stood still believes nothing",
        "what came meanwhile is no evidence that a reply was read",
        "server/resend/delivery.py",
        "        if self._reports.keeps and self._stalls != self._reports.watch.stalls:",
        "        if False:",
        "tests.server.resend.test_delivery.InDoubtTests"
        ".test_any_evidence_after_this_process_stood_still",
    ),
    Promise(
        "what makes safe has room on the way",
        "commands of one hung device, however many, leave it its places between server and"
        " processor",
        "repeater/connection.py",
        "        places = room.safe(request_type) if context.safe else room.ordinary",
        "        places = room.ordinary",
        "tests.transport.test_places.PlaceTests.test_what_makes_safe_has_room_of_its_own",
    ),
    Promise(
        "and `OK` is true",
        "a kept reply ends when anybody, a safe state too, changes a part that its command moves",
        "processor/execution/copies.py",
        "            if is_changed or (plain.is_taken and not may_be_late):",
        "            if plain.is_taken and not may_be_late:",
        "tests.processor.test_copies.ChangedSinceTests.test_by_another_computer",
    ),
    Promise(
        "a key runs once",
        "the gate remembers it with its reply for an hour; a second request with it runs nothing",
        "processor/hardware_manager.py",
        "        if known is not None:",
        "        if False and known is not None:",
        "tests.processor.test_idempotency.JoinTests.test_a_copy_after_the_end_gets_the_reply_again",
    ),
    Promise(
        "a flood of refusals harms only its sender",
        "refused commands are remembered apart from those that were run, in shares for each sender",
        "processor/execution/keys.py",
        "        shares = self._refused if ended.refused else self._run",
        "        shares = self._run",
        "tests.processor.test_keys.RoomTests.test_refusals_push_out_nothing_that_was_run",
    ),
    Promise(
        "also after `kill -9`",
        "what had begun and not ended is found unknown, and is not run again",
        "processor/execution/recall.py",
        '            self._ended(begun, Ended(State.UNKNOWN, error_line(lost)), "")',
        "            pass",
        "tests.processor.test_idempotency.RecallTests.test_what_ran_when_the_processor_died_is_unknown_and_not_run_again",
    ),
    Promise(
        "what nobody waits for is not begun",
        "a waiting command whose asker has gone, and not come back in a second, is dropped",
        "processor/execution/askers.py",
        "        return self._withdraw(answer, job, Event.FORGET, error)",
        "        return False",
        "tests.processor.test_hardware_manager.GoneTests.test_what_waits_is_not_begun",
    ),
    Promise(
        "in time or not at all",
        "a command whose time passes while it waits is not begun (202)",
        "processor/execution/askers.py",
        "        job.askers[answer].timer = self._clock.callLater(seconds, self._give_up, answer)",
        "        job.askers[answer].timer = self._clock.callLater(1e9, self._give_up, answer)",
        "tests.processor.test_manager_queue.DeadlineTests.test_what_expires_while_it_waits_is_never_run",
    ),
    Promise(
        "one at a time, in order",
        "each manager has a queue of its own, so that a slow laser never delays a valve",
        "processor/execution/manager_queue.py",
        "        if self._must_wait(reads=False):",
        "        if False:",
        "tests.processor.test_manager_queue.OrderTests.test_waiting_calls_run_in_order_one_at_a_time",
    ),
    Promise(
        "what makes safe passes the queue",
        "`Close`, `Disable`, `StopDrive`, `AbortPattern` and their like begin at once",
        "processor/execution/manager_queue.py",
        "        if call.safe:\n            return self._submit_safe(",
        "        if False:\n            return self._submit_safe(",
        "tests.processor.test_manager_queue.SafetyTests.test_what_makes_safe_passes_the_queue",
    ),
    Promise(
        "and is not undone by what waited",
        "what waited to act on the same part is dropped (210)",
        "processor/execution/manager_queue.py",
        "            if _acts_on(job, moves):",
        "            if False:",
        "tests.processor.test_manager_queue.SafetyTests"
        ".test_what_waited_to_actuate_is_dropped_when_something_makes_safe",
    ),
    Promise(
        "nor by what ran",
        "where something that acts on the same part had begun before, making safe is done again"
        " when that has ended, and only then answered `OK`",
        "processor/execution/safety.py",
        "        return await self._acted(again)\n",
        "",
        "tests.processor.test_safety.LastWordTests.test_it_is_done_again_before_its_ok",
    ),
    Promise(
        "and is never refused",
        "no limit of the gate, no deadline while it waits, no lock and no stop is in its way",
        "processor/hardware_manager.py",
        "            if self._stopping and not call.safe:\n",
        "            if self._stopping:\n",
        "tests.processor.test_hardware_manager.StopTests"
        ".test_what_makes_safe_is_run_until_nobody_can_ask",
    ),
    Promise(
        "begun is begun",
        "a command can be overtaken, expire or be forgotten until its manager's thread takes it",
        "processor/execution/execution.py",
        "            if self._move(Event.TAKE):\n                return\n",
        "            return\n",
        "tests.processor.test_execution.HandOverTests.test_until_it_is_taken_it_can_be_prevented",
    ),
    Promise(
        "who may ask",
        "host rules are asked before a command is read; a stranger gets 013 and learns nothing",
        "processor/hardware_manager.py",
        "        self.access.admit(sender)\n",
        "",
        "tests.processor.test_hardware_manager.AccessTests.test_a_sender_that_is_not_admitted_learns_nothing",
    ),
    Promise(
        "what is remembered allows nothing",
        "of a read that is polled only the meaning of its words is kept; who may, how late it is"
        " and the stop are looked at each time",
        "processor/hardware_manager.py",
        "        self._gate.access.admit(sender)\n",
        "",
        "tests.processor.test_known_reads.KnownReadTests.test_every_rule_is_asked_each_time",
    ),
    Promise(
        "who may act",
        "roles, by certificate or listener: observe, operate, admin",
        "safeguards/roles.py",
        "        if role == OBSERVE:",
        "        if False:",
        "tests.safeguards.test_roles.RolesTests.test_who_only_looks_may_read_and_nothing_else",
    ),
    Promise(
        "a name that a certificate proves",
        "TLS, with names from certificates of the laboratory's own authority",
        "transport/line_protocol.py",
        "        self.sender = introduced(self.transport, self._log)",
        "        pass",
        "tests.transport.test_tls.AdmissionTests.test_who_shows_a_certificate_has_its_name",
    ),
    Promise(
        "one owner",
        "a lease keeps others from a type, a valve, an axis; reads stay open",
        "safeguards/leases.py",
        "            if held.lease.owner != call.sender:",
        "            if False:",
        "tests.safeguards.test_leases.ClaimTests.test_a_lease_keeps_others_out_and_its_owner_in",
    ),
    Promise(
        "a lost owner leaves things safe",
        "a lease that lapses, or loses its connection, runs the safe state, once",
        "safeguards/leases.py",
        """        self._unsafe.add(part, f"the lapse of {owner}'s lease")""",
        "        pass",
        "tests.safeguards.test_leases.LapseTests.test_a_lease_that_runs_out_makes_safe_once_and_is_written_down",
    ),
    Promise(
        "one part, whatever word moves it",
        "commands declare the parts they move and to what; rules and leases see only these",
        "handlers/spectrometer/parts.py",
        '_PARTS = {FIELD: "magnet", Y_SYMMETRY: "beam"}',
        "_PARTS: dict[str, str] = {}",
        "tests.safeguards.test_one_part.LeaseTests.test_a_leased_magnet",
    ),
    Promise(
        "every part that it moves",
        "each command of each type is run, and what moved is among what it declares",
        "handlers/laser/stage.py",
        'moves=("stage/x={x}", "stage/y={y}"),',
        'moves="stage/x={x}",',
        "tests.handlers.test_all_moves.DeclaredMovesTests.test_every_command_declares_what_it_moves",
    ),
    Promise(
        "interlocks across devices",
        "tested just before the command begins, and explained",
        "safeguards/interlocks.py",
        "        if holds:",
        "        if True:",
        "tests.safeguards.test_interlocks.ConditionTests.test_all_conditions_of_all_rules_must_hold",
    ),
    Promise(
        "and ask for proof",
        "a rule that asks for a switch at the valve is refused where only its relay tells",
        "safeguards/proof.py",
        "    if _rank(proof) < _rank(wanted):",
        "    if False:",
        "tests.safeguards.test_proof.ProofTests.test_a_relay_is_not_the_valve",
    ),
    Promise(
        "and, where it says so, are kept",
        "once a second, while nobody commands too: what a broken one guards is made safe",
        "safeguards/kept_rules.py",
        "                self._make_safe(part, broken.why)\n",
        "                pass\n",
        "tests.safeguards.test_kept_rules.KeptRulesTests.test_what_it_guards_is_made_safe",
    ),
    Promise(
        "that hold until the command has ended",
        "two commands that exclude each other never both pass",
        "processor/execution/execution.py",
        "        self._hold = hold\n",
        "        hold.release()\n",
        "tests.safeguards.test_interlock_parts.PartsTests"
        ".test_it_waits_for_one_that_moves_for_longer_than_a_read_may_take",
    ),
    Promise(
        "a lease ends in a safe part, or was given back",
        "a part whose lease lapsed is made safe by the next process, where this one was killed",
        "safeguards/lease_records.py",
        '            self.unsafe[record["part"]] = f"the lapse of {record[\'owner\']}\'s lease"',
        "            pass",
        "tests.safeguards.test_lease_records.CutTests.test_each_lease_ends_in_a_safe_part_or_was_given_back",
    ),
    Promise(
        "and is tried again where it fails",
        "until the part is safe or somebody moves it, by the next process too",
        "safeguards/unsafe_parts.py",
        "            unsafe.timer = self._clock.callLater(unsafe.delay, self._try, unsafe)\n",
        "            pass\n",
        "tests.safeguards.test_unsafe_parts.TriedAgainTests.test_until_it_is_safe",
    ),
    Promise(
        "written down before it begins",
        "what cannot be written is not begun (214), unless it makes safe",
        "processor/execution/audit.py",
        "            if not safe:\n                raise",
        "            pass",
        "tests.processor.test_audit.JournalTests.test_one_that_cannot_be_written_down_is_not_run",
    ),
    Promise(
        "also where many come at once",
        "where each record waits for the disk, those of one turn of the reactor wait together, and "
        "none of their commands runs before",
        "processor/execution/sealed_queue.py",
        "        execution.seal().addBoth(self._sealed, guest)\n",
        "        self._sealed(None, guest)\n",
        "tests.processor.test_sealed_queue.GroupTests"
        ".test_nothing_runs_before_the_begins_of_its_turn_are_written",
    ),
    Promise(
        "not forgotten when a flood turns its files over",
        "what was refused has files of its own; keys and leases are carried over to each new file",
        "journal/roll.py",
        "        if self._carriers and not self._has_checkpoint:\n            self._grow()\n"
        "            return\n",
        "",
        "tests.journal.test_turning.WhatCannotBeCarried.test_keeps_the_older_files_until_it_can",
    ),
    Promise(
        "in a journal that shows tampering",
        "each record is sealed with the hash of the one before",
        "journal/chain.py",
        "            digest = hash_of(body, digest, self._secret)",
        "            digest = hash_of(body, GENESIS, self._secret)",
        "tests.journal.test_verify.AJournal.test_with_a_removed_record_is_found_out",
    ),
    Promise(
        "bounded",
        "lines, connections, commands in flight, queues, unread replies, silence: each "
        "has a limit, an error and a number",
        "transport/connections.py",
        "        if len(self._open) >= limits.connections:",
        "        if False:",
        "tests.transport.test_limits.ConnectionLimitTests"
        ".test_who_comes_beyond_the_limit_is_told_so_and_closed",
    ),
    Promise(
        "a client that does not read costs the others nothing",
        "none of its commands begins until it has read, and it is dropped after a minute",
        "transport/replying.py",
        "self._clock.callLater(self._options.stall, self._drop_stalled)",
        "None",
        "tests.transport.test_line_protocol.BoundTests.test_a_client_that_never_reads_is_dropped",
    ),
    Promise(
        "a flood harms only its sender",
        "connections take turns, a few lines each; each computer has a budget",
        "transport/line_protocol.py",
        "self._connections.turns.at_once(len(lines)))\n",
        "len(lines))\n",
        "tests.transport.test_line_protocol.BoundTests"
        ".test_many_lines_of_one_client_are_worked_off_in_turns",
    ),
    Promise(
        "at the processor too",
        "what waits there is sorted by who asks a server, and they take turns",
        "processor/command_processor.py",
        "    return None if found is None else found[1]\n",
        "    return None\n",
        "tests.processor.test_command_processor.SessionTests"
        ".test_one_clients_many_commands_hold_up_anothers_by_one",
    ),
    Promise(
        "what makes safe waits for no turn",
        "it goes ahead of the lines before it, and its reply keeps its place",
        "transport/line_protocol.py",
        "        if not self.goes_ahead(line):\n",
        "        if True:\n",
        "tests.transport.test_line_protocol.BoundTests"
        ".test_what_makes_safe_goes_ahead_and_its_reply_keeps_its_place",
    ),
    Promise(
        "what makes safe is not undone by what came before it",
        "where what acts waits before it, it is done again behind that, and answered then",
        "transport/line_protocol.py",
        "        if self._acts_wait and self.makes_safe(line):\n",
        "        if False:\n",
        "tests.transport.test_line_protocol.BoundTests"
        ".test_what_goes_ahead_of_what_acts_is_done_again_behind_it_and_only_then_answered",
    ),
    Promise(
        "a datagram cannot be turned against others",
        "an `ERROR` is never answered; from the network one command, one small reply, and a rate",
        "transport/datagrams.py",
        "        if is_error(line):\n",
        "        if False:\n",
        "tests.server.test_datagrams.DatagramTests.test_an_error_is_never_answered",
    ),
    Promise(
        "no sender fills the log",
        "lines are cut, repeats counted, and each sender has a rate",
        "observability/sender_log.py",
        "        if len(page.seen) >= LINES or line in page.seen:\n",
        "        if False:\n",
        "tests.observability.test_sender_log.SenderLogTests"
        ".test_repeats_are_counted_and_told_in_one_line",
    ),
    Promise(
        "a clean end",
        "the hardware is made safe at once, what waits is failed (209), what runs gets its "
        "time, all within 10 s",
        "processor/execution/manager_queue.py",
        "            self._prevent(job, Event.REFUSE, ShuttingDownError(job.call.name))\n",
        "            pass\n",
        "tests.processor.test_manager_queue.StopTests.test_stopping_fails_what_waits_and_lets_what_runs_end",
    ),
    Promise(
        "a clock that jumps changes nothing",
        "timers follow a clock that nobody can set",
        "process/monotonic.py",
        "        reactor.seconds = time.monotonic",
        "        pass",
        "tests.process.test_supervision.MonotonicTests.test_timers_follow_a_clock_that_nobody_sets",
    ),
    Promise(
        "what is not known is not shown as known",
        "a lost or silent processor makes all that it told invalid within 2 s, on the page and in"
        " the stream",
        "server/state/mirror.py",
        "            self._timer = self._clock.callLater(PATIENCE, self._silent)\n",
        "            self._timer = None\n",
        "tests.server.state.test_mirror.MirrorTests"
        ".test_a_silent_processor_is_not_believed_within_two_seconds",
    ),
    Promise(
        "what is not known is never shown as well",
        "an alarm whose item is stale, missing or lost is invalid, whatever it looks at",
        "alarms/rule.py",
        "        if item.severity is Severity.INVALID:\n            reason",
        "        if False:\n            reason",
        "tests.alarms.test_board.UnknownTests.test_what_cannot_be_told_is_invalid_and_never_ok",
    ),
    Promise(
        "an alarm of the night is there in the morning",
        "it is latched until somebody has seen it, whatever its item does meanwhile",
        "alarms/alarm.py",
        "            if not self.rule.latch or self.acknowledged_by:\n",
        "            if True:\n",
        "tests.alarms.test_people.AcknowledgeTests"
        ".test_a_latched_alarm_stays_until_somebody_has_seen_it",
    ),
    Promise(
        "nobody silences an alarm unseen",
        "who acknowledges or shelves it is written down first; where that fails it does not count",
        "alarms/board.py",
        "        self._ledger.write(then, what, sender=sender, **fields)\n",
        "",
        "tests.alarms.test_people.AcknowledgeTests.test_what_cannot_be_written_down_does_not_count",
    ),
    Promise(
        "a restart sends no all-clear of an alarm that goes on",
        "what an earlier process knew stays until its item has come, or is missed",
        "alarms/board.py",
        "                self._early.add(alarm)\n",
        "",
        "tests.alarms.test_people.RestartTests"
        ".test_it_is_not_over_because_its_item_has_not_come_yet",
    ),
    Promise(
        "an alarm that could not be sent is sent again",
        "with what has happened since; and that it could not is an alarm itself",
        "alarms/notifiers/outbox.py",
        "        self._waiting.extendleft(reversed(kept))\n",
        "",
        "tests.alarms.notifiers.test_outbox.OutboxTests"
        ".test_what_was_not_sent_is_sent_again_with_what_came_since",
    ),
    Promise(
        "a history has no line where nothing was known",
        "a gap is a point too: of a value that cannot be told, a stop, a kill, a full disk",
        "history/recorder.py",
        "            if is_new:\n                store.end_series()\n",
        "",
        "tests.history.test_recorder.FullDiskTests.test_it_says_so_and_what_was_lost_is_a_gap",
    ),
    Promise(
        "a clock that is set makes nothing stale, and hides nothing that is",
        "staleness follows a clock that nobody sets, neither another computer's nor this one's",
        "observability/state/stream.py",
        "item.is_stale(now, self._heard[item.path])",
        "item.is_stale(self._now(), item.confirmed)",
        "tests.observability.state.test_stream.QualityTests"
        ".test_a_clock_that_is_set_makes_nothing_stale_and_hides_nothing",
    ),
    Promise(
        "who watches slows no command",
        "all are told in rounds, a few in each turn of the loop",
        "observability/state/audience.py",
        "        for _ in range(min(AT_ONCE, len(self._round))):\n",
        "        for _ in range(len(self._round)):\n",
        "tests.observability.state.test_audience.RoundTests.test_few_readers_are_told_in_one_turn",
    ),
    Promise(
        "a copy of what went to the old processor does not run at the new one",
        "the server knows where each plain line of the last seconds went",
        "repeater/routing.py",
        "            and sent.to != way.name\n",
        "            and not sent.to\n",
        "tests.repeater.test_trail.PlainTests"
        ".test_a_copy_of_what_runs_at_the_old_one_gets_its_reply",
    ),
    Promise(
        "a key that went to the old processor runs at no other",
        "the server knows where each key went, and asks there",
        "repeater/routing.py",
        "        if went and went != way.name:\n",
        "        if went and not way.name:\n",
        "tests.repeater.test_trail.KeyTests"
        ".test_a_key_that_was_sent_there_is_answered_there_or_with_201",
    ),
    Promise(
        "a wrong file changes no route",
        "it is read wholly, as at a start, before anything is changed",
        "server/routing/reload.py",
        "            now = self._read()\n            self._change(now.settings)\n",
        "            self._change(self._last.settings)\n            now = self._read()\n",
        "tests.server.routing.test_reload.ReloadTests"
        ".test_a_file_that_is_wrong_changes_nothing_and_the_log_says_why",
    ),
    Promise(
        "an instrument is told once to move",
        "only what makes safe has a number of times that it may be sent",
        "instruments/members.py",
        'repeat=table.integer("repeat", 3, minimum=1, maximum=10) if safe else 1',
        'repeat=table.integer("repeat", 3, minimum=1, maximum=10)',
        "tests.instruments.test_bound_item.ValveTests"
        ".test_an_answer_that_is_lost_is_no_reason_to_send_it_again",
    ),
    Promise(
        "no late answer answers another question",
        "after one that did not come nothing is asked until it can no longer come",
        "instruments/bus.py",
        "        self._incoming.forget()\n        self._keep_quiet(self._wire.limits.late)\n",
        "        self._incoming.forget()\n",
        "tests.instruments.test_bus.BusTests.test_a_late_answer_is_not_that_of_the_next_question",
    ),
    Promise(
        "nor is one to what makes safe and was sent in the quiet",
        "an instrument's wire is quiet for as long again after it",
        "instruments/bus.py",
        "                self._keep_quiet(self._wire.limits.late)\n\n    def _end_job",
        "                pass\n\n    def _end_job",
        "tests.instruments.test_bus.BusTests"
        ".test_the_answer_to_what_was_sent_in_the_quiet_is_no_other_s",
    ),
    Promise(
        "an answer with more behind it is none",
        "which of two is its own nobody can tell: both are dropped",
        "instruments/incoming.py",
        '                if not self.pass_over(b"" if ends.size else _BLANKS):',
        '                if self.pass_over(b"" if ends.size else _BLANKS) is None:',
        "tests.instruments.test_bus.BusTests.test_an_answer_with_another_behind_it_is_neither",
    ),
    Promise(
        "no value comes of garbage",
        "a number or text is all of what its pattern says, and no byte of it is passed over",
        "instruments/fields.py",
        'return _plain(data.decode("latin-1").strip(" "))',
        'return data.decode("latin-1").strip()',
        "tests.instruments.test_pattern.PatternTests.test_what_is_no_text_is_no_part_of_a_word",
    ),
    Promise(
        "nor one of Modbus TCP",
        "each question has a number, and an answer with another one is passed over",
        "instruments/modbus/frames.py",
        "        if frame.transaction != self.transaction:\n",
        "        if frame.transaction > self.transaction:\n",
        "tests.instruments.modbus.test_bus.TcpTests"
        ".test_the_answer_of_a_question_that_was_given_up_is_passed_over",
    ),
    Promise(
        "a unit that failed half way has not refused",
        "what an exception of Modbus leaves open is unknown (201) until a reading shows it",
        "instruments/modbus/refusals.py",
        "code not in _UNCERTAIN",
        "bool(code)",
        "tests.instruments.modbus.test_exchange.ExchangeTests"
        ".test_a_refusal_is_sure_only_where_nothing_can_have_been_done",
    ),
    Promise(
        "unknown is neither open nor closed",
        "only the two words say so; a fault, silence and what was never asked are invalid",
        "instruments/valve.py",
        'return {"open": True, "closed": False}.get(str(self._item.latest(_STATE).value))',
        'return str(self._item.latest(_STATE).value) == "open"',
        "tests.instruments.test_hardware.ValveTests.test_a_fault_is_neither_open_nor_closed",
    ),
    Promise(
        "what makes safe goes first on an instrument's wire",
        "it has a queue of its own, looked at before the other",
        "instruments/jobs.py",
        "        while jobs := self.urgent or self._others:\n",
        "        while jobs := self._others or self.urgent:\n",
        "tests.instruments.test_bus.BusTests.test_what_makes_safe_passes_what_waits",
    ),
    Promise(
        "and is not undone by what waited for the wire",
        "at its turn it is asked whether its part was made safe meanwhile",
        "instruments/jobs.py",
        "            if job.still():\n",
        "            if job.still:\n",
        "tests.instruments.test_bound_item.ValveTests"
        ".test_what_waits_when_it_is_made_safe_is_not_sent_any_more",
    ),
    Promise(
        "what was sent is never said not to be",
        "what was sent unheard, while late answers were waited for, is unknown (201)",
        "instruments/bus.py",
        "            job.unheard = True\n",
        "            job.unheard = False\n",
        "tests.instruments.test_bound_item.ValveTests"
        ".test_what_was_sent_unheard_is_not_said_not_to_be_sent",
    ),
    Promise(
        "a silent instrument holds up no other on its wire",
        "what is polled of it is asked one by one, less and less often",
        "instruments/bound_item.py",
        "        if not self.instrument.rests:\n",
        "        if self.instrument:\n",
        "tests.instruments.modbus.test_silent_unit.SilentUnitTests"
        ".test_it_keeps_no_other_from_being_asked",
    ),
    Promise(
        "a laser has power only while it is known to be enabled",
        "its state is asked, or it was told so since it was connected",
        "lab/bound/output.py",
        "        except NoResponseError:\n            return False\n",
        "        except NoResponseError:\n            return True\n",
        "tests.lab.bound.test_laser.BlindTests"
        ".test_one_that_comes_again_may_have_been_switched_off",
    ),
    Promise(
        "a pattern does not go on behind what ends it",
        "before each move it looks whether it was aborted, or the stage is another's",
        "lab/bound/patterns.py",
        "                if mine != self._begun:\n                    return\n",
        "                if not mine:\n                    return\n",
        "tests.lab.bound.test_patterns.PatternTests.test_abort_stops_the_stage_at_once",
    ),
    Promise(
        "an instrument in another's place is told nothing",
        "at each connect it is asked what it is, before what moves",
        "instruments/instrument.py",
        "            bus.on_return.append(self._returned)\n",
        "",
        "tests.instruments.test_bound_item.IdentifiedTests"
        ".test_another_that_is_plugged_in_is_told_nothing",
    ),
    Promise(
        "a ramp does not go on behind what makes safe",
        "each step looks whether the device was made safe since it began",
        "instruments/ramp.py",
        "                if mine != (self._begun, self._item.made_safe):",
        "                if False:",
        "tests.instruments.test_ramp.RampTests.test_what_makes_safe_ends_it",
    ),
    Promise(
        "a device that is silent is made safe",
        "until that is done, as the first that it is told when it is back",
        "instruments/safe_device.py",
        "            Deferred.fromCoroutine(self._silenced(told.reason))\n",
        "            pass\n",
        "tests.instruments.test_safe_device.SafeDeviceTests"
        ".test_silence_makes_it_safe_as_soon_as_it_can_be",
    ),
    Promise(
        "an Enable does not go on behind a Disable",
        "what is between two questions sees that the laser was made safe meanwhile",
        "lab/bound/output.py",
        "        await self._check_interlocks()\n        self._check_still(before, EnableError)\n",
        "        await self._check_interlocks()\n",
        "tests.lab.bound.test_laser.LightTests"
        ".test_disable_goes_first_and_what_waits_to_give_light_is_not_sent",
    ),
    Promise(
        "two computers never both drive one valve",
        "a lease of the server's counts from the processor's own word, whatever the delay",
        "processor/server_lease.py",
        "            self._lease(verb, said_at + LEASE, now)\n",
        "            self._lease(verb, now + LEASE, now)\n",
        "tests.server.routing.test_pair.HistoryTests"
        ".test_there_are_never_two_owners_and_in_the_end_there_is_one",
    ),
    Promise(
        "a processor that was cut off does not act when it is back",
        "the lease is asked in the driver's thread, just before the driver",
        "processor/execution/fenced.py",
        "            self._fence.check(call.safe)\n            take()\n",
        "            take()\n",
        "tests.processor.test_fenced.FencedRunnerTests"
        ".test_nothing_is_taken_that_acts_once_it_is_shut",
    ),
    Promise(
        "a standby waits for what may still lie in a socket",
        "`free` over another connection ends no lease",
        "server/routing/member.py",
        "            self._may_own_until = self._sent_elsewhere_until\n",
        "            self._may_own_until = -math.inf\n",
        "tests.server.routing.test_member.MemberTests"
        ".test_what_lies_unread_on_an_old_connection_is_waited_for",
    ),
    Promise(
        "who takes over waits until the one before cannot act any more",
        "longer than his lease and the time to make safe, whatever has become of him",
        "broker/ownership.py",
        "WAIT = (LEASE + SAFE) * 1.01\n",
        "WAIT = LEASE\n",
        "tests.broker.test_ownership.TwoTests."
        "test_never_two_at_an_instant_whatever_is_frozen_cut_or_late",
    ),
    Promise(
        "what comes by a broker is begun when that has it written down, and no sooner",
        "its record and its acknowledgement are awaited together",
        "broker/intake.py",
        "            await gatherResults(seen, consumeErrors=True)\n",
        "            await seen[-1]\n",
        "tests.broker.test_intake.IntakeTests.test_acknowledged_and_not_written_yet_it_waits",
    ),
    Promise(
        "a log that is deleted takes no knowledge from who has read it",
        "a log that is read anew adds to what is known",
        "broker/memory.py",
        "        self._earlier = {_identity(each) for each in self._records}\n",
        "        self._records.clear()\n",
        "tests.broker.test_memory.MemoryTests"
        ".test_what_was_known_is_known_where_the_log_was_deleted",
    ),
    Promise(
        "a lost reply is asked for by its key",
        "of whoever owns the hardware then, before 201 is said",
        "broker/repeater.py",
        "        if waiting.key:\n            lost = LostReply",
        "        if not waiting:\n            lost = LostReply",
        "tests.broker.test_repeater.RepeaterTests.test_what_has_a_key_is_asked_of_the_next_owner",
    ),
    Promise(
        "what a broker delivers again is not run again",
        "it may have begun at another processor: 201",
        "broker/intake.py",
        "        if redelivered:\n",
        "        if redelivered and False:\n",
        "tests.broker.test_intake.IntakeTests.test_one_that_comes_again_is_never_run",
    ),
)


def table() -> str:
    """The page's rows."""
    return "\n".join(
        f"| {each.text} | {each.how} | [{each.test.rpartition('.')[2]}](../{each.test_file}) |"
        for each in PROMISES
    )


def write_page() -> None:
    """Put the rows into the page, in place of those that are there."""
    head, _, rest = PAGE.read_text("utf-8").partition("|---|---|---|\n")
    PAGE.write_text(f"{head}|---|---|---|\n{table()}\n\n{rest.partition(chr(10) * 2)[2]}", "utf-8")


def breaks(promise: Promise, folder: Path, *, sound: bool) -> str:
    """What is wrong with a promise, in that copy of the project; empty where its test proves it.

    ``sound``: its test has been seen to pass there.
    """
    file = folder / "pychron_comms" / promise.file
    whole = file.read_text("utf-8")
    if whole.count(promise.kept) != 1:
        return "its mechanism is not where it was"
    if not (sound or passes([promise.test], folder)):
        return "its test fails before anything is broken"
    _write(file, whole.replace(promise.kept, promise.broken))
    try:
        return "its test does not notice" if passes([promise.test], folder) else ""
    finally:
        _write(file, whole)


def _write(file: Path, text: str) -> None:
    """Put a text there, and let no compiled one of the same second and size pass for it."""
    file.write_text(text, "utf-8")
    Path(cache_from_source(str(file))).unlink(missing_ok=True)


def passes(tests: Sequence[str], folder: Path) -> bool:
    command = [sys.executable, "-m", "twisted.trial", "--reporter=text", *tests]
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, timeout=_PATIENCE, check=False
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def broken_one_by_one(promises: Sequence[Promise]) -> Iterator[tuple[Promise, str]]:
    """Each with what is wrong with it, in a copy of the project."""
    with tempfile.TemporaryDirectory(prefix="promises-") as name:
        folder = Path(name)
        for part in ("pychron_comms", "tests", "twisted"):
            shutil.copytree(ROOT / part, folder / part)
        sound = passes([promise.test for promise in promises], folder)
        for promise in promises:
            yield promise, breaks(promise, folder, sound=sound)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.promises")
    parser.add_argument("--write", action="store_true", help=f"write the rows of {PAGE.name}")
    parser.add_argument("--jobs", type=int, default=1, help="how many at a time")
    options = parser.parse_args()
    if options.write:
        write_page()
        return 0

    def broken(share: int) -> int:
        wrong = 0
        for promise, problem in broken_one_by_one(PROMISES[share :: options.jobs]):
            wrong += bool(problem)
            print(f"{'WRONG' if problem else 'ok':5}  {promise.text:55}  {problem}", flush=True)
        return wrong

    with ThreadPoolExecutor(options.jobs) as pool:
        wrong = sum(pool.map(broken, range(options.jobs)))
    print(f"{len(PROMISES)} promises, {wrong} without a test that fails when they are broken")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
