"""Bounded."""

from __future__ import annotations

from tests.promises.promise import Promise

BOUNDS = (
    Promise(
        "bounded",
        "lines, connections, commands in flight, queues, unread replies, silence: each "
        "has a limit, an error and a number",
        "transport/connections.py",
        "        elif len(self._open) >= limits.connections and not self._make_room(host):",
        "        elif False:",
        "tests.transport.test_limits.ConnectionLimitTests"
        ".test_who_comes_beyond_the_limit_is_told_so_and_closed",
    ),
    Promise(
        "a few computers cannot take all the room",
        "where a listener is full, the computer that has the most connections gives one up for one "
        "that has fewer",
        "transport/connections.py",
        " and not self._make_room(host):",
        ":",
        "tests.transport.test_limits.ConnectionLimitTests.test_nor_can_four",
    ),
    Promise(
        "nor all the files that a process may have open",
        "a terminal's 1,024 are raised at a start to what all listeners together can take, or the "
        "log says that they are not",
        "process/open_files.py",
        "            resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))\n",
        "            pass\n",
        "tests.process.test_open_files.OpenFilesTests"
        ".test_as_many_as_wanted_where_the_system_lets_it",
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
        "self._connections.turns.at_once(len(lines), self._host)\n",
        "len(lines)\n",
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
        "nor does the end of one's connection hold them up there",
        "a server says whose it was, so that it takes its turn among what that one asked",
        "repeater/connection.py",
        """        self.say(f"Gone {session}", f";from={_name_of(sender)}")\n""",
        """        self.say(f"Gone {session}")\n""",
        "tests.repeater.test_endpoint.ContextTests.test_the_end_of_a_client_is_told",
    ),
    Promise(
        "and at each manager",
        "of what waits for it the senders take turns, and each has some places",
        "processor/execution/waiting_jobs.py",
        "        self._lanes.move_to_end(sender)\n",
        "",
        "tests.processor.test_waiting_jobs.WaitingJobsTests"
        ".test_one_senders_many_hold_up_anothers_by_one",
    ),
    Promise(
        "what a flood leaves in memory holds up nobody",
        "all of it is looked through for garbage seldom, and connections leave none in circles",
        "process/garbage.py",
        "    gc.set_threshold(*gc.get_threshold()[:2], LOOKS_BETWEEN)\n",
        "",
        "tests.process.test_garbage.GarbageTests"
        ".test_and_all_that_comes_later_is_looked_through_seldom",
    ),
    Promise(
        "nor do hundreds of connections",
        "of one computer's that say something, or end, a few are read in a turn of the loop",
        "transport/read_shares.py",
        "        if (share.left > 0 and not waits) or self._hosts() < 2:\n",
        "        if True:\n",
        "tests.transport.test_read_shares.ReadShareTests"
        ".test_a_few_of_one_host_are_read_in_a_turn_and_anothers_always",
    ),
    Promise(
        "nor does a long line",
        "a word that makes safe is looked for in it by each word alone",
        "server/resend/command_catalogue.py",
        "        if len(line) <= _SHORT:\n",
        "        if True:\n",
        "tests.server.resend.test_command_catalogue.DeclaredTests"
        ".test_also_a_long_one_by_each_word_alone",
    ),
    Promise(
        "another's datagram is found among a flood",
        "datagrams are read quicker than they can be worked off, and wait in a lane of each sender",
        "transport/datagram_lanes.py",
        "(address[0], 0) if self._of_host[address[0]] >= LANES_OF_HOST else address\n",
        '("", 0)\n',
        "tests.transport.test_datagram_lanes.LaneTests"
        ".test_anothers_single_one_is_found_among_a_flood",
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
        "nor does one whom TLS keeps out",
        "handshakes that fail are counted in the same way, however often one tries",
        "transport/tls/listening.py",
        '        cast("TLSFactory", self.factory).log.warn(\n            self._log,\n',
        "        self._log.warn(\n",
        "tests.transport.test_tls.AdmissionTests"
        ".test_who_tries_a_hundred_times_does_not_fill_the_log",
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
        "also where a terminal is closed",
        "SIGHUP then stops a processor as Ctrl-C does; the system would have left its lasers on",
        "process/hangup.py",
        "    reactor.callWhenRunning(Hangup(reactor, _nothing_is_read).watch)\n",
        "    Hangup(reactor, _nothing_is_read)\n",
        "tests.process.test_hangup.HangupTests"
        ".test_a_service_that_reads_nothing_again_is_not_ended_by_the_signal_itself",
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
        "a log that nobody reads holds up nobody",
        "a thread writes it; a terminal that stands still costs lines, which are counted",
        "process/log_output.py",
        "            if self._held and self._held + len(text) > ROOM:\n",
        "            self._changed.wait_for(lambda: self._held <= ROOM)\n            if False:\n",
        "tests.process.test_log_output.PipeTests.test_who_writes_never_waits_for_who_does_not_read",
    ),
    Promise(
        "nor do pages",
        "requests of pages are answered one by one, in a fifth of the time; hosts take turns",
        "observability/http/site.py",
        "        channel.site.turns.wait(self._process_in_turn, host)\n",
        "        self._process_in_turn()\n",
        "tests.observability.http.test_site.PageTests"
        ".test_a_thousand_requests_in_one_segment_are_not_answered_at_once",
    ),
)
