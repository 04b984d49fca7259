"""Many machines."""

from __future__ import annotations

from tests.promises.promise import Promise

MACHINES = (
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
        "what went to the old processor is never said to be unseen",
        "what became of a key is asked where the key went, and is unknown where that cannot tell",
        "repeater/routing.py",
        '        if went not in {"", way.name}:\n',
        "        if went and not way.name:\n",
        "tests.repeater.test_what_is_sent.OutcomeTests"
        ".test_it_is_unknown_where_that_one_cannot_tell",
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
        "            self._fence.check(call.safe)\n",
        "",
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
        "two servers of one pair never give it to two",
        "while a processor listens to another, this server gives the hardware to neither",
        "server/routing/member.py",
        "            self._may_own_for_now()\n            return\n",
        "            return\n",
        "tests.server.routing.test_pair.StartTests"
        ".test_while_one_listens_to_another_server_the_other_is_given_nothing",
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
        "nobody can write what makes a processor the owner for longer",
        "a beat proves something only where this process has sent that very one",
        "broker/ownership.py",
        "return next((at for known, at in self._sent if known == body), None)",
        'return float(body.partition(b" ")[2]) if body.startswith(b"me ") else None',
        "tests.broker.test_ownership.BeatsTests"
        ".test_only_what_was_sent_is_known_and_not_what_anybody_can_write",
    ),
    Promise(
        "no flood of requests takes the hardware from its owner",
        "its beats come by another connection than what is only read or makes safe",
        "broker/standby.py",
        "        await self._chosen.begin(publishing)\n",
        "        await self._chosen.begin(consuming)\n",
        "tests.faults.test_takeovers.FloodTests"
        ".test_requests_that_stand_before_everything_hold_up_no_beat",
    ),
    Promise(
        "nor do many reads hold up what makes safe",
        "64 of them are on the way at a time, and the rest stands at the broker",
        "broker/lane.py",
        '        await self._channel.ask("basic_qos", prefetch_count=AHEAD)\n',
        "",
        "tests.broker.test_lane.ReadLaneTests.test_few_are_on_the_way_at_a_time",
    ),
    Promise(
        "a queue that is made anew behind everybody's back is served again",
        "an owner that hears nothing by a lane for 3 s sends a probe, which must come back in 4 s",
        "broker/lane.py",
        "        return now - self._probed < PATIENCE\n",
        "        return True\n",
        "tests.faults.test_takeovers.MadeAnewTests.test_one_that_requests_come_by_is_served_again",
    ),
    Promise(
        "and one that says who owns the hardware leaves it without an owner for seconds only",
        "who hears nothing by it for 10 s makes his subscription anew, which proves nothing yet",
        "broker/chosen.py",
        "        elif self._seconds() - self._heard >= AGAIN:\n",
        "        elif False:\n",
        "tests.faults.test_takeovers.MadeAnewTests"
        ".test_by_the_owners_somebody_is_chosen_again_and_by_it_who_stands_by",
    ),
    Promise(
        "no message takes the hardware from its owner",
        "one whose properties cannot be read is left, as any that is none of ours",
        "broker/adapter.py",
        "            if bare is None:\n",
        "            if bare is not None:\n",
        "tests.broker.test_adapter.ChannelTests"
        ".test_a_message_whose_properties_nobody_can_read_is_one_without_any",
    ),
    Promise(
        "what makes safe is not refused because its queue is full",
        "it is published again until its time is over",
        "broker/repeater.py",
        "            and sending.lane is Lane.SAFE\n",
        "            and sending.lane is None\n",
        "tests.broker.test_repeater.RepeaterTests"
        ".test_what_makes_safe_is_sent_again_where_its_queue_is_full",
    ),
    Promise(
        "what somebody takes away at the broker leaves no set unreachable",
        "queues are made again when they are gone, and bindings every 10 s",
        "broker/topology.py",
        "        self._due = self._seconds() + AGAIN\n",
        "        return\n",
        "tests.faults.test_takeovers.UnboundTests"
        ".test_bindings_that_somebody_takes_away_are_made_again",
    ),
    Promise(
        "no bug leaves hardware without an owner for ever",
        "one that meets a beat is logged, and the next beat is sent",
        "broker/ticks.py",
        "        except Exception:\n",
        "        except NotImplementedError:\n",
        "tests.broker.test_standby.BeatTests.test_a_bug_in_one_beat_ends_no_others",
    ),
    Promise(
        "what comes by a broker is begun when that has it written down, and no sooner",
        "its record goes by one channel with its acknowledgement, behind it, and is awaited",
        "broker/intake.py",
        "            await seen\n",
        "            await succeed(None)\n",
        "tests.broker.test_intake.IntakeTests.test_written_acknowledged_seen_and_only_then_run",
    ),
    Promise(
        "a log that is deleted takes no knowledge from who has read it",
        "what is read of another one adds to what is known",
        "broker/memory.py",
        "        self._records.append(record)\n",
        "        self._records = deque([record])\n",
        "tests.broker.test_memory.MemoryTests"
        ".test_what_was_known_is_known_where_the_log_was_deleted",
    ),
    Promise(
        "what a broker's node took with it is told again by who did it",
        "a record is kept until the broker has confirmed it, and goes first by the next connection",
        "broker/log_writer.py",
        "        for number, told in list(self._kept.items()):\n",
        "        for number, told in ():\n",
        "tests.broker.test_log_writer.LogWriterTests"
        ".test_what_is_not_confirmed_is_written_again_first_of_all_and_in_its_order",
    ),
    Promise(
        "no command is in a driver's hands while only its processor knows",
        "its begin is told at once, unless the log has it that the command was taken",
        "broker/log_writer.py",
        '        if self._waiting_size > _LARGE or (event == "begin" and not is_known):\n',
        "        if self._waiting_size > _LARGE:\n",
        "tests.broker.test_log_writer.TogetherTests"
        ".test_a_begin_that_the_log_knows_nothing_of_does_not_wait",
    ),
    Promise(
        "who was away passes over nothing of the log, be it another one",
        "it goes on there only where it finds what it had read, and else reads all of it again",
        "broker/log_reader.py",
        "        if self._expected is not None and place != self._expected:\n",
        "        if self._expected is not None and place is None:\n",
        "tests.broker.test_log_reader.LogReaderTests"
        ".test_where_another_one_is_in_its_place_it_is_read_from_its_beginning",
    ),
    Promise(
        "what a broker's log has twice was done once",
        "a record is known by its epoch and its body, and counts where it came first",
        "broker/memory.py",
        "        if record in self._known:\n",
        "        if record in ():\n",
        "tests.broker.test_memory.MemoryTests"
        ".test_what_comes_twice_counts_once_and_where_it_came_first",
    ),
    Promise(
        "who takes over by a broker knows which replies were read",
        "each server tells the new owner what its clients have read lately",
        "broker/repeater.py",
        "        for ask in self._read_lately.asks():\n",
        "        for ask in ():\n",
        "tests.broker.test_repeater.RepeaterTests.test_another_owner_is_told_what_was_read_lately",
    ),
    Promise(
        "a lost reply is asked for by its key",
        "of whoever owns the hardware then, before 201 is said",
        "broker/sent.py",
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
