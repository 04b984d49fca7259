"""Seen."""

from __future__ import annotations

from tests.promises.promise import Promise

WATCHING = (
    Promise(
        "what is not known is not shown as known",
        "a lost or silent processor makes all that it told invalid within 2 s, on the page and in"
        " the stream",
        "server/state/mirror.py",
        "        self._patience.wait(PATIENCE)\n",
        "        pass\n",
        "tests.server.state.test_mirror.MirrorTests"
        ".test_a_silent_processor_is_not_believed_within_two_seconds",
    ),
    Promise(
        "a driver that hangs is seen to",
        "what was asked and says nothing is stale within 2 s of being lost, whenever that was",
        "processor/state/looks.py",
        "            self._wait_until(watched, FRESH)\n",
        "            pass\n",
        "tests.processor.state.test_publisher.LookTests.test_whenever_it_hangs",
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
        "        written = self._ledger.write(then, doing.what, sender=doing.sender, "
        "**doing.fields)\n",
        "        written: Deferred[None] = Deferred()\n        written.callback(None)\n",
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
        "nor is it written where nobody will find it",
        "a file that was removed or moved is told of at the next write, and begun anew",
        "history/recorder.py",
        "                store.check_is_there()\n",
        "                pass\n",
        "tests.history.test_recorder.FullDiskTests"
        ".test_a_file_that_was_taken_away_is_told_and_begun_anew",
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
)
