"""Once, and in time."""

from __future__ import annotations

from tests.promises.promise import Promise

ONCE = (
    Promise(
        "nothing a client re-sends is run twice",
        "Pychron's client asks again on a new connection after 1.03 s: the copy joins the"
        " command that still runs",
        "processor/execution/copies.py",
        "        what = plain.what if running else",
        "        what = None if running else",
        "tests.processor.test_copies.WhileItRunsTests.test_a_copy_by_another_connection_joins_the_first",
    ),
    Promise(
        "a copy that comes late undoes nothing",
        "the first word of an older connection, whose part was changed since, is not run (202)",
        "processor/execution/copies.py",
        "        if may_be_late and is_changed and is_first(ask):\n",
        "        if False:\n",
        "tests.processor.test_late_copies.LateTests"
        ".test_a_first_word_past_a_change_is_neither_run_nor_told_ok",
    ),
    Promise(
        "nor does a datagram that lay for long",
        "what may have lain for half a second at a server that stood still is not begun (202)",
        "server/datagrams.py",
        "if asked in handler.not_begun else None\n",
        "if False else None\n",
        "tests.server.test_datagram_twins.TwinTests"
        ".test_what_acts_and_lay_there_for_long_is_not_begun",
    ),
    Promise(
        "nor is it said of its copy, which came before, that it is not begun",
        "what may have lain there is in doubt (201) where a line like it was passed on",
        "server/datagrams.py",
        "(handler.in_doubt if asked in handler.passed_on else handler.not_begun).add(asked)",
        "handler.not_begun.add(asked)",
        "tests.server.test_datagram_twins.TwinTests"
        ".test_where_one_like_it_was_passed_on_before_nobody_knows_what_is_begun",
    ),
    Promise(
        "also between two computers",
        "what takes longer than the quickest command of the last minute was held up for that long",
        "processor/lateness.py",
        "        return on_the_way(left, now - self._least(took, now))"
        " if math.isfinite(took) else 0.0\n",
        "        return 0.0\n",
        "tests.processor.test_lateness.LatenessTests"
        ".test_the_first_has_none_and_tells_what_the_others_take",
    ),
    Promise(
        "nor does a stop double a command",
        "what was done before a processor was stopped is not done again by a copy, nor told `OK`"
        " (201)",
        "processor/execution/recall.py",
        '            (begun, ended.undone(begun.record["command"], by), at)\n',
        "            (begun, ended, at)\n",
        "tests.processor.test_recall.RecallTests"
        ".test_what_a_clean_stop_may_have_undone_is_neither_done_again_nor_told_ok",
    ),
    Promise(
        "nor a stop that is cut short by a kill",
        "that everything is made safe is written down as it begins, not when it is over",
        "processor/hardware_manager.py",
        "        self._audit.note(ALL_SAFE, why=why)\n",
        "",
        "tests.processor.test_recall.RecallTests"
        ".test_so_is_what_was_done_where_a_stop_was_cut_short_by_a_kill",
    ),
    Promise(
        "nor is a key forgotten where the clock was set forward",
        "how long a key is known yet is written down in seconds, and time in which nothing was "
        "written is none",
        "processor/execution/recall.py",
        '        left = record.get("left") or self._now.left(record["until"])\n',
        '        left = self._now.left(record["until"])\n',
        "tests.processor.test_recall.RecallTests"
        ".test_a_clock_that_was_set_forward_makes_no_key_older",
    ),
    Promise(
        "nor where it was set so while a processor ran",
        "past six hours without a record, keys and leases are carried over to the next one",
        "journal/roll.py",
        "        if now - self._looked >= _CARRY_AFTER:\n            self._begin_checkpoint()\n",
        "",
        "tests.journal.test_turning.CarryingOver"
        ".test_so_it_is_where_the_clock_was_set_forward_past_all_that_a_start_reads",
    ),
    Promise(
        "time that a copy lies is nobody's",
        "whether it comes in time is reckoned by when it left its server, where the processor stood"
        " still",
        "processor/execution/copies.py",
        "        if not plain.may_be_copied_by(sent):\n",
        "        if not plain.may_be_copied_by(sent + call.context.age):\n",
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
        "not by another processor either",
        "one that starts reads what was refused just now, whether the one before it was stopped or"
        " killed",
        "processor/hardware_manager.py",
        "                commands.refused(record)\n",
        "                pass\n",
        "tests.processor.test_recalled_refusals.RefusalTests"
        ".test_what_a_stop_has_refused_is_refused_to_a_datagrams_copy",
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
        "and what was read is no reply to another who asks the same",
        "a server tells that before it asks what may be a copy: a command of another connection, or"
        " of none",
        "transport/taken.py",
        "(not connection or self._connections != {connection})\n",
        "False\n",
        "tests.repeater.test_taken.TakenTests"
        ".test_replies_that_were_read_are_told_before_a_command_that_may_be_a_copy",
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
        "and `OK` is true",
        "a kept reply ends when anybody, a safe state too, changes a part that its command moves",
        "processor/execution/copies.py",
        "        if not is_changed:\n",
        "        if True:\n",
        "tests.processor.test_copies_past_a_change.PastAChangeTests.test_by_a_safe_state",
    ),
    Promise(
        "nor does a copy undo what another did",
        "past another's change it gets 201, unless it is known that the first reply was read",
        "processor/execution/copies.py",
        "        return _undone(plain)\n\n    def opened",
        "        return None\n\n    def opened",
        "tests.processor.test_copies_past_a_change.PastAChangeTests.test_by_another_computer",
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
        "nor what lay at a server that stood still until its client had gone",
        "the connection's end is there with it; who put a key on it may ask for it again",
        "server/dispatcher.py",
        "        elif is_tagged and not (context.key or context.safe) and client.has_gone:\n",
        "        elif False:\n",
        "tests.server.resend.test_delivery.GoneBeforeTests"
        ".test_nor_is_one_with_an_id_that_nobody_can_ask_for_again",
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
        "also where it waited at a server that stood still",
        "what a request may have lain there is taken off its `within`, as Linux tells of its "
        "connection",
        "server/dispatcher.py",
        "            context = context._replace(within=context.within - client.lain)\n",
        "            pass\n",
        "tests.server.test_dispatcher.LyingTests"
        ".test_the_time_of_its_sender_counts_from_when_it_came",
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
        "nor is a command of long ago a copy where the clock was set back",
        "what earlier processes wrote is as old as it is beside the latest of it",
        "processor/execution/recall.py",
        "ahead = max(when(self._at) - self._clock, 0.0) if self._at else 0.0",
        "ahead = 0.0",
        "tests.processor.test_recall.RecallTests"
        ".test_a_clock_that_was_set_back_makes_nothing_newer",
    ),
)
