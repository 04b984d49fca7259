"""A line and its reply."""

from __future__ import annotations

from tests.promises.promise import Promise

REPLIES = (
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
        "            if reply is None:\n                break\n",
        "            if reply is None:\n                continue\n",
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
        '            self._give_up(number, "the processor was lost during")\n',
        "            waiting = self._pending.pop(number)\n"
        '            again = self._owner.get_response("System", waiting.command, "")\n'
        "            again.chainDeferred(waiting.response)\n",
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
)
