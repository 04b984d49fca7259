"""Instruments."""

from __future__ import annotations

from tests.promises.promise import Promise

INSTRUMENTS = (
    Promise(
        "an instrument is told once to move",
        "only what makes safe has a number of times that it may be sent",
        "instruments/members.py",
        'repeat=table.integer("repeat", 3, minimum=1, maximum=10) if safe else 1',
        'repeat=table.integer("repeat", 3, minimum=1, maximum=10)',
        "tests.instruments.test_bound_item.ValveTests"
        ".test_an_answer_that_is_lost_is_no_reason_to_send_it_again",
    ),
    Promise(
        "no late answer answers another question",
        "after one that did not come nothing is asked until it can no longer come",
        "instruments/bus.py",
        "        self._incoming.forget()\n        self._keep_quiet(self._wire.limits.late)\n",
        "        self._incoming.forget()\n",
        "tests.instruments.test_bus.BusTests.test_a_late_answer_is_not_that_of_the_next_question",
    ),
    Promise(
        "nor is one to what makes safe and was sent in the quiet",
        "an instrument's wire is quiet for as long again after it",
        "instruments/bus.py",
        "                self._keep_quiet(self._wire.limits.late)\n\n    def _end_job",
        "                pass\n\n    def _end_job",
        "tests.instruments.test_bus.BusTests"
        ".test_the_answer_to_what_was_sent_in_the_quiet_is_no_other_s",
    ),
    Promise(
        "an answer with more behind it is none",
        "which of two is its own nobody can tell: both are dropped",
        "instruments/incoming.py",
        '                if not self.pass_over(b"" if ends.size else _BLANKS):',
        '                if self.pass_over(b"" if ends.size else _BLANKS) is None:',
        "tests.instruments.test_bus.BusTests.test_an_answer_with_another_behind_it_is_neither",
    ),
    Promise(
        "no value comes of garbage",
        "a number or text is all of what its pattern says, and no byte of it is passed over",
        "instruments/fields.py",
        'return _plain(data.decode("latin-1").strip(" "))',
        'return data.decode("latin-1").strip()',
        "tests.instruments.test_pattern.PatternTests.test_what_is_no_text_is_no_part_of_a_word",
    ),
    Promise(
        "nor of a reply of Qtegra's that was cut",
        "over TCP only the end of the connection ends it, however long a part of it is delayed",
        "client/link/replies.py",
        " and not self._closes",
        "",
        "tests.client.test_communicator.PlainTests"
        ".test_silence_ends_nothing_where_the_end_of_the_connection_does",
    ),
    Promise(
        "nor one of Modbus TCP",
        "each question has a number, and an answer with another one is passed over",
        "instruments/modbus/frames.py",
        "        if frame.transaction != self.transaction:\n",
        "        if frame.transaction > self.transaction:\n",
        "tests.instruments.modbus.test_bus.TcpTests"
        ".test_the_answer_of_a_question_that_was_given_up_is_passed_over",
    ),
    Promise(
        "a unit that failed half way has not refused",
        "what an exception of Modbus leaves open is unknown (201) until a reading shows it",
        "instruments/modbus/refusals.py",
        "code not in _UNCERTAIN",
        "bool(code)",
        "tests.instruments.modbus.test_exchange.ExchangeTests"
        ".test_a_refusal_is_sure_only_where_nothing_can_have_been_done",
    ),
    Promise(
        "unknown is neither open nor closed",
        "only the two words say so; a fault, silence and what was never asked are invalid",
        "instruments/valve.py",
        'return {"open": True, "closed": False}.get(str(self._item.latest(_STATE).value))',
        'return str(self._item.latest(_STATE).value) == "open"',
        "tests.instruments.test_hardware.ValveTests.test_a_fault_is_neither_open_nor_closed",
    ),
    Promise(
        "what makes safe goes first on an instrument's wire",
        "it has a queue of its own, looked at before the other",
        "instruments/jobs.py",
        "        while jobs := self.urgent or self._others:\n",
        "        while jobs := self._others or self.urgent:\n",
        "tests.instruments.test_bus.BusTests.test_what_makes_safe_passes_what_waits",
    ),
    Promise(
        "and is not undone by what waited for the wire",
        "at its turn it is asked whether its part was made safe meanwhile",
        "instruments/jobs.py",
        "            if job.still():\n",
        "            if job.still:\n",
        "tests.instruments.test_bound_item.ValveTests"
        ".test_what_waits_when_it_is_made_safe_is_not_sent_any_more",
    ),
    Promise(
        "what was sent is never said not to be",
        "what was sent unheard, while late answers were waited for, is unknown (201)",
        "instruments/bus.py",
        "            job.unheard = True\n",
        "            job.unheard = False\n",
        "tests.instruments.test_bound_item.ValveTests"
        ".test_what_was_sent_unheard_is_not_said_not_to_be_sent",
    ),
    Promise(
        "a silent instrument holds up no other on its wire",
        "what is polled of it is asked one by one, less and less often",
        "instruments/bound_item.py",
        "        if not self.instrument.rests:\n",
        "        if self.instrument:\n",
        "tests.instruments.modbus.test_silent_unit.SilentUnitTests"
        ".test_it_keeps_no_other_from_being_asked",
    ),
    Promise(
        "a laser has power only while it is known to be enabled",
        "its state is asked, or it was told so since it was connected",
        "lab/bound/output.py",
        "        except NoResponseError:\n            return False\n",
        "        except NoResponseError:\n            return True\n",
        "tests.lab.bound.test_laser.BlindTests"
        ".test_one_that_comes_again_may_have_been_switched_off",
    ),
    Promise(
        "a pattern does not go on behind what ends it",
        "before each move it looks whether it was aborted, or the stage is another's",
        "lab/bound/patterns.py",
        "                if mine != self._begun:\n                    return\n",
        "                if not mine:\n                    return\n",
        "tests.lab.bound.test_patterns.PatternTests.test_abort_stops_the_stage_at_once",
    ),
    Promise(
        "an instrument in another's place is told nothing",
        "at each connect it is asked what it is, before what moves",
        "instruments/instrument.py",
        "            bus.on_return.append(self._returned)\n",
        "",
        "tests.instruments.test_bound_item.IdentifiedTests"
        ".test_another_that_is_plugged_in_is_told_nothing",
    ),
    Promise(
        "a ramp does not go on behind what makes safe",
        "each step looks whether the device was made safe since it began",
        "instruments/ramp.py",
        "                if mine != (self._begun, self._item.made_safe):",
        "                if False:",
        "tests.instruments.test_ramp.RampTests.test_what_makes_safe_ends_it",
    ),
    Promise(
        "a device that is silent is made safe",
        "until that is done, as the first that it is told when it is back",
        "instruments/safe_device.py",
        "            Deferred.fromCoroutine(self._silenced(told.reason))\n",
        "            pass\n",
        "tests.instruments.test_safe_device.SafeDeviceTests"
        ".test_silence_makes_it_safe_as_soon_as_it_can_be",
    ),
    Promise(
        "an Enable does not go on behind a Disable",
        "what is between two questions sees that the laser was made safe meanwhile",
        "lab/bound/output.py",
        "        await self._check_interlocks()\n        self._check_still(before, EnableError)\n",
        "        await self._check_interlocks()\n",
        "tests.lab.bound.test_laser.LightTests"
        ".test_disable_goes_first_and_what_waits_to_give_light_is_not_sent",
    ),
)
