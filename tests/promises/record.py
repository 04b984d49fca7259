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
        "and how it ended before its reply leaves",
        "of many that are worked off together the end of one is written with the begin of the "
        "next, and the last before the first reply leaves",
        "processor/execution/audit.py",
        "            self._cork.first(self._settle)\n",
        "",
        "tests.processor.test_audit.ManyTests.test_all_of_them_before_a_reply_leaves",
    ),
    Promise(
        "and what happened while the disk was full is not forgotten",
        "a lease that lapsed then, an end, a part that was made safe: all is written before the "
        "next command begins",
        "processor/execution/audit.py",
        "            if self._owed:\n                self._pay()\n            return",
        "            return",
        "tests.safeguards.test_lease_records.RecallTests"
        ".test_one_that_lapsed_while_the_disk_was_full_does_not_lapse_again",
    ),
    Promise(
        "also where many come at once",
        "where each record waits for the disk, all that come while it has others to keep are "
        "written and synced as one, and none of their commands runs before",
        "journal/group.py",
        "        self._syncing.begin(keep, self._kept)\n",
        "        self._kept(keep())\n",
        "tests.processor.test_slow_disk.WhatActs.test_is_not_run_before_the_disk_has_its_begin",
    ),
    Promise(
        "and nobody else waits for the disk",
        "a thread does; a read comes behind what its own computer asked, and no other's",
        "processor/execution/sealed_queue.py",
        "        if ahead or not self._senders.get(call.sender):",
        "        if ahead or not self._antechamber:",
        "tests.processor.test_slow_disk.Reads.test_of_others_wait_for_no_disk",
    ),
    Promise(
        "not even for a file system that stands still, where one waits who only writes",
        "the thread does all that asks the disk for anything, also of what was refused",
        "journal/file_journal.py",
        "            self._missing.write_soon(self._refuse_soon, fields, over)\n",
        "            self._missing.write(self._refuse, fields)\n",
        "tests.journal.test_group.WhileTheDiskTakesItsTime"
        ".test_nothing_is_asked_of_it_but_by_the_thread",
    ),
    Promise(
        "and what that has not taken when a process ends is in its log",
        "each such record; and `verify` tells of a start that comes after no stop",
        "journal/file_journal.py",
        "        for event in lost[:_TOLD]:\n",
        "        for event in lost[:0]:\n",
        "tests.journal.test_group.WhileTheDiskTakesItsTime"
        ".test_its_end_waits_for_the_disk_a_little_while",
    ),
    Promise(
        "nor does what makes safe wait for one that hangs",
        "it is begun after 0.25 s without its begin, and answered after 0.25 s more without its "
        "end; both are written when the disk goes on",
        "processor/execution/sealed_entry.py",
        "            self._patience.end_in_time(self._begin_unsealed)\n",
        "            pass\n",
        "tests.processor.test_slow_disk.WhatMakesSafe"
        ".test_is_done_after_a_moment_and_answered_after_another",
    ),
    Promise(
        "and is not undone by what waits for the disk before it",
        "that is dropped (210), as what waits in the queue is",
        "processor/execution/sealed_queue.py",
        "            self._overtake_guests(guest.call.moves, guest.call.name, guest)\n",
        "",
        "tests.processor.test_slow_disk.WhatMakesSafe"
        ".test_passes_what_waits_before_it_and_drops_what_would_undo_it",
    ),
    Promise(
        "nor moves anything after its condition has broken",
        "an interlock is tested once more where the disk took longer than 0.25 s",
        "processor/execution/sealed_queue.py",
        "        if execution.is_guarded and self._clock.seconds() > fresh_until:\n",
        "        if False:\n",
        "tests.processor.test_slow_disk.WhatActs"
        ".test_what_a_rule_guards_is_tested_again_where_the_disk_took_its_time",
    ),
    Promise(
        "a disk that has failed is believed nothing",
        "what it could not keep is cut off, told so (214), and never synced again: what comes next "
        "is written anew",
        "journal/roll.py",
        "            self._take_back()\n",
        "",
        "tests.journal.test_group.WhileTheDiskTakesItsTime"
        ".test_what_it_could_not_keep_is_taken_back_and_fails_what_came_behind_it",
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
    Promise(
        "or cut, or written to by others",
        "its length is looked at once a second of writing, too",
        "journal/page.py",
        "        if file.st_size != self.size and not self._is_torn:\n            return True\n",
        "",
        "tests.journal.test_files.AFileThatGoesAway"
        ".test_is_found_where_it_was_cut_and_no_record_is_written_behind_half_a_line",
    ),
    Promise(
        "by one process alone",
        "it holds a lock on the journal as well, which goes with no other file",
        "journal/page.py",
        "            hold(fd)\n",
        "            pass\n",
        "tests.journal.test_files.TheLock"
        ".test_keeps_a_second_process_out_though_somebody_has_removed_it",
    ),
)
