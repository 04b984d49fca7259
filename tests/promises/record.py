"""Written down."""

from __future__ import annotations

from tests.promises.promise import Promise

RECORD = (
    Promise(
        "written down before it begins",
        "what cannot be written is not begun (214), unless it makes safe",
        "processor/execution/audit.py",
        "            if not safe:\n                raise",
        "            pass",
        "tests.processor.test_audit.JournalTests.test_one_that_cannot_be_written_down_is_not_run",
    ),
    Promise(
        "and what happened while the disk was full is not forgotten",
        "a lease that lapsed then, an end, a part that was made safe: all is written before the "
        "next command begins",
        "processor/execution/audit.py",
        "        if self._owed:\n            self._pay()\n        return self._journal.write(event",
        "        return self._journal.write(event",
        "tests.safeguards.test_lease_records.RecallTests"
        ".test_one_that_lapsed_while_the_disk_was_full_does_not_lapse_again",
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
        "            digest = hash_of(BODY % (number, event), digest, self._secret)",
        "            digest = hash_of(BODY % (number, event), GENESIS, self._secret)",
        "tests.journal.test_verify.AJournal.test_with_a_removed_record_is_found_out",
    ),
    Promise(
        "also that its file was taken away while it was written",
        "the first record that can be written again says so; until then, and while nobody can look "
        "for the file, what acts is refused (214)",
        "journal/roll.py",
        "            self._is_lost = True\n",
        "",
        "tests.journal.test_files.AFileThatGoesAway"
        ".test_is_found_too_where_its_folder_came_back_later_only",
    ),
)
