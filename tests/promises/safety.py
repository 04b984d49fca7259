"""What makes safe."""

from __future__ import annotations

from tests.promises.promise import Promise

SAFETY = (
    Promise(
        "what makes safe passes the queue",
        "`Close`, `Disable`, `StopDrive`, `AbortPattern` and their like begin at once",
        "processor/execution/manager_queue.py",
        "        if call.safe:\n            return self._making_safe.submit(",
        "        if False:\n            return self._making_safe.submit(",
        "tests.processor.test_making_safe.CommandTests.test_what_makes_safe_passes_the_queue",
    ),
    Promise(
        "and is not undone by what waited",
        "what waited to act on the same part is dropped (210)",
        "processor/execution/manager_queue.py",
        "            if _acts_on(job, moves):",
        "            if False:",
        "tests.processor.test_making_safe.CommandTests"
        ".test_what_waited_to_actuate_is_dropped_when_something_makes_safe",
    ),
    Promise(
        "nor by what ran",
        "where something that acts on the same part had begun before, making safe is done again"
        " when that has ended, and only then answered `OK`",
        "processor/execution/safety.py",
        "result = await again.act(action.again())",
        "result = 'OK'",
        "tests.processor.test_safety.LastWordTests.test_it_is_done_again_before_its_ok",
    ),
    Promise(
        "and is refused by no limit, system lock or stop",
        "they are not in its way, nor is a deadline while it waits; a valve's own lock or owner, or"
        " another's lease of it, is",
        "processor/hardware_manager.py",
        "            if self._stopping and not call.safe:\n",
        "            if self._stopping:\n",
        "tests.processor.test_hardware_manager.StopTests"
        ".test_what_makes_safe_is_run_until_nobody_can_ask",
    ),
    Promise(
        "nor given up while it goes on",
        "at a stop what waits to be made safe is done, as long as some of it ends in each 4 s; for "
        "20 s at most",
        "processor/hardware_manager.py",
        "[*safe, *[queue.made_safe() for queue in self._queues]]",
        "safe",
        "tests.processor.test_ending.EndingTests"
        ".test_all_of_it_is_done_where_some_of_it_ends_in_each_few_seconds",
    ),
    Promise(
        "and is `OK` only where it is so",
        "at a stop, what began before it on its part and is given up may still undo it: it is done"
        " again, and told 201",
        "processor/execution/safety.py",
        "if rival.given_up:",
        "if False:",
        "tests.processor.test_safety.LastWordTests"
        ".test_a_command_is_not_told_ok_of_what_still_runs_at_the_stop",
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
        "nor do others' many take it",
        "of what makes safe each sender has some places, the senders take turns, and what one asks"
        " again is done once for all",
        "processor/execution/safe_turns.py",
        "            if lane:\n                self.lanes[sender] = lane\n",
        "            if lane:\n                self.lanes[sender] = lane\n"
        "                self.lanes.move_to_end(sender, last=False)\n",
        "tests.processor.test_safe_turns.OrderTests.test_one_senders_many_hold_up_anothers_by_one",
    ),
    Promise(
        "nor a thousand that come at once",
        "a processor lets a few of them go ahead at a time, of each sender in turn",
        "processor/command_processor.py",
        "        return super().go_ahead(line) if _TAKEN.match(line) else NOT_NOW\n",
        "        return super().go_ahead(line)\n",
        "tests.processor.test_command_processor.SessionTests"
        ".test_one_clients_flood_of_what_makes_safe_holds_up_anothers_by_little",
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
        "also at a processor, unless it has its turn within some milliseconds",
        "it waits for it only where few lines are before it, of a known length, and nobody else's",
        "processor/command_processor.py",
        "        return is_short and not others and self.pressure.may_begin\n",
        "        return True\n",
        "tests.processor.test_command_processor.SessionTests.test_it_goes_ahead_where_it_has_not",
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
        "also of datagrams",
        "of one sender's it goes ahead of what waits, is done again behind it, and answered then",
        "transport/datagram_lanes.py",
        "        if self._plain:\n            self._ahead",
        "        if False:\n            self._ahead",
        "tests.transport.test_datagram_lanes.LaneTests"
        ".test_what_makes_safe_goes_ahead_and_is_done_again_in_its_turn",
    ),
    Promise(
        "begun is begun",
        "a command can be overtaken, expire or be forgotten until its manager's thread takes it",
        "processor/execution/execution.py",
        "        if not self._move(Event.TAKE):\n",
        "        if False:\n",
        "tests.processor.test_execution.HandOverTests.test_until_it_is_taken_it_can_be_prevented",
    ),
)
