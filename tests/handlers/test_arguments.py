"""Arguments as clients write them: by blanks, by commas, as a tuple, in JSON."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.handlers.arguments import (
    Argument,
    BadValue,
    Boolean,
    Choice,
    Integer,
    Names,
    Number,
    Text,
    named_values,
    split_text,
)
from tests.properties import holds, json_values

EVERY_KIND: list[Argument] = [
    Text("name"),
    Number("value"),
    Number("value", minimum=0, maximum=100),
    Integer("count", minimum=1),
    Boolean("flag"),
    Choice("units", choices=("percent", "watts")),
    Names("names"),
]

ONE = (Text("name"),)
TWO = (Text("name"), Number("value"))
TWO_TEXTS = (Text("name"), Text("value"))
ONE_OR_TWO = (Integer("hole"), Boolean("autocenter", default=False))


class Refusals(SynchronousTestCase):
    """What the classes below share."""

    def assertRefused(self, argument: Argument, value: object, reason: str = "") -> None:
        try:
            got = argument.convert(value)
        except BadValue as error:
            self.assertEqual(str(error), reason, msg=repr(value))
        else:
            self.fail(f"{value!r} was taken as {got!r}")

    def assertTaken(self, argument: Argument, value: object, expected: object) -> None:
        got = argument.convert(value)
        self.assertEqual((type(got), got), (type(expected), expected), msg=repr(value))


class TextTests(Refusals):
    def test_any_text_is_taken_without_the_blanks_around_it(self) -> None:
        self.assertTaken(Text("name"), "  jog 1 ", "jog 1")

    def test_a_json_number_is_taken_as_python_writes_it(self) -> None:
        self.assertTaken(Text("name"), 7, "7")
        self.assertTaken(Text("name"), 1e-05, "1e-05")

    def test_nothing_is_refused(self) -> None:
        self.assertRefused(Text("name"), "")
        self.assertRefused(Text("name"), "  ")

    def test_other_json_values_are_refused(self) -> None:
        for value in [None, True, [], ["A"], {}, {"a": 1}]:
            self.assertRefused(Text("name"), value)


class NumberTests(Refusals):
    def test_the_ways_to_write_a_number(self) -> None:
        cases: dict[object, float] = {
            "12.5": 12.5,
            " 7 ": 7.0,
            "-0.5": -0.5,
            "+1": 1.0,
            "1e-05": 1e-05,
            "1.5E-09": 1.5e-09,
            ".5": 0.5,
            7: 7.0,
            2.5: 2.5,
        }
        for value, expected in cases.items():
            self.assertTaken(Number("value"), value, expected)

    def test_what_is_no_number_is_refused(self) -> None:
        values = ["", "x", "1,5", "1.5.2", "0x10", "1_5", "--1", "1 2", None, [1], {}, True, False]
        for value in values:
            self.assertRefused(Number("value"), value)

    def test_what_is_not_finite_is_refused(self) -> None:
        values = ["nan", "inf", "-Infinity", "1e999", float("nan"), float("inf"), 10**400]
        for value in values:
            self.assertRefused(Number("value"), value)

    def test_both_bounds_are_included(self) -> None:
        power = Number("power", minimum=0, maximum=100, unit="percent")
        self.assertTaken(power, "0", 0.0)
        self.assertTaken(power, "100", 100.0)
        self.assertRefused(power, "-0.1", "power must be 0 to 100 percent")
        self.assertRefused(power, "100.1", "power must be 0 to 100 percent")

    def test_one_bound_leaves_the_other_side_open(self) -> None:
        self.assertTaken(Number("x", minimum=0), "1e9", 1e9)
        self.assertRefused(Number("x", minimum=0), "-1", "x must be at least 0")
        self.assertTaken(Number("x", maximum=2.5, unit="mm"), "-1e9", -1e9)
        self.assertRefused(Number("x", maximum=2.5, unit="mm"), 3, "x must be at most 2.5 mm")

    def test_a_large_bound_is_written_out(self) -> None:
        limit = 1 << 20
        self.assertRefused(Number("x", maximum=limit), 1e7, "x must be at most 1048576")
        self.assertRefused(Number("x", minimum=limit), 1, "x must be at least 1048576")
        self.assertRefused(Number("x", minimum=1, maximum=limit), 0, "x must be 1 to 1048576")


class IntegerTests(Refusals):
    def test_whole_numbers_are_taken(self) -> None:
        for value in ["3", "3.0", "3e0", 3, 3.0]:
            self.assertTaken(Integer("hole"), value, 3)

    def test_others_are_refused(self) -> None:
        for value in ["3.5", 3.5, "x", "", "inf", "nan", "1_0", True, None]:
            self.assertRefused(Integer("hole"), value)

    def test_bounds_hold(self) -> None:
        self.assertRefused(Integer("hole", minimum=1), "0", "hole must be at least 1")


class BooleanTests(Refusals):
    def test_the_words_for_true(self) -> None:
        for value in ["true", "True", "T", "yes", "Y", "1", "ok", "OK", "open", "on", " ON ", 1]:
            self.assertTaken(Boolean("flag"), value, True)

    def test_the_words_for_false(self) -> None:
        for value in ["false", "False", "f", "no", "N", "0", "close", "Closed", "off", 0]:
            self.assertTaken(Boolean("flag"), value, False)

    def test_json_has_its_own(self) -> None:
        self.assertTaken(Boolean("flag"), True, True)
        self.assertTaken(Boolean("flag"), False, False)

    def test_any_other_word_is_refused(self) -> None:
        for value in ["", "maybe", "2", "tru", 2, 0.5, None, [], [True]]:
            self.assertRefused(Boolean("flag"), value)


class ChoiceTests(Refusals):
    units = Choice("units", choices=("percent", "Watts", "temp"))

    def test_a_choice_is_given_on_as_it_was_declared(self) -> None:
        self.assertTaken(self.units, "watts", "Watts")
        self.assertTaken(self.units, " PERCENT ", "percent")

    def test_another_word_is_refused_with_the_choices(self) -> None:
        reason = "units must be one of percent, Watts, temp"
        self.assertRefused(self.units, "volts", reason)
        self.assertRefused(self.units, 5, reason)

    def test_what_is_no_word_is_refused(self) -> None:
        self.assertRefused(self.units, "")
        self.assertRefused(self.units, None)


class NamesTests(Refusals):
    def test_commas_and_blanks_part_names(self) -> None:
        for text in ["A,B,C", "A B C", "A, B, C", " A ,B C, "]:
            self.assertTaken(Names("valves"), text, ("A", "B", "C"))

    def test_one_name_is_enough(self) -> None:
        self.assertTaken(Names("valves"), "A", ("A",))

    def test_a_json_list_is_taken(self) -> None:
        self.assertTaken(Names("valves"), ["A", " B ", 3], ("A", "B", "3"))

    def test_no_names_are_refused(self) -> None:
        for value in ["", " , ", [], [""], [None], [["A"]], None, 5, {"A": 1}]:
            self.assertRefused(Names("valves"), value)


class AnyValueTests(SynchronousTestCase):
    @holds
    @given(st.sampled_from(EVERY_KIND), json_values)
    def test_any_json_value_is_taken_or_a_bad_value(self, kind: Argument, value: object) -> None:
        with contextlib.suppress(BadValue):
            kind.convert(value)

    @holds
    @given(st.sampled_from(EVERY_KIND), st.text() | st.text("0123456789.-+einfaN_, "))
    def test_any_text_is_taken_or_a_bad_value(self, kind: Argument, text: str) -> None:
        with contextlib.suppress(BadValue):
            kind.convert(text)

    @holds
    @given(st.floats(allow_nan=False, allow_infinity=False))
    def test_a_number_comes_back_from_its_text(self, number: float) -> None:
        self.assertEqual(Number("x").convert(str(number)), number)
        self.assertEqual(Number("x").convert(number), number)

    @holds
    @given(st.lists(st.sampled_from(EVERY_KIND), max_size=4), st.text() | st.text("ab,\"' ()"))
    def test_any_text_splits_or_is_a_bad_value(self, kinds: list[Argument], text: str) -> None:
        try:
            parts = split_text(text, kinds)
        except BadValue:
            return
        self.assertEqual(len(parts), len(kinds))


class UsageTests(SynchronousTestCase):
    def test_a_required_argument_is_its_name(self) -> None:
        self.assertEqual(Text("name").usage, "name")

    def test_an_optional_one_stands_in_brackets(self) -> None:
        self.assertEqual(Text("name", default=None).usage, "[name]")

    def test_names_go_on(self) -> None:
        self.assertEqual(Names("valves").usage, "valves,...")

    def test_describe_tells_name_and_type(self) -> None:
        cases: list[tuple[Argument, dict[str, object]]] = [
            (Text("name"), {"name": "name", "type": "text"}),
            (Boolean("on"), {"name": "on", "type": "boolean"}),
            (Names("valves"), {"name": "valves", "type": "names"}),
            (Integer("hole"), {"name": "hole", "type": "integer"}),
            (Number("x", unit="mm"), {"name": "x", "type": "number", "unit": "mm"}),
            (
                Number("x", minimum=0, maximum=1.5, default=None),
                {"name": "x", "type": "number", "default": None, "minimum": 0, "maximum": 1.5},
            ),
            (
                Choice("kind", choices=("a", "b"), default="a"),
                {"name": "kind", "type": "choice", "default": "a", "choices": ["a", "b"]},
            ),
        ]
        for argument, described in cases:
            self.assertEqual(argument.describe(), described, msg=repr(argument))


class SplitTextTests(SynchronousTestCase):
    def assertSplit(self, arguments: Sequence[Argument], cases: dict[str, list[str]]) -> None:
        for text, parts in cases.items():
            self.assertEqual(split_text(text, arguments), parts, msg=text)

    def assertNotSplit(
        self, arguments: Sequence[Argument], *texts: str, reason: str = "wrong number of arguments"
    ) -> None:
        for text in texts:
            try:
                got = split_text(text, arguments)
            except BadValue as error:
                self.assertEqual(str(error), reason, msg=text)
            else:
                self.fail(f"{text!r} was taken as {got!r}")

    def test_no_arguments(self) -> None:
        self.assertSplit((), {"": [], "  ": []})
        self.assertNotSplit((), "A", "A B")

    def test_a_single_argument_takes_all_of_the_line(self) -> None:
        self.assertSplit(
            ONE,
            {
                "A": ["A"],
                "  my pattern ": ["my pattern"],
                "a,b": ["a,b"],
                "(1, 2)": ["(1, 2)"],
                '"my pattern"': ["my pattern"],
                "'my pattern'": ["my pattern"],
                "it's": ["it's"],
                '"': ['"'],
                "'a\"": ["'a\""],
            },
        )
        self.assertNotSplit(ONE, "", "  ")

    def test_two_arguments_are_parted_by_blank_comma_or_tuple(self) -> None:
        self.assertSplit(
            TWO,
            {
                "beam 5": ["beam", "5"],
                "beam   5": ["beam", "5"],
                "beam,5": ["beam", "5"],
                "beam, 5": ["beam", "5"],
                "beam , 5": ["beam", "5"],
                "(beam, 5)": ["beam", "5"],
                "(beam 5)": ["beam", "5"],
                "( beam 5 )": ["beam", "5"],
                "my motor, 5": ["my motor", "5"],
                '"my motor" 5': ["my motor", "5"],
                "'my motor' 5": ["my motor", "5"],
            },
        )

    def test_a_last_text_may_hold_blanks(self) -> None:
        self.assertSplit(
            TWO_TEXTS,
            {
                "flag 1": ["flag", "1"],
                "flag hello  wide world": ["flag", "hello  wide world"],
                '"my flag" "hello world"': ["my flag", "hello world"],
            },
        )
        self.assertSplit((Text("group"), Names("valves")), {"G A B": ["G", "A B"]})

    def test_a_wrong_number_is_refused(self) -> None:
        self.assertNotSplit(TWO, "", "beam", "beam 5 6", "beam,5,6", "(beam, 5, 6)", '"a" 5 6')
        self.assertNotSplit(TWO_TEXTS, "flag", "a,b,c")

    def test_a_quote_that_does_not_end_is_refused(self) -> None:
        self.assertNotSplit(TWO, '"beam 5', "it's 5", reason="No closing quotation")

    def test_an_optional_argument_may_be_left_out(self) -> None:
        self.assertSplit(
            ONE_OR_TWO,
            {
                "3": ["3"],
                "3,True": ["3", "True"],
                "3 True": ["3", "True"],
                "(3, True)": ["3", "True"],
            },
        )
        self.assertNotSplit(ONE_OR_TWO, "", "3 True 5")
        self.assertSplit((Text("name", default=None),), {"": [], "A": ["A"]})


class NamedValuesTests(SynchronousTestCase):
    arguments = (Text("device", keys=("name", "flag")), Text("value"))

    def test_fields_go_by_the_names_of_the_arguments(self) -> None:
        self.assertEqual(
            named_values({"device": "x", "value": 5}, self.arguments), {"device": "x", "value": 5}
        )

    def test_fields_may_go_by_their_other_names(self) -> None:
        for key in ["name", "flag"]:
            values = named_values({"value": None, key: "x"}, self.arguments)
            self.assertEqual(values, {"device": "x", "value": None}, msg=key)

    def test_no_fields_are_no_values(self) -> None:
        self.assertEqual(named_values({}, self.arguments), {})

    def test_a_field_that_is_no_argument_is_refused(self) -> None:
        error = self.assertRaises(BadValue, named_values, {"colour": 1}, self.arguments)
        self.assertEqual(str(error), "no argument named colour")
