"""Who may, and when."""

from __future__ import annotations

from tests.promises.promise import Promise

ACCESS = (
    Promise(
        "a page in somebody's browser commands nothing",
        "a connection that begins with HTTP or TLS is ended before its first line is looked at",
        "transport/line_protocol.py",
        "        if not protocol:\n            return False\n",
        "        if True:\n            return False\n",
        "tests.transport.test_other_protocols.PostedTests.test_a_posted_command_is_not_run",
    ),
    Promise(
        "who may ask",
        "host rules are asked before a command is read; a stranger gets 013 and learns nothing",
        "processor/hardware_manager.py",
        "        self.access.admit(sender)\n        handler = ",
        "        handler = ",
        "tests.processor.test_hardware_manager.AccessTests.test_a_sender_that_is_not_admitted_learns_nothing",
    ),
    Promise(
        "what is remembered allows nothing",
        "of a read that is polled only the meaning of its words is kept; who may, how late it is"
        " and the stop are looked at each time",
        "processor/known_reads.py",
        "        self.way.access.admit(sender)\n",
        "",
        "tests.processor.test_known_reads.KnownReadTests.test_every_rule_is_asked_each_time",
    ),
    Promise(
        "who may act",
        "roles, by certificate or listener: observe, operate, admin",
        "safeguards/roles.py",
        "        if role == OBSERVE:",
        "        if False:",
        "tests.safeguards.test_roles.RolesTests.test_who_only_looks_may_read_and_nothing_else",
    ),
    Promise(
        "a name that a certificate proves",
        "TLS, with names from certificates of the laboratory's own authority",
        "transport/line_protocol.py",
        "        self.sender = introduced(self.transport, self._log)",
        "        pass",
        "tests.transport.test_tls.AdmissionTests.test_who_shows_a_certificate_has_its_name",
    ),
    Promise(
        "one owner",
        "a lease keeps others from a type, a valve, an axis; reads stay open",
        "safeguards/leases.py",
        "            if held.lease.owner != call.sender:",
        "            if False:",
        "tests.safeguards.test_leases.ClaimTests.test_a_lease_keeps_others_out_and_its_owner_in",
    ),
    Promise(
        "a lost owner leaves things safe",
        "a lease that lapses, or loses its connection, runs the safe state, once",
        "safeguards/leases.py",
        """        self._unsafe.add(part, f"the lapse of {owner}'s lease")""",
        "        pass",
        "tests.safeguards.test_leases.LapseTests.test_a_lease_that_runs_out_makes_safe_once_and_is_written_down",
    ),
    Promise(
        "one part, whatever word moves it",
        "commands declare the parts they move and to what; rules and leases see only these",
        "handlers/spectrometer/parts.py",
        '_PARTS = {FIELD: "magnet", Y_SYMMETRY: "beam"}',
        "_PARTS: dict[str, str] = {}",
        "tests.safeguards.test_one_part.LeaseTests.test_a_leased_magnet",
    ),
    Promise(
        "every part that it moves",
        "each command of each type is run, and what moved is among what it declares",
        "handlers/laser/stage.py",
        'moves=("stage/x={x}", "stage/y={y}"),',
        'moves="stage/x={x}",',
        "tests.handlers.test_all_moves.DeclaredMovesTests.test_every_command_declares_what_it_moves",
    ),
    Promise(
        "interlocks across devices",
        "tested just before the command begins, and explained",
        "safeguards/interlocks.py",
        "        if holds:",
        "        if True:",
        "tests.safeguards.test_interlocks.ConditionTests.test_all_conditions_of_all_rules_must_hold",
    ),
    Promise(
        "and what cannot be told does not hold",
        "neither silence nor a driver's bug is a yes; what is kept is made safe after 10 s of it",
        "safeguards/interlocks.py",
        "        except Exception as error:",
        "        except CommandError as error:",
        "tests.safeguards.test_kept_rules.LaboratoryTests"
        ".test_it_closes_too_where_the_driver_that_should_tell_has_a_bug",
    ),
    Promise(
        "and ask for proof",
        "a rule that asks for a switch at the valve is refused where only its relay tells",
        "safeguards/proof.py",
        "    if _rank(proof) < _rank(wanted):",
        "    if False:",
        "tests.safeguards.test_proof.ProofTests.test_a_relay_is_not_the_valve",
    ),
    Promise(
        "and, where it says so, are kept",
        "once a second, while nobody commands too: what a broken one guards is made safe",
        "safeguards/kept_rules.py",
        "            self._make_safe(part, broken.why)\n",
        "            pass\n",
        "tests.safeguards.test_kept_rules.KeptRulesTests.test_what_it_guards_is_made_safe",
    ),
    Promise(
        "that hold until the command has ended",
        "two commands that exclude each other never both pass",
        "processor/execution/execution.py",
        "        self._hold = hold\n",
        "        hold.release()\n",
        "tests.safeguards.test_interlock_parts.PartsTests"
        ".test_it_waits_for_one_that_moves_for_longer_than_a_read_may_take",
    ),
    Promise(
        "a lease ends in a safe part, or was given back",
        "a part whose lease lapsed is made safe by the next process, where this one was killed",
        "safeguards/lease_records.py",
        '            self.unsafe[record["part"]] = f"the lapse of {record[\'owner\']}\'s lease"',
        "            pass",
        "tests.safeguards.test_lease_records.CutTests.test_each_lease_ends_in_a_safe_part_or_was_given_back",
    ),
    Promise(
        "also where another configuration lacks its part for a time",
        "what a process does not find is carried over for the next, and told in the log",
        "safeguards/leases.py",
        ", *self._not_found.carried()]",
        "]",
        "tests.safeguards.test_lease_records.RecallTests"
        ".test_what_is_not_there_is_carried_over_until_it_is_there_again",
    ),
    Promise(
        "and is tried again where it fails",
        "until the part is safe or somebody moves it, by the next process too",
        "safeguards/unsafe_parts.py",
        "            unsafe.timer = self._clock.callLater(unsafe.delay, self._try, unsafe)\n",
        "            pass\n",
        "tests.safeguards.test_unsafe_parts.TriedAgainTests.test_until_it_is_safe",
    ),
)
