"""``pychron-journal replay``, with a laboratory that says what the test wants."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace

from pychron_comms.journal import replay
from pychron_comms.journal.file_journal import FileJournal
from tests.journal.test_command import Command


class Laboratory:
    """Answers from ``replies``, and ``OK`` to all else; keeps what it was asked."""

    def __init__(self) -> None:
        self.replies: dict[str, str] = {}
        self.asked: list[str] = []

    def ask(self, line: str) -> str:
        self.asked.append(line)
        return self.replies.get(line, "OK")


class Replay(Command):
    def setUp(self) -> None:
        super().setUp()
        self.laboratory = Laboratory()

        @contextmanager
        def started() -> Iterator[Laboratory]:
            yield self.laboratory

        self.patch(replay, "_laboratory", started)

    def more(self, *commands: tuple[str, str]) -> None:
        """Commands that began in this order and ended in the opposite one."""
        journal = FileJournal(self.path, now=lambda: self.time)
        begun = [
            (
                journal.write(
                    "begin", {"type": "System", "command": command, "sender": "10.0.0.5"}
                ),
                reply,
            )
            for command, reply in commands
        ]
        for number, reply in reversed(begun):
            journal.write("end", {"of": number, "reply": reply})
        journal.close()

    def test_what_is_answered_alike_is_fine(self) -> None:
        self.assertEqual(
            self.run_command("replay", self.path),
            (0, [f"{self.path}: 1 command, 0 replies differ"]),
        )
        self.assertEqual(self.laboratory.asked, ["System|Open A"])

    def test_each_difference_is_told_with_its_record(self) -> None:
        self.more(("Open B", "OK"), ("Open C", "ERROR 014 : Valve C is software locked"))
        self.laboratory.replies["System|Open A"] = "ERROR 003 : no"
        status, lines = self.run_command("replay", self.path)

        self.assertEqual(status, replay.DIFFERENT)
        self.assertEqual(self.laboratory.asked, ["System|Open A", "System|Open B", "System|Open C"])
        self.assertEqual(
            lines,
            [
                "record 4: System|Open A: it was 'OK', it is 'ERROR 003 : no'",
                "record 9: System|Open C: it was 'ERROR 014 : Valve C is software locked', "
                "it is 'OK'",
                f"{self.path}: 3 commands, 2 replies differ",
            ],
        )

    def test_one_difference_is_one(self) -> None:
        self.laboratory.replies["System|Open A"] = "True"
        _, lines = self.run_command("replay", self.path)

        self.assertEqual(lines[-1], f"{self.path}: 1 command, 1 reply differs")

    def test_only_what_ended_and_is_known_as_a_whole_is_asked(self) -> None:
        self.more(("Open\tB", "OK"), ("", "OK"), ("Open D", "OK"))
        journal = FileJournal(self.path, now=lambda: self.time)
        journal.write("begin", {"type": "System", "command": "Open E", "sender": "10.0.0.5"})
        journal.write("end", {"command": "Open F", "sender": "10.0.0.5", "reply": "OK"})
        journal.close()
        self.run_command("replay", self.path)

        self.assertEqual(self.laboratory.asked, ["System|Open A", "System|Open D"])

    def test_one_whose_begin_could_not_be_written_is_asked_first(self) -> None:
        journal = FileJournal(self.path, now=lambda: self.time)
        journal.write(
            "end", {"type": "System", "command": "Close F", "sender": "10.0.0.5", "reply": "OK"}
        )
        journal.close()
        self.run_command("replay", self.path)

        self.assertEqual(self.laboratory.asked, ["System|Close F", "System|Open A"])

    def test_a_system_without_unix_sockets_has_no_replay(self) -> None:
        self.patch(replay, "socket", SimpleNamespace())
        self.assertEqual(self.run_command("replay", self.path), (2, []))
        why = "pychron-journal: replay needs unix sockets, which this system has not\n"
        self.assertEqual(self.errors.getvalue(), why)

    def test_what_is_asked_can_be_narrowed(self) -> None:
        self.more(("Open B", "OK"))
        self.run_command("replay", self.path, "--target", "B")

        self.assertEqual(self.laboratory.asked, ["System|Open B"])
