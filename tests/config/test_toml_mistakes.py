"""A line that is no TOML is shown, with what it likely lacks."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.config.table import ConfigError, Table


class MistakeTests(SynchronousTestCase):
    def told(self, text: str) -> str:
        return str(self.assertRaises(ConfigError, Table.parse, text, "lab.toml"))

    def assert_told(self, text: str, place: int, shown: str, meaning: str) -> None:
        expected = f"lab.toml:{place}: cannot be read: {shown} ({meaning})"
        self.assertEqual(self.told(text), expected)

    def test_a_text_without_quotes(self) -> None:
        for line, word in (
            ("lab = default", "default"),
            ("hosts = [192.168.1.*]", "192.168.1.*"),
            ("host = 192.168.1.7 # ours", "192.168.1.7"),
            ('listen = ["tcp:1061", udp:1061]', "udp:1061"),
            (r"port = C:\x", r"C:\x"),
        ):
            meaning = f'a text stands between quotes: "{word}"'
            self.assert_told(f"seed = 3\n{line}\n", 2, line, meaning)

    def test_a_missing_quote_is_found_where_it_is_missing(self) -> None:
        for line in (
            'lab = "default',
            'lab = default"',
            "lab = 'default",
            'listen = ["tcp:1061, "udp:1061"]',
            'listen = ["tcp:1061]  # "both"',
        ):
            for text in (f"seed = 3\n{line}\n", f"seed = 3\n{line}\n[server]\nlaunch = []\n"):
                self.assert_told(text, 2, line, "a quote is missing")

    def test_quotes_of_another_kind_and_in_comments_are_none_that_is_missing(self) -> None:
        line = """name = "it's" 'so'  # isn't it"""
        self.assert_told(line, 1, line, "a value may be followed by a comment alone")

    def test_quotes_of_a_word_processor(self) -> None:
        line = "lab = \u201cdefault\u201d"
        self.assert_told(line, 1, line, 'quotes are straight: "')

    def test_what_else_happens(self) -> None:
        for line, meaning in (
            ("sync = True", "it is written small: true"),
            ("port = 0123", "a number begins with no 0"),
            ("port =", "a value is missing after the ="),
            ("port 3", "a key is one word, and = stands between it and its value"),
            ("[server", "a ] is missing"),
            (
                r'file = "C:\lab"',
                "a backslash between double quotes is written twice; or take single quotes",
            ),
            ('a = ["x" "y"]', "a comma or a ] is missing before this"),
            ("a = {b = 1", "what stands between { and } stands in one line"),
        ):
            self.assert_told(f"{line}\n", 1, line, meaning)

    def test_one_name_twice(self) -> None:
        self.assert_told("a = 1\na = 2\n", 2, "a = 2", "this key has a value already")
        meaning = "this table is there already; [[...]] begins one more of its kind"
        self.assert_told("[a]\n[b]\n[a]\nc = 1\n", 3, "[a]", meaning)

    def test_a_list_that_never_ends_is_told_where_it_breaks_off(self) -> None:
        self.assert_told('a = ["x"', 1, 'a = ["x"', "a comma or a ] is missing before this")

    def test_a_long_line_is_shown_in_part(self) -> None:
        self.assertIn("x" * 70 + "... (", self.told(f"a = {'x' * 200}"))

    def test_what_nobody_has_a_word_for_is_in_the_parsers_own(self) -> None:
        self.assert_told("= 3", 1, "= 3", "Invalid statement")
