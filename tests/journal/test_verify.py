"""What shows that somebody has had a hand in a journal, and what does not."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.journal.chain import hash_of
from pychron_comms.journal.file_journal import FileJournal
from pychron_comms.journal.files import journal_files
from pychron_comms.journal.record import read_line
from pychron_comms.journal.verify import Head, Report, verify
from tests.properties import holds

Lines = list[bytes]


def sealed_anew(line: bytes, previous: bytes, body: Callable[[bytes], bytes]) -> bytes:
    """The record altered, with a hash that fits again, as one may make it without a secret."""
    record, before = read_line(line[:-1]), read_line(previous[:-1])
    assert record is not None
    assert before is not None
    altered = body(record.body)
    return b'%b,"hash":"%b"}\n' % (altered[:-1], hash_of(altered, before.hash, b"").encode())


class Verification(SynchronousTestCase):
    secret = b""

    def setUp(self) -> None:
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.path = self.folder / "lab.journal"
        journal = FileJournal(self.path, secret=self.secret)
        for number in range(1, 11):
            journal.write("begin", {"sender": "10.0.0.5", "command": f"Open {number}"})
        journal.close()
        self.head = Head(*journal.head)
        self.lines = self.path.read_bytes().splitlines(keepends=True)

    def verify(self, lines: Lines, head: Head | None = None) -> Report:
        self.path.write_bytes(b"".join(lines))
        return verify([self.path], self.secret, head)

    def found(self, lines: Lines) -> list[tuple[int, int | None, str]]:
        return [(each.line, each.number, each.text) for each in self.verify(lines).findings]


class Runs(Verification):
    """Each from a start to a stop, unless it was killed or its end could not be written."""

    def broken_off(self, *events: str) -> list[int | None]:
        self.path.unlink()
        journal = FileJournal(self.path)
        for each in events:
            journal.write(each, {})
        journal.close()
        report = verify([self.path])
        self.assertEqual(report.findings, [])
        return [each.number for each in report.broken_off]

    def test_that_stopped_are_whole(self) -> None:
        whole = ("start", "begin", "stop", "end")
        self.assertEqual(self.broken_off(*whole, *whole), [])

    def test_that_did_not_are_told_of_at_the_next_start(self) -> None:
        self.assertEqual(self.broken_off("start", "start", "stop", "start"), [2])
        self.assertEqual(self.broken_off("start", "begin", "end", "start", "stop"), [4])

    def test_of_which_the_first_is_kept_in_part_too(self) -> None:
        self.assertEqual(self.broken_off("end", "begin", "end", "start", "stop"), [4])

    def test_of_alarms_are_not_told_of(self) -> None:
        self.assertEqual(self.broken_off("alarm", "alarm"), [])


class AJournal(Verification):
    def test_that_nobody_has_touched_is_clean(self) -> None:
        report = self.verify(self.lines)

        self.assertEqual((report.findings, report.torn), ([], []))
        self.assertEqual((report.records, report.fitting), (10, 10))
        self.assertEqual(report.head, self.head)

    def test_with_an_altered_record_is_found_out(self) -> None:
        self.lines[4] = self.lines[4].replace(b"Open 5", b"Open 6")

        self.assertEqual(self.found(self.lines), [(5, 5, "altered, or the one before it was")])

    def test_names_file_line_and_number(self) -> None:
        self.lines[4] = self.lines[4].replace(b"Open 5", b"Open 6")
        (finding,) = self.verify(self.lines).findings

        self.assertEqual(
            str(finding), f"{self.path}:5: record 5: altered, or the one before it was"
        )

    def test_with_a_record_altered_and_sealed_anew_is_found_out_at_the_next(self) -> None:
        self.lines[4] = sealed_anew(
            self.lines[4], self.lines[3], lambda body: body.replace(b"Open 5", b"Open 6")
        )

        self.assertEqual(self.found(self.lines), [(6, 6, "altered, or the one before it was")])

    def test_with_an_altered_number_is_found_out(self) -> None:
        self.lines[4] = self.lines[4].replace(b'"n":5', b'"n":50')

        self.assertEqual([number for _, number, _ in self.found(self.lines)], [50, 6])

    def test_with_an_altered_hash_is_found_out(self) -> None:
        self.lines[4] = self.lines[4].replace(self.lines[4][-10:-3], b"0000000")

        self.assertEqual([number for _, number, _ in self.found(self.lines)], [5, 6])

    def test_with_a_removed_record_is_found_out(self) -> None:
        del self.lines[4]

        self.assertEqual(self.found(self.lines), [(5, 6, "removed or moved before it: record 5")])

    def test_with_removed_records_is_found_out(self) -> None:
        del self.lines[4:7]

        self.assertEqual(self.found(self.lines), [(5, 8, "removed or moved before it: 5 to 7")])

    def test_without_its_beginning_is_found_out(self) -> None:
        del self.lines[:2]

        self.assertEqual(self.found(self.lines), [(1, 3, "removed or moved before it: 1 to 2")])

    def test_with_an_inserted_record_is_found_out(self) -> None:
        forged = sealed_anew(
            self.lines[4], self.lines[3], lambda body: body.replace(b"Open 5", b"Open X")
        ).replace(b'"n":5', b'"n":99')
        self.lines.insert(4, forged)

        self.assertEqual(self.found(self.lines), [(5, 99, "removed or moved before it: 5 to 98")])

    def test_with_an_inserted_line_is_found_out(self) -> None:
        self.lines.insert(4, b"all is well\n")

        self.assertEqual(self.found(self.lines), [(5, None, "altered or inserted: no record")])

    def test_with_two_swapped_records_is_found_out(self) -> None:
        self.lines[3:5] = self.lines[4], self.lines[3]

        self.assertEqual(
            self.found(self.lines),
            [
                (4, 5, "removed or moved before it: record 4"),
                (6, 6, "removed or moved before it: record 5"),
            ],
        )

    def test_with_a_record_there_twice_is_found_out(self) -> None:
        self.lines.insert(5, self.lines[4])

        self.assertEqual(self.found(self.lines), [(6, 5, "stands there twice")])

    def test_with_an_old_record_added_is_found_out(self) -> None:
        self.lines.insert(7, self.lines[1])

        text = "inserted, doubled or moved: it stands after record 7"
        self.assertEqual(self.found(self.lines), [(8, 2, text)])

    def test_with_old_records_added_is_found_out_at_each(self) -> None:
        self.lines[7:7] = self.lines[1:4]

        self.assertEqual([number for _, number, _ in self.found(self.lines)], [2, 3, 4])

    def test_cut_in_its_last_line_is_told_of_as_torn(self) -> None:
        self.lines[-1] = self.lines[-1][:-5]
        report = self.verify(self.lines)

        self.assertEqual(report.findings, [])
        self.assertEqual([each.line for each in report.torn], [10])

    def test_with_a_whole_last_line_that_is_no_record_is_not_told_of_as_torn(self) -> None:
        report = self.verify([*self.lines, b"all is well\n"])

        self.assertEqual(report.torn, [])
        self.assertEqual([each.line for each in report.findings], [11])

    def test_with_a_torn_line_that_nobody_tells_of_is_found_out(self) -> None:
        self.lines[4] = self.lines[4][:20] + b"\n"

        self.assertEqual([number for _, number, _ in self.found(self.lines)], [None, 6])

    def test_with_evidence_that_is_no_evidence_is_found_out(self) -> None:
        """Only a record of what was torn tells of it, not a command that says the same words."""
        line = b"all is well"
        self.path.write_bytes(b"".join(self.lines))
        journal = FileJournal(self.path, secret=self.secret)
        says = hashlib.sha256(line).hexdigest()
        journal.write("begin", {"lines": 1, "length": len(line), "sha256": says})
        journal.close()
        lines = self.path.read_bytes().splitlines(keepends=True)
        lines.insert(10, line + b"\n")

        self.assertEqual(self.found(lines), [(11, None, "altered or inserted: no record")])

    def test_with_the_first_altered_of_those_that_are_left_is_found_out(self) -> None:
        path = self.folder / "turning.journal"
        journal = FileJournal(path, secret=self.secret, size=500, keep=1)
        for number in range(12):
            journal.write("begin", {"command": f"Open {number}"})
        journal.close()
        files = journal_files(path)
        self.assertEqual(verify(files, self.secret).findings, [])
        first = files[0].read_bytes()
        files[0].write_bytes(first.replace(b'"at":"20', b'"at":"19', 1))
        (finding, *_) = verify(files, self.secret).findings
        self.assertEqual((finding.line, finding.text), (1, "altered"))

    def test_with_its_evidence_altered_is_found_out(self) -> None:
        self.path.write_bytes(b"".join(self.lines) + b'{"n":11,"at":"2026')
        FileJournal(self.path, secret=self.secret).close()
        lines = self.path.read_bytes().splitlines(keepends=True)
        self.assertEqual(self.found(lines), [])
        lines[10] = lines[10].replace(b"2026", b"2027")

        self.assertEqual(self.found(lines), [(11, None, "altered or inserted: no record")])

    @holds
    @given(
        st.integers(min_value=0, max_value=9),
        st.integers(min_value=0, max_value=10_000),
        st.integers(min_value=1, max_value=255),
    )
    def test_with_any_byte_altered_is_found_out(self, line: int, place: int, mask: int) -> None:
        lines = list(self.lines)
        altered = bytearray(lines[line])
        altered[place % len(altered)] ^= mask
        lines[line] = bytes(altered)
        report = self.verify(lines, self.head)

        self.assertTrue(report.findings)

    @holds
    @given(st.lists(st.integers(min_value=0, max_value=9), max_size=12))
    def test_in_any_other_order_is_found_out(self, order: list[int]) -> None:
        report = self.verify([self.lines[index] for index in order], self.head)

        self.assertEqual(report.findings == [], order == list(range(10)))


class TwiceTests(Verification):
    """What happens a second time is told a second time, at its own place."""

    def test_two_altered_records(self) -> None:
        for index in (2, 6):
            self.lines[index] = self.lines[index].replace(b"Open", b"Shut")
        why = "altered, or the one before it was"
        self.assertEqual(self.found(self.lines), [(3, 3, why), (7, 7, why)])
        self.assertEqual(self.verify(self.lines).fitting, 8)

    def test_two_removed_records(self) -> None:
        del self.lines[6], self.lines[2]
        why = "removed or moved before it: record"
        self.assertEqual(self.found(self.lines), [(3, 4, f"{why} 3"), (6, 8, f"{why} 7")])

    def test_two_lines_that_are_none(self) -> None:
        self.lines.insert(6, b"all is well\n")
        self.lines.insert(2, b"all is well\n")
        why = "altered or inserted: no record"
        self.assertEqual(self.found(self.lines), [(3, None, why), (8, None, why)])

    def test_two_torn_lines_that_are_told_of(self) -> None:
        self.path.write_bytes(b"".join(self.lines))
        for _ in range(2):
            with self.path.open("ab") as file:
                file.write(b'{"n":11,"at":"2026')
            FileJournal(self.path).close()
        report = verify([self.path])
        self.assertEqual((report.findings, report.records, report.fitting), ([], 12, 12))
        told = [(each.line, each.number, each.text) for each in report.torn]
        texts = [f"torn, as record {number} says" for number in (11, 12)]
        self.assertEqual(told, [(11, None, texts[0]), (13, None, texts[1])])

    def test_lines_count_anew_in_each_file(self) -> None:
        first, second = self.folder / "1", self.folder / "2"
        self.lines[2] = self.lines[2].replace(b"Open", b"Shut")
        self.lines[7] = self.lines[7].replace(b"Open", b"Shut")
        first.write_bytes(b"".join(self.lines[:5]))
        second.write_bytes(b"".join(self.lines[5:]))
        found = [(each.file, each.line) for each in verify([first, second]).findings]
        self.assertEqual(found, [(first, 3), (second, 3)])


class AHead(Verification):
    def test_that_is_one_further_than_the_end_is_missed(self) -> None:
        (finding,) = self.verify(self.lines[:9], self.head).findings
        why = "the end is missing: it stops at record 9, and went to 10 at least"
        self.assertEqual((finding.number, finding.text), (None, why))

    def test_of_a_journal_that_was_emptied_is_missed_in_front_of_its_first_line(self) -> None:
        (finding,) = self.verify([], self.head).findings
        why = "the end is missing: it stops at record 0, and went to 10 at least"
        self.assertEqual(str(finding), f"{self.path}:0: {why}")

    def test_before_the_oldest_file_is_told_as_it_is(self) -> None:
        found = self.verify(self.lines[4:], Head(2, "0" * 64)).findings
        why = "record 2, the head, is not there: removed, or in a file no longer kept"
        self.assertEqual(found[-1].text, why)

    def test_that_is_there_finds_nothing(self) -> None:
        self.assertEqual(self.verify(self.lines, self.head).findings, [])

    def test_that_more_records_follow_finds_nothing(self) -> None:
        fifth = read_line(self.lines[4][:-1])
        assert fifth is not None

        self.assertEqual(self.verify(self.lines, Head(5, fifth.hash)).findings, [])

    def test_finds_a_missing_end_which_nothing_else_shows(self) -> None:
        lines = self.lines[:7]
        self.assertEqual(self.verify(lines).findings, [])
        (finding,) = self.verify(lines, self.head).findings

        self.assertIn("it stops at record 7, and went to 10 at least", str(finding))

    def test_finds_a_journal_that_was_written_anew(self) -> None:
        self.path.unlink()
        journal = FileJournal(self.path, secret=self.secret)
        for _ in range(20):
            journal.write("begin", {})
        journal.close()
        self.assertEqual(verify([self.path], self.secret).findings, [])
        (finding,) = verify([self.path], self.secret, self.head).findings

        self.assertEqual((finding.line, finding.number), (10, 10))
        self.assertIn("written anew", finding.text)

    def test_finds_that_it_is_itself_not_there(self) -> None:
        lines = [*self.lines[:3], *self.lines[5:]]
        found = self.verify(lines, Head(4, "0" * 64)).findings

        self.assertIn("record 4, the head, is not there", found[-1].text)


class ASecret(Verification):
    secret = b"open sesame"

    def test_shows_what_was_sealed_anew_without_it(self) -> None:
        self.lines[9] = sealed_anew(
            self.lines[9], self.lines[8], lambda body: body.replace(b"Open 10", b"Open 6")
        )

        self.assertEqual([number for _, number, _ in self.found(self.lines)], [10])

    def test_is_needed_to_verify(self) -> None:
        for other in (b"", b"another"):
            self.assertEqual(verify([self.path], other).fitting, 0)
        self.assertEqual(verify([self.path], self.secret).fitting, 10)


class OldFiles(Verification):
    secret = b"open sesame"

    def setUp(self) -> None:
        super().setUp()
        self.path.unlink()
        journal = FileJournal(self.path, secret=self.secret, size=1000, keep=4)
        for number in range(60):
            journal.write("begin", {"command": f"Open {number}"})
        journal.close()
        self.files = journal_files(self.path)

    def numbers(self, files: list[Path]) -> list[int | None]:
        return [each.number for each in verify(files, self.secret).findings]

    def first_number(self, file: Path) -> int:
        record = read_line(file.read_bytes().splitlines()[0])
        assert record is not None
        return record.number

    def test_are_one_chain_from_the_oldest_that_is_kept(self) -> None:
        self.assertEqual(len(self.files), 5)
        self.assertEqual(self.numbers(self.files), [])
        self.assertGreater(self.first_number(self.files[0]), 1)

    def test_can_be_verified_each_alone(self) -> None:
        for file in self.files:
            self.assertEqual(self.numbers([file]), [])

    def test_of_which_one_is_missing_are_found_out(self) -> None:
        del self.files[2]

        self.assertEqual(self.numbers(self.files), [self.first_number(self.files[2])])

    def test_whose_first_record_is_altered_are_found_out(self) -> None:
        oldest = self.files[0]
        oldest.write_bytes(oldest.read_bytes().replace(b'"continued"', b'"CONTINUED"', 1))
        self.assertEqual(self.numbers(self.files), [self.first_number(oldest)])

        oldest.write_bytes(oldest.read_bytes().replace(b'"CONTINUED"', b'"continued"', 1))
        self.assertEqual(self.numbers(self.files), [])
        oldest.write_bytes(oldest.read_bytes().replace(b"Z", b"z", 1))
        self.assertEqual(self.numbers(self.files), [self.first_number(oldest)])
