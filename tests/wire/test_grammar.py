"""The grammar of a line: requests, commands, tags and replies as text."""

from __future__ import annotations

import contextlib

from hypothesis import assume, given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.errors import CommandError, InvalidCommandError, MalformedRequestError
from pychron_comms.wire.grammar import (
    NO_TAGS,
    Command,
    Reply,
    Request,
    decode,
    identifier,
    join_tags,
    one_line,
    parse_command,
    parse_reply,
    parse_request,
    payload_length,
    plain_reply,
    split_tags,
    split_type,
    tagged_replies,
    tagged_reply,
    write_request,
)
from tests.properties import holds

tag_names = st.text(st.characters(exclude_characters="=; ", exclude_categories=["Cs"]), min_size=1)


class DecodeTests(SynchronousTestCase):
    def test_gives_a_line_as_text(self) -> None:
        self.assertEqual(decode(b"Open A"), "Open A")

    def test_takes_the_blanks_around_a_line_off(self) -> None:
        self.assertEqual(decode(b" \tOpen A  "), "Open A")

    def test_keeps_a_tab_inside_a_line(self) -> None:
        self.assertEqual(decode(b"Open\tA"), "Open\tA")

    def test_takes_letters_of_any_language(self) -> None:
        self.assertEqual(decode("SetSampleHolder Pl\u00e4ttchen \u2603".encode())[-1], "\u2603")

    def test_takes_other_characters_that_do_not_print(self) -> None:
        self.assertEqual(decode("Open\u00a0A".encode()), "Open\u00a0A")

    def test_refuses_what_is_no_utf_8_and_says_where(self) -> None:
        cases = {b"Open \xe9": 5, b"\x80": 0, b"Op\xc3": 2, b"\xed\xa0\x80": 0}
        for line, position in cases.items():
            error = self.assertRaises(MalformedRequestError, decode, line)
            self.assertEqual(error.details, (f"not UTF-8 at byte {position}",), msg=repr(line))

    def test_refuses_control_characters_and_names_the_first(self) -> None:
        cases = {
            b"Open\x00A": "0x00",
            b"\x00Open A": "0x00",
            b"Open A\x00": "0x00",
            b"Open\x07A\x08": "0x07",
            b"Open\rA": "0x0d",
            b"Open\nA": "0x0a",
            b"Open\x1b[2J": "0x1b",
            b"Open \x7f": "0x7f",
            b"Open\xc2\x85A": "0x85",
            b"Open\xc2\x9bA": "0x9b",
        }
        for line, number in cases.items():
            error = self.assertRaises(MalformedRequestError, decode, line)
            self.assertEqual(error.details, (f"control character {number}",), msg=repr(line))

    @holds
    @given(st.binary())
    def test_gives_clean_text_or_refuses(self, line: bytes) -> None:
        try:
            text = decode(line)
        except MalformedRequestError:
            return
        self.assertNotRegex(text, r"[\x00-\x08\x0a-\x1f\x7f-\x9f]")
        self.assertEqual(text, text.strip())


class TagTests(SynchronousTestCase):
    def test_a_line_without_tags_is_left_alone(self) -> None:
        self.assertEqual(split_tags("Open A"), (NO_TAGS, "Open A"))

    def test_an_at_sign_further_on_begins_no_tags(self) -> None:
        self.assertEqual(split_tags("Set mail a@b=c"), (NO_TAGS, "Set mail a@b=c"))

    def test_tags_stand_before_the_first_blank(self) -> None:
        self.assertEqual(
            split_tags("@id=7;within=2.5 Open A"), ({"id": "7", "within": "2.5"}, "Open A")
        )

    def test_blanks_behind_the_tags_do_not_count(self) -> None:
        self.assertEqual(split_tags("@id=7   Open A"), ({"id": "7"}, "Open A"))

    def test_tags_alone_have_nothing_behind_them(self) -> None:
        self.assertEqual(split_tags("@id=7"), ({"id": "7"}, ""))

    def test_a_value_may_be_empty(self) -> None:
        self.assertEqual(split_tags("@key= Open A"), ({"key": ""}, "Open A"))

    def test_a_value_may_hold_an_equals_sign(self) -> None:
        self.assertEqual(split_tags("@key=a=b Open A"), ({"key": "a=b"}, "Open A"))

    def test_percent_encoding_carries_blanks_and_semicolons(self) -> None:
        self.assertEqual(split_tags("@key=a%20b%3Bc%25 x"), ({"key": "a b;c%"}, "x"))

    def test_the_last_of_two_tags_of_one_name_counts(self) -> None:
        self.assertEqual(split_tags("@id=1;id=2 x"), ({"id": "2"}, "x"))

    def test_an_unknown_tag_is_kept_for_who_knows_it(self) -> None:
        self.assertEqual(split_tags("@colour=red x"), ({"colour": "red"}, "x"))

    def test_a_tag_without_name_or_value_is_malformed(self) -> None:
        cases = {
            "@ Open A": "",
            "@": "",
            "@id Open A": "id",
            "@=7 Open A": "=7",
            "@id=7; Open A": "",
            "@id=7;;key=1 Open A": "",
        }
        for text, pair in cases.items():
            error = self.assertRaises(MalformedRequestError, split_tags, text)
            self.assertEqual(error.details, (f"tag without name or value: {pair}",), msg=text)

    def test_joined_tags_end_with_the_blank_before_the_command(self) -> None:
        self.assertEqual(join_tags({"id": "7", "from": "10.0.0.1"}), "@id=7;from=10.0.0.1 ")

    def test_joined_tags_encode_what_would_end_them(self) -> None:
        self.assertEqual(join_tags({"key": "a b;c%\r\n"}), "@key=a%20b%3Bc%25%0D%0A ")

    def test_what_needs_no_quoting_is_left_to_be_read(self) -> None:
        for value, text in (
            ("10.0.0.1:80,a+b/c-d_e~f", "10.0.0.1:80,a+b/c-d_e~f"),
            ("10.0.0.1:80, a+b/c", "10.0.0.1:80,%20a+b/c"),
        ):
            self.assertEqual(join_tags({"from": value}), f"@from={text} ")

    def test_no_tags_join_to_nothing(self) -> None:
        self.assertEqual(join_tags(NO_TAGS), "")

    @holds
    @given(st.dictionaries(tag_names, st.text()), st.text())
    def test_joined_tags_split_into_the_same(self, tags: dict[str, str], rest: str) -> None:
        assume(not rest.startswith("@"))
        expected = rest.lstrip() if tags else rest
        self.assertEqual(split_tags(join_tags(tags) + rest), (tags, expected))


class WriteRequestTests(SynchronousTestCase):
    def test_type_and_tags_are_written_where_there_are_any(self) -> None:
        self.assertEqual(write_request("Open A"), "Open A")
        self.assertEqual(write_request("Open A", "System"), "System|Open A")
        self.assertEqual(
            write_request("Open A", "System", {"id": "7", "from": "10.0.0.1"}),
            "@id=7;from=10.0.0.1 System|Open A",
        )

    def test_a_command_is_one_line(self) -> None:
        for command in ("Open A\rOpen B", "Open A\nOpen B", "\r\n"):
            error = self.assertRaises(MalformedRequestError, write_request, command, "System")
            self.assertEqual(error.details, ("a line end inside a command",))

    @holds
    @given(st.dictionaries(tag_names, st.text()), st.sampled_from(["System", "CO2"]))
    def test_what_is_written_is_parsed_into_the_same(self, tags: dict[str, str], of: str) -> None:
        request = parse_request(write_request("GetValveState A|B", of, tags))
        self.assertEqual(request, (tags, of, "GetValveState A|B"))


class TypeTests(SynchronousTestCase):
    def test_a_word_before_a_bar_is_the_type(self) -> None:
        self.assertEqual(split_type("System|Open V"), ("System", "Open V"))

    def test_blanks_around_type_and_bar_do_not_count(self) -> None:
        self.assertEqual(split_type("  Diode |  GetPosition"), ("Diode", "GetPosition"))

    def test_a_line_without_a_bar_has_no_type(self) -> None:
        self.assertEqual(split_type("Open A"), ("", "Open A"))

    def test_only_the_first_bar_ends_the_type(self) -> None:
        self.assertEqual(split_type("System|Set a|b"), ("System", "Set a|b"))

    def test_a_bar_elsewhere_names_no_type(self) -> None:
        lines = [
            "Set flag a|b",
            "Set a |b",
            '{"command": "Set", "value": "a|b"}',
            '{"a|b": 1}',
            "|Open A",
            "9|Open A",
            "Sys-tem|Open A",
            "Set,a|b",
        ]
        for line in lines:
            self.assertEqual(split_type(line), ("", line), msg=line)

    def test_a_bar_in_json_behind_a_type_stays(self) -> None:
        self.assertEqual(
            split_type('CO2|{"command": "Set", "value": "a|b"}'),
            ("CO2", '{"command": "Set", "value": "a|b"}'),
        )


class ParseRequestTests(SynchronousTestCase):
    def test_a_plain_line_is_a_command(self) -> None:
        self.assertEqual(parse_request("Open A"), Request(NO_TAGS, "", "Open A"))

    def test_tags_type_and_command_come_apart(self) -> None:
        self.assertEqual(
            parse_request("@id=7;from=10.0.0.1 System|Open V"),
            Request({"id": "7", "from": "10.0.0.1"}, "System", "Open V"),
        )

    def test_a_line_without_a_command_is_malformed(self) -> None:
        for text in ["", "@id=7", "@id=7 ", "System|", "@id=7 System|  "]:
            error = self.assertRaises(MalformedRequestError, parse_request, text)
            self.assertEqual(error.details, ("no command",), msg=repr(text))

    @holds
    @given(st.text(st.characters()) | st.text('@=;|%{}" ,:[]ab1\\u\n', max_size=30))
    def test_any_text_parses_or_raises_a_command_error(self, text: str) -> None:
        with contextlib.suppress(CommandError):
            parse_command(parse_request(text).command)

    @holds
    @given(st.binary())
    def test_any_line_parses_or_raises_a_command_error(self, line: bytes) -> None:
        with contextlib.suppress(CommandError):
            parse_command(parse_request(decode(line)).command)


class IdentifierTests(SynchronousTestCase):
    def test_is_found_in_a_line_that_cannot_be_parsed(self) -> None:
        lines = [
            b"@id=a%20b Open\x00A",
            b"@id=a%20b Open \xff",
            b"@id=a%20b;broken Open A",
            b"@key=1;id=a%20b",
            b"  @id=a%20b",
        ]
        for line in lines:
            self.assertEqual(identifier(line), "a b", msg=repr(line))

    def test_is_empty_for_a_line_without_one(self) -> None:
        for line in [b"", b"Open A", b"Open @id=7", b"@key=7 id=8", b"@xid=7 x", b"@id= x"]:
            self.assertEqual(identifier(line), "", msg=repr(line))

    @holds
    @given(st.text(min_size=1), st.dictionaries(tag_names, st.text(), max_size=3))
    def test_is_the_id_among_any_tags(self, wanted: str, tags: dict[str, str]) -> None:
        tags.pop("id", None)
        line = join_tags(tags | {"id": wanted}) + "Open A"
        self.assertEqual(identifier(line.encode()), wanted)


class ParseCommandTests(SynchronousTestCase):
    def test_the_word_ends_at_a_blank_or_a_comma(self) -> None:
        cases = {
            "Open A": Command("Open", "A"),
            "Open   A": Command("Open", "A"),
            "Open\tA": Command("Open", "A"),
            "GoToPoint,p1": Command("GoToPoint", "p1"),
            "GoToPoint, p1": Command("GoToPoint", "p1"),
            "GetValveStates": Command("GetValveStates", ""),
            "SetXY 1.5,2": Command("SetXY", "1.5,2"),
            "SetXY (1.5, 2.0)": Command("SetXY", "(1.5, 2.0)"),
            "Set_2 x": Command("Set_2", "x"),
            "Set flag a|b": Command("Set", "flag a|b"),
        }
        for text, expected in cases.items():
            self.assertEqual(parse_command(text), expected, msg=text)

    def test_a_line_that_no_word_begins_is_an_invalid_command(self) -> None:
        for text in ["", "9Open A", "Open-A", "|Open A", "[1]", '"Open" A', "Op\u2603 A"]:
            error = self.assertRaises(InvalidCommandError, parse_command, text)
            self.assertEqual(error.details, (text,), msg=text)

    def test_json_gives_its_command_and_the_other_fields(self) -> None:
        cases = {
            '{"command": "Moving"}': Command("Moving", {}),
            '{"drive": "funnel", "command": "Moving"}': Command("Moving", {"drive": "funnel"}),
            '{"command":"StartVideoRecording","name":"dir\\/v1"}': Command(
                "StartVideoRecording", {"name": "dir/v1"}
            ),
            '{"command": "MoveAbsolute", "velocity": null, "position": 5}': Command(
                "MoveAbsolute", {"velocity": None, "position": 5}
            ),
            '{"command": "Set", "value": "a|b"}': Command("Set", {"value": "a|b"}),
            '{"command": "Set", "value": "\\ud83d\\ude00"}': Command(
                "Set", {"value": "\U0001f600"}
            ),
            '{"command": "Set", "value": "\\\\ud800"}': Command("Set", {"value": "\\ud800"}),
        }
        for text, expected in cases.items():
            self.assertEqual(parse_command(text), expected, msg=text)

    def test_json_that_does_not_parse_is_malformed(self) -> None:
        cases = {
            "{": "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)",
            '{"command": "Open"': "Expecting ',' delimiter: line 1 column 19 (char 18)",
            '{"command": "Open"} x': "Extra data: line 1 column 21 (char 20)",
            "{'command': 'Open'}": (
                "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"
            ),
        }
        for text, reason in cases.items():
            error = self.assertRaises(MalformedRequestError, parse_command, text)
            self.assertEqual(error.details, (f"JSON: {reason}",), msg=text)

    def test_json_with_a_name_twice_is_malformed(self) -> None:
        for text, name in (
            ('{"command": "Open", "name": "A", "name": "B"}', "name"),
            ('{"command": "Open", "name": "A", "command": "Close"}', "command"),
            ('{"command": "Open", "name": {"a": 1, "b": 2, "a": 1}}', "a"),
        ):
            error = self.assertRaises(MalformedRequestError, parse_command, text)
            self.assertEqual(error.details, (f"JSON: {name!r} is given twice",), msg=text)

    def test_json_numbers_are_numbers(self) -> None:
        for name in ["NaN", "Infinity", "-Infinity"]:
            text = f'{{"command": "SetX", "value": {name}}}'
            error = self.assertRaises(MalformedRequestError, parse_command, text)
            self.assertEqual(error.details, (f"JSON: {name} is no JSON number",), msg=text)

    def test_json_without_a_command_is_malformed(self) -> None:
        texts = ["{}", '{"name": "A"}', '{"command": ""}', '{"command": null}', '{"command": 7}']
        for text in texts:
            error = self.assertRaises(MalformedRequestError, parse_command, text)
            self.assertEqual(error.details, ('JSON: no "command"',), msg=text)

    def test_json_nested_too_deep_is_malformed(self) -> None:
        # From where on that is depends on the Python: 3.13 reads some 10,000.
        for depth in [20_000, 50_000]:
            text = '{"command": "Open", "name": ' + "[" * depth
            error = self.assertRaises(MalformedRequestError, parse_command, text)
            self.assertSubstring("JSON: maximum recursion depth", str(error))

    def test_json_with_a_number_too_long_to_read_is_malformed(self) -> None:
        text = '{"command": "SetX", "value": ' + "9" * 5_000 + "}"
        self.assertRaises(MalformedRequestError, parse_command, text)

    def test_json_with_half_a_character_is_malformed(self) -> None:
        texts = [
            '{"command": "\\ud800"}',
            '{"command": "Set", "value": "\\uDC00"}',
            '{"command": "Set", "values": [{"\\ud800": 1}]}',
        ]
        for text in texts:
            error = self.assertRaises(MalformedRequestError, parse_command, text)
            self.assertSubstring("surrogates not allowed", str(error))


class ReplyTests(SynchronousTestCase):
    def test_one_line_writes_each_line_end_as_backslash_n(self) -> None:
        cases = {"a\nb": r"a\nb", "a\r\nb": r"a\nb", "a\rb": r"a\nb", "a\n\nb\n": r"a\n\nb\n"}
        for text, expected in cases.items():
            self.assertEqual(one_line(text), expected, msg=repr(text))

    def test_one_line_leaves_one_line_alone(self) -> None:
        self.assertEqual(one_line("A0,B1"), "A0,B1")

    def test_a_plain_reply_is_its_text_and_crlf(self) -> None:
        self.assertEqual(plain_reply("OK"), b"OK\r\n")

    def test_a_plain_reply_of_several_lines_is_one_line(self) -> None:
        self.assertEqual(plain_reply("Argon\rXenon"), b"Argon\\nXenon\r\n")

    def test_many_are_what_each_is(self) -> None:
        for names in (["7", "8"], ["a b;c", "8"], ["\u00e9", "8"]):
            for texts in (
                ["OK", "True"],
                [b"OK", "True"],
                ["a\nb", "OK"],
                ["\udce9", "a"],
                ["\udce9", "a\r"],
            ):
                said = [text if isinstance(text, str) else text.decode() for text in texts]
                alone = b"".join(map(tagged_reply, names, said))
                self.assertEqual(tagged_replies(names, texts), alone)

    def test_a_tagged_reply_bears_the_id(self) -> None:
        self.assertEqual(tagged_reply("7", "OK"), b"@id=7 OK\r\n")

    def test_a_tagged_reply_encodes_the_id_as_it_came(self) -> None:
        self.assertEqual(tagged_reply("a b;c", "OK"), b"@id=a%20b%3Bc OK\r\n")

    def test_a_tagged_reply_of_several_lines_has_a_payload(self) -> None:
        self.assertEqual(tagged_reply("7", "a\nb\r\n"), b"@id=7;len=5 \r\na\nb\r\n")
        self.assertEqual(tagged_reply("7", "\u2603\r"), b"@id=7;len=4 \r\n\xe2\x98\x83\r")

    def test_a_reply_with_what_utf_8_cannot_write_still_goes_out(self) -> None:
        self.assertEqual(plain_reply("jog\udce9"), b"jog?\r\n")
        self.assertEqual(tagged_reply("7", "jog\udce9"), b"@id=7 jog?\r\n")
        self.assertEqual(tagged_reply("7", "a\n\udce9"), b"@id=7;len=3 \r\na\n?")

    def test_a_line_says_how_long_its_payload_is(self) -> None:
        cases = {
            b"@id=7;len=5 ": 5,
            b"@len=12;id=7 x": 12,
            b"@len=3": 3,
            b"@id=7;len=0 ": 0,
            b"@id=7 OK": 0,
            b"@id=7 len=5 ": 0,
            b"@id=7;length=5 ": 0,
            b"@id=7;xlen=5 ": 0,
            b"@id=7;len=x ": 0,
            b"len=5 ": 0,
            b"": 0,
        }
        for line, length in cases.items():
            self.assertEqual(payload_length(line), length, msg=repr(line))

    def test_a_plain_reply_has_no_tags(self) -> None:
        self.assertEqual(parse_reply(b"ERROR 003 : x", b""), Reply(NO_TAGS, "ERROR 003 : x"))

    def test_a_tagged_reply_comes_apart(self) -> None:
        self.assertEqual(parse_reply(b"@id=7 OK", b""), Reply({"id": "7"}, "OK"))

    def test_a_payload_is_the_text(self) -> None:
        self.assertEqual(
            parse_reply(b"@id=7;len=3 ", b"a\nb"), Reply({"id": "7", "len": "3"}, "a\nb")
        )

    def test_what_is_no_reply_of_ours_is_a_value_error(self) -> None:
        for line, payload, why in (
            (b"@id OK", b"", "tag without name or value: id"),
            (b"\xff", b"", "codec can't decode byte 0xff in position 0"),
            (b"@id=7 \xff", b"", "codec can't decode byte 0xff in position 0"),
            (b"@id=7;len=1 ", b"\xff", "codec can't decode byte 0xff in position 0"),
        ):
            error = self.assertRaises(ValueError, parse_reply, line, payload)
            self.assertIn(why, str(error))

    @holds
    @given(st.binary(), st.binary())
    def test_any_bytes_are_a_reply_or_a_value_error(self, line: bytes, payload: bytes) -> None:
        with contextlib.suppress(ValueError):
            parse_reply(line, payload)

    @holds
    @given(st.text(min_size=1), st.text() | st.text("a \r\n"))
    def test_what_was_replied_is_what_is_read(self, asked: str, text: str) -> None:
        line, _, payload = tagged_reply(asked, text).partition(b"\r\n")
        reply = parse_reply(line, payload)
        self.assertEqual(reply.tags["id"], asked)
        self.assertEqual(reply.text, text if payload else text.lstrip())
        self.assertEqual(payload_length(line), len(payload))

    @holds
    @given(st.text(st.characters()))
    def test_a_plain_reply_has_one_line_end_and_it_is_the_last(self, text: str) -> None:
        data = plain_reply(text)
        self.assertEqual(data.splitlines(keepends=True), [data])
        self.assertTrue(data.endswith(b"\r\n"))
