"""Values of a configuration, right and wrong."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.config.table_case import LAB, Mistakes, table


class ReadingTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.lab = table(LAB)

    def test_text(self) -> None:
        self.assertEqual(self.lab.text("name"), "argon lab")

    def test_flag(self) -> None:
        self.assertIs(self.lab.flag("serving"), True)

    def test_number(self) -> None:
        self.assertEqual(self.lab.number("interval"), 0.25)

    def test_a_whole_number_may_be_read_as_a_number(self) -> None:
        self.assertIsInstance(self.lab.number("settle"), float)

    def test_integer(self) -> None:
        self.assertEqual(self.lab.integer("port", minimum=1, maximum=65535), 1061)

    def test_bounds_are_included(self) -> None:
        self.assertEqual(self.lab.integer("port", minimum=1061, maximum=1061), 1061)
        self.assertEqual(self.lab.number("interval", minimum=0.25, maximum=0.25), 0.25)

    def test_choice(self) -> None:
        self.assertEqual(self.lab.choice("kind", ["udp", "tcp"]), "tcp")

    def test_texts(self) -> None:
        self.assertEqual(self.lab.texts("hosts"), ["10.0.0.1", "10.0.0.2"])

    def test_numbers(self) -> None:
        self.assertEqual(self.lab.numbers("levels"), [1, 2.5])

    def test_tables_within_tables(self) -> None:
        self.assertEqual(self.lab.table("journal").table("keep").integer("days"), 30)

    def test_an_array_of_tables(self) -> None:
        ports = [each.integer("port") for each in self.lab.tables("listener")]
        self.assertEqual(ports, [1061, 1067])

    def test_named_tables(self) -> None:
        valves = self.lab.named_tables("valve")
        addresses = {name: valve.text("address") for name, valve in valves.items()}
        self.assertEqual(addresses, {"A": "1", "B": "2"})

    def test_texts_by_name(self) -> None:
        self.assertEqual(self.lab.texts_by_name("alias"), {"V1": "A", "V2": "B"})

    def test_knows_which_keys_it_holds(self) -> None:
        self.assertIn("name", self.lab)
        self.assertNotIn("colour", self.lab)
        self.assertEqual(list(self.lab.table("limit")), ["low", "high"])


class DefaultTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.empty = table("")

    def test_an_absent_key_gives_its_default(self) -> None:
        self.assertEqual(self.empty.text("name", "lab"), "lab")
        self.assertIs(self.empty.flag("serving", False), False)
        self.assertEqual(self.empty.number("interval", 0.5), 0.5)
        self.assertEqual(self.empty.integer("port", 1061), 1061)
        self.assertEqual(self.empty.choice("kind", ["tcp", "udp"], "tcp"), "tcp")
        self.assertEqual(self.empty.texts("hosts", ["::1"]), ["::1"])
        self.assertEqual(self.empty.numbers("levels", [1.0]), [1.0])

    def test_a_default_may_be_none(self) -> None:
        self.assertIsNone(self.empty.text("name", None))
        self.assertIsNone(self.empty.flag("serving", None))
        self.assertIsNone(self.empty.number("interval", None, minimum=0))
        self.assertIsNone(self.empty.integer("port", None, minimum=1))
        self.assertIsNone(self.empty.choice("kind", ["tcp"], None))

    def test_a_default_need_not_be_within_the_bounds(self) -> None:
        self.assertEqual(self.empty.integer("port", 0, minimum=1), 0)
        self.assertEqual(self.empty.number("interval", -1.0, minimum=0, maximum=1), -1.0)

    def test_a_default_need_not_be_one_of_the_choices(self) -> None:
        self.assertEqual(self.empty.choice("kind", ["tcp", "udp"], ""), "")

    def test_an_absent_table_is_empty(self) -> None:
        self.assertEqual(list(self.empty.table("journal")), [])
        self.assertEqual(self.empty.tables("listener"), [])
        self.assertEqual(self.empty.named_tables("valve"), {})
        self.assertEqual(self.empty.texts_by_name("alias"), {})

    def test_a_list_that_was_read_is_the_readers_own(self) -> None:
        default = ["::1"]
        self.empty.texts("hosts", default).append("10.0.0.1")
        self.assertEqual(default, ["::1"])


class MissingTests(Mistakes):
    def setUp(self) -> None:
        self.empty = table("")

    def test_a_text(self) -> None:
        self.assertMistake(
            "lab.toml: name: expected a text, and it is missing", self.empty.text, "name"
        )

    def test_a_flag(self) -> None:
        self.assertMistake(
            "lab.toml: serving: expected true or false, and it is missing",
            self.empty.flag,
            "serving",
        )

    def test_a_number(self) -> None:
        self.assertMistake(
            "lab.toml: interval: expected a number, and it is missing",
            self.empty.number,
            "interval",
        )

    def test_an_integer(self) -> None:
        self.assertMistake(
            "lab.toml: port: expected a whole number, and it is missing",
            self.empty.integer,
            "port",
        )

    def test_a_choice(self) -> None:
        self.assertMistake(
            "lab.toml: kind: expected one of tcp, udp, and it is missing",
            self.empty.choice,
            "kind",
            ["tcp", "udp"],
        )

    def test_a_list(self) -> None:
        self.assertMistake(
            "lab.toml: hosts: expected a list of texts, and it is missing",
            self.empty.texts,
            "hosts",
        )
        self.assertMistake(
            "lab.toml: levels: expected a list of numbers, and it is missing",
            self.empty.numbers,
            "levels",
        )


class WrongValueTests(Mistakes):
    def test_a_text(self) -> None:
        self.assertMistake("lab.toml: name: expected a text, got 7", table("name = 7").text, "name")

    def test_a_flag(self) -> None:
        self.assertMistake(
            "lab.toml: serving: expected true or false, got 'yes'",
            table('serving = "yes"').flag,
            "serving",
        )
        self.assertMistake(
            "lab.toml: serving: expected true or false, got 1", table("serving = 1").flag, "serving"
        )

    def test_a_number(self) -> None:
        self.assertMistake(
            "lab.toml: interval: expected a number, got '2'",
            table('interval = "2"').number,
            "interval",
        )
        self.assertMistake(
            "lab.toml: interval: expected a number, got True",
            table("interval = true").number,
            "interval",
        )

    def test_a_number_that_is_not_finite(self) -> None:
        for value in ["nan", "inf", "-inf"]:
            self.assertMistake(
                f"lab.toml: interval: expected a number, got {value}",
                table(f"interval = {value}").number,
                "interval",
            )

    def test_a_number_that_no_float_can_hold(self) -> None:
        digits = "9" * 400
        self.assertMistake(
            f"lab.toml: interval: expected a number, got {digits}",
            table(f"interval = {digits}").number,
            "interval",
        )

    def test_an_integer(self) -> None:
        self.assertMistake(
            "lab.toml: port: expected a whole number, got 1.5", table("port = 1.5").integer, "port"
        )
        self.assertMistake(
            "lab.toml: port: expected a whole number, got False",
            table("port = false").integer,
            "port",
        )

    def test_a_choice(self) -> None:
        self.assertMistake(
            "lab.toml: kind: expected one of tcp, udp, got 'ipc'",
            table('kind = "ipc"').choice,
            "kind",
            ["tcp", "udp"],
        )
        self.assertMistake(
            "lab.toml: kind: expected one of tcp, udp, got 7",
            table("kind = 7").choice,
            "kind",
            ["tcp", "udp"],
        )

    def test_a_list_of_texts(self) -> None:
        self.assertMistake(
            "lab.toml: hosts: expected a list of texts, got '::1'",
            table('hosts = "::1"').texts,
            "hosts",
        )
        self.assertMistake(
            "lab.toml: hosts: expected a list of texts, got ['::1', 7]",
            table('hosts = ["::1", 7]').texts,
            "hosts",
        )

    def test_a_list_of_numbers(self) -> None:
        self.assertMistake(
            "lab.toml: levels: expected a list of numbers, got [1, 'x']",
            table('levels = [1, "x"]').numbers,
            "levels",
        )
        self.assertMistake(
            "lab.toml: levels: expected a list of numbers, got [1, True]",
            table("levels = [1, true]").numbers,
            "levels",
        )
        self.assertMistake(
            "lab.toml: levels: expected a list of numbers, got [nan]",
            table("levels = [nan]").numbers,
            "levels",
        )

    def test_a_table(self) -> None:
        self.assertMistake(
            "lab.toml: journal: expected a table, got 'x.sqlite'",
            table('journal = "x.sqlite"').table,
            "journal",
        )

    def test_an_array_of_tables(self) -> None:
        self.assertMistake(
            "lab.toml: listener: expected tables, each begun with [[listener]], got {'port': 1}",
            table("[listener]\nport = 1").tables,
            "listener",
        )
        self.assertMistake(
            "lab.toml: listener: expected tables, each begun with [[listener]], got [1]",
            table("listener = [1]").tables,
            "listener",
        )

    def test_values_by_name(self) -> None:
        self.assertMistake(
            "lab.toml: valve.A: expected a table, got 1", table("valve.A = 1").named_tables, "valve"
        )
        self.assertMistake(
            "lab.toml: alias.V1: expected a text, got 1",
            table("alias.V1 = 1").texts_by_name,
            "alias",
        )

    def test_a_mistake_that_only_the_reader_can_see(self) -> None:
        lab = table('endpoint = "tpc:1061"')
        self.assertEqual(
            str(lab.error("endpoint", "an endpoint such as tcp:1061")),
            "lab.toml:1: endpoint: expected an endpoint such as tcp:1061, got 'tpc:1061'",
        )
        self.assertEqual(
            str(lab.error("name", "a name")), "lab.toml: name: expected a name, and it is missing"
        )
